import { requireFunction, requireInteger, requireObject } from '../arguments.js';
import { availableThreads } from './available-threads.js';
import type { Dataset } from './dataset.js';
import { joinFloats } from './join-floats.js';
import type { Model } from './model.js';
import { pass } from './pass.js';
import { withoutProgress } from './phases.js';
import type { RunOptions } from './run.js';
import { shareReporter, sideBySide } from './side-by-side.js';

/** Rows a step when nothing is learned: large enough to keep the kernels busy. */
const BATCH = 512;

/**
 * What a pass that only goes forward collects of the rows, in their order. Rows do not need each
 * other: every thread passes over a part of its own, and none waits for another at each layer.
 */
export async function forward(
  model: Model,
  dataset: Dataset,
  rows: Uint32Array,
  kind: 'logits' | 'rowLosses',
  options: RunOptions,
): Promise<Float32Array> {
  const { threads = availableThreads(), onProgress } = requireObject('options', options);
  requireInteger('threads', threads, 1, 1024);
  if (onProgress !== undefined) requireFunction('onProgress', onProgress);
  const steps = Math.ceil(rows.length / BATCH);
  const parts = partsOf(rows, Math.min(threads, steps));
  const report =
    onProgress &&
    shareReporter(parts.length, ({ share }) =>
      onProgress({ step: Math.round(share * steps), steps, epoch: 0 }),
    );
  const values = await sideBySide(
    parts,
    parts.length,
    async (part, index, signal) => {
      const outcome = await pass(
        model,
        dataset,
        { rows: part, batchSize: BATCH },
        { target: 'label' },
        { kind },
        {
          ...withoutProgress(options),
          ...{ threads: 1, signal },
          ...(report && { onProgress: ({ step, steps: own }) => report(index, step / own) }),
        },
      );
      return outcome.values!;
    },
    options.signal,
  );
  return joinFloats(values);
}

/** As even as they can be. */
function partsOf(rows: Uint32Array, count: number): Uint32Array[] {
  return Array.from({ length: count }, (_, part) =>
    rows.subarray((part * rows.length) / count, ((part + 1) * rows.length) / count),
  );
}
