import { describe, expect, it } from 'vitest';
import { forward } from '#lethe/engine/forward';
import { Model } from '#lethe/engine/model';
import { pass } from '#lethe/engine/pass';
import { expectCode, wrong } from '../support/errors.js';
import { TOY_WIDTHS, toyDataset } from '../support/toy.js';

const dataset = toyDataset({ rows: 2600 });
const model = Model.create(TOY_WIDTHS, { seed: 4 });
/** Some of the rows, not in ascending order. */
const rows = dataset.rowSet(dataset.allRows().positions.reverse().slice(0, 2500));

describe.each(['logits', 'rowLosses'] as const)('a forward pass for %s', (kind) => {
  it('gives the bits of one pass for any number of threads', async () => {
    const { values } = await pass(model, dataset, { rows }, { target: 'label' }, { kind });
    for (const threads of [1, 2, 3, 5, 64]) {
      expect(await forward(model, dataset, rows, kind, { threads })).toEqual(values);
    }
  });

  it('reports the progress of all parts', async () => {
    const seen: number[] = [];
    await forward(model, dataset, rows, kind, {
      threads: 2,
      onProgress: ({ step, steps }) => {
        expect(steps).toBe(5);
        seen.push(step);
      },
    });
    expect(seen[0]).toBe(0);
    expect(seen.at(-1)).toBe(5);
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
  });

  it('can be aborted, and throws what its callback throws', async () => {
    const aborted = { threads: 2, signal: AbortSignal.abort() };
    await expectCode(() => forward(model, dataset, rows, kind, aborted), 'ERR_ABORTED');
    const boom = new Error('boom');
    const failing = forward(model, dataset, rows, kind, {
      threads: 2,
      onProgress: () => {
        throw boom;
      },
    });
    await expect(failing).rejects.toBe(boom);
  });
});

it('is a single pass if copies of the weights would need too much memory', async () => {
  const wide = Model.create([12, 700_000, 3], { seed: 1 });
  const some = dataset.allRows().slice(0, 600);
  const two = await forward(wide, dataset, some, 'logits', { threads: 2 });
  expect(two).toEqual(await forward(wide, dataset, some, 'logits', { threads: 1 }));
});

it('refuses invalid options', async () => {
  for (const options of [{ signal: 'x' }, { signal: null }, { signal: 0 }, { threads: 0 }]) {
    const call = () => model.logits(dataset, rows, wrong(options));
    await expectCode(call, 'ERR_INVALID_ARGUMENT');
  }
});

it('refuses a row that is given twice, even in two parts', async () => {
  const twice = [...dataset.allRows(), 0];
  await expectCode(() => model.logits(dataset, twice, { threads: 2 }), 'ERR_INVALID_ROWS');
});
