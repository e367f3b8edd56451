import { createRequire } from 'node:module';
import { describe, expect, it } from 'vitest';
import type { NativeAddon, NativePass } from '#lethe/engine/native';
import { failure } from '../support/errors.js';
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
});
