import { forwardWork } from './cost.js';
import type { Dataset } from './dataset.js';
import type { Network } from './network.js';
import { concatenate } from './parameters.js';
import { pass } from './pass.js';
import type { RowSet } from './row-set.js';
import { checkRunOptions, type RunOptions } from './run.js';
import { shareReporter, sideBySide } from './side-by-side.js';

/** Rows per step without training: large enough to keep the kernels busy. */
const BATCH = 512;

/**
 * Every part packs its own copy of the weights; beyond this total, one pass with all threads is
 * better.
 */
const MOST_WEIGHTS = 2 ** 24;

/**
 * The results of a forward pass over the rows, in their order. The rows are independent, so every
 * thread runs a separate pass over its part of them and no thread waits for another after each
 * layer. On a CUDA device, one pass handles all rows.
 */
export async function forward(
  network: Network,
  dataset: Dataset,
  rows: RowSet,
  kind: 'logits' | 'rowLosses',
  options: RunOptions,
): Promise<Float32Array> {
  const { threads, device, signal: wanted, onProgress } = checkRunOptions(options);
  const passOver = async (part: RowSet, run: RunOptions) => {
    const plan = { rows: part, batchSize: BATCH };
    return (await pass(network, dataset, plan, { target: 'label' }, { kind }, run)).values!;
  };
  const steps = Math.ceil(rows.length / BATCH);
  const copies = Math.floor(MOST_WEIGHTS / forwardWork(network.widths));
  const count = device === 'cuda' ? 1 : Math.min(threads, steps, copies);
  if (count < 2) return passOver(rows, options);
  const parts = partsOf(rows, count);
  const report =
    onProgress &&
    shareReporter(parts.length, ({ share }) =>
      onProgress({ step: Math.round(share * steps), steps, epoch: 0 }),
    );
  const values = await sideBySide(
    parts,
    parts.length,
    async (part, index, signal) => {
      const own = await passOver(part, {
        ...{ threads: 1, signal },
        ...(report && { onProgress: (progress) => report(index, progress.step / progress.steps) }),
      });
      report?.(index, 1);
      return own;
    },
    wanted,
  );
  return concatenate(...values);
}

/** Splits the rows into parts of nearly equal size. */
function partsOf(rows: RowSet, count: number): RowSet[] {
  return Array.from({ length: count }, (_, part) =>
    rows.slice((part * rows.length) / count, ((part + 1) * rows.length) / count),
  );
}
