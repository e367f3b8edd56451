import fc from 'fast-check';
import { expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import type { TrainOptions } from '#lethe/engine/training-pass';

/** Random shapes and hyper-parameters, often unusual, with any share of zeros. */
const runs = fc
  .record({
    widths: fc.array(fc.oneof(fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 300 })), {
      minLength: 2,
      maxLength: 4,
    }),
    rows: fc.integer({ min: 1, max: 150 }),
    batchSize: fc.integer({ min: 1, max: 160 }),
    zeros: fc.double({ min: 0, max: 1, noNaN: true }),
    bytes: fc.boolean(),
    sampled: fc.double({ min: 0, max: 0.9, noNaN: true }),
    hardest: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
    seed: fc.nat(),
  })
  .map(({ widths, rows, batchSize, zeros, bytes, sampled, hardest, seed }) => {
    const [columns, classes] = [widths[0]!, widths.at(-1)!];
    let state = seed;
    const random = () => {
      state = Math.imul(state, 1664525) + 1013904223;
      return (state >>> 0) / 2 ** 32;
    };
    const value = () =>
      random() < zeros ? 0 : bytes ? Math.floor(256 * random()) : random() - 0.5;
    const features = new (bytes ? Uint8Array : Float32Array)(rows * columns).map(value);
    const dataset = new Dataset({
      ...{ name: 'random rows', rows, columns, classes, features },
      labels: Uint32Array.from({ length: rows }, () => Math.floor(classes * random())),
      affine: bytes ? { scale: 1 / 128, offset: -1 } : { scale: 1, offset: 0 },
    });
    const pool = Math.floor(sampled * rows);
    const all = dataset.allRows();
    const training: TrainOptions = {
      ...{ rows: all.slice(pool), batchSize, epochs: 2, seed, nesterov: true },
      ...(pool > 0 && { sampledRows: all.slice(0, pool), samplesPerEpoch: pool }),
      ...(hardest !== null && { hardest: 1 + Math.floor(hardest * (batchSize - 1)) }),
      learningRate: [
        [0, 0.01],
        [0.5, 0.05],
        [1, 0],
      ],
    };
    return { widths, features, dataset, training };
  });

it('any run gives the same bits on any number of threads, and predict the bits of logits', async () => {
  await fc.assert(
    fc.asyncProperty(runs, async ({ widths, features, dataset, training }) => {
      const trained = async (threads: number) => {
        const model = Model.create(widths, { seed: 1 });
        const { epochLoss } = await model.train(dataset, { ...training, threads });
        const fisher = await model.fisher(dataset, dataset.allRows(), { mode: 'perRow', threads });
        const logits = await model.logits(dataset, dataset.allRows(), { threads });
        expect(model.predict(features, dataset.affine)).toEqual(logits);
        return { hash: model.hash(), epochLoss, fisher, logits };
      };
      const alone = await trained(1);
      for (const threads of [2, 5]) expect(await trained(threads)).toEqual(alone);
    }),
    { numRuns: 40, seed: 42 },
  );
});
