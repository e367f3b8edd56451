import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import type { NativeAddon, NativePass } from '#lethe/engine/native';
import { failure, wrong } from '../support/errors.js';
import { TOY_WIDTHS, toyData } from '../support/toy.js';

const addon = createRequire(import.meta.url)('../../build/Release/lethe.node') as NativeAddon;

describe('the addon, called without the engine', () => {
  const { features, affine, labels, columns, classes, rows } = toyData();

  /** A training that ends, but long after its callback has been heard. */
  const training = (epochs: number): NativePass => ({
    model: new addon.Model({ widths: Uint32Array.from(TOY_WIDTHS), seed: 1 }),
    dataset: new addon.Dataset({ features, ...affine, labels, columns, classes }),
    plan: { rows: Uint32Array.from(labels.keys()), batchSize: 128, epochs, shuffleSeed: 1 },
    objective: { target: 'label', weight: 1 },
    sink: {
      ...{ kind: 'sgd', momentum: 0, weightDecay: 0, nesterov: false },
      learningRate: { at: Float32Array.of(0), values: Float32Array.of(1e-6) },
    },
    ...{ threads: 1, device: 'cpu', precision: 'exact', concurrentRuns: 1 },
  });

  it('ends a run whose callback throws', async () => {
    let calls = 0;
    const run = addon.pass(training(50_000), () => {
      calls++;
      throw new Error('from the callback');
    });
    expect(await failure(() => run.promise)).toMatchObject({ code: 'ERR_ABORTED' });
    expect(calls).toBeGreaterThan(0);
    // What the test spoils.
    expect(await addon.pass(training(1), () => {}).promise).toMatchObject({ steps: 3, rows });
  });

  it('refuses what a builder of data sets cannot take', async () => {
    const facts = { labels: Uint32Array.of(0), columns: 1, classes: 1, scale: 1, offset: 0 };
    const refused = { code: 'ERR_INVALID_ARGUMENT' };
    expect(await failure(() => new addon.DatasetBuilder(wrong({})))).toMatchObject(refused);
    for (const features of [undefined, [1], new Float64Array(1), new Uint8Array(1), 'text']) {
      const builder = new addon.DatasetBuilder({ bytes: false });
      expect(await failure(() => builder.append(wrong(features)))).toMatchObject(refused);
    }
    const builder = new addon.DatasetBuilder({ bytes: false });
    builder.append(Float32Array.of(5));
    expect(await failure(() => builder.finish(wrong(null)))).toMatchObject(refused);
    const again = new addon.DatasetBuilder({ bytes: false });
    again.append(Float32Array.of(5));
    expect((await again.finish(facts)).stored({ rows: Uint32Array.of(0) })).toEqual(
      Float32Array.of(5),
    );
    expect(await failure(() => again.finish(facts))).toMatchObject(refused);
    expect(await failure(() => again.append(Float32Array.of(5)))).toMatchObject(refused);
    const wrongOrder = new addon.DatasetBuilder({ bytes: true });
    wrongOrder.append(Uint8Array.of(5));
    const order = Uint32Array.of(1);
    expect(await failure(() => wrongOrder.finish({ ...facts, order }))).toMatchObject(refused);
  });

  it('refuses ids and rows that are none', async () => {
    const refused = { code: 'ERR_INVALID_ARGUMENT' };
    const texts = { bytes: new Uint8Array(2), ends: Uint32Array.of(3) };
    for (const ids of [null, {}, { numbers: [1] }, texts]) {
      expect(await failure(() => addon.sortIdsSync(wrong(ids)))).toMatchObject(refused);
      expect(await failure(() => addon.sortIds(wrong(ids)))).toMatchObject(refused);
    }
    const dataset = new addon.Dataset({ features, ...affine, labels, columns, classes });
    const beyond = { dataset, rows: Uint32Array.of(rows) };
    expect(await failure(() => addon.eraseRows(beyond))).toMatchObject({
      code: 'ERR_INVALID_ROWS',
    });
    const foreign = { dataset: wrong({}), rows: Uint32Array.of(0) };
    expect(await failure(() => addon.eraseRows(foreign))).toMatchObject(refused);
  });
});
