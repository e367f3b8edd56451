import { type BenchSet, generated } from './bench-set.js';
import { around, centres, lengthOf } from './shapes.js';

const gaussian = generated(
  {
    ...{ name: 'embeddings', kind: 'embedding', hidden: [256] },
    ...{ rows: 20_000, columns: 384, classes: 20 },
  },
  (draws) => {
    const centre = centres(draws, 20, 384, 0.22);
    return (row) => {
      const label = draws.below(20);
      around(draws, row, centre[label]!);
      return label;
    };
  },
);

/** Some values lie far from all others, in every column. */
const heavyTails = generated(
  {
    ...{ name: 'heavy-tails', kind: 'embedding', hidden: [128] },
    ...{ rows: 20_000, columns: 256, classes: 10 },
  },
  (draws) => {
    const centre = centres(draws, 10, 256, 0.3);
    return (row) => {
      const label = draws.below(10);
      const own = centre[label]!;
      for (let i = 0; i < 256; i++) row[i] = own[i]! + draws.studentT(3);
      return label;
    };
  },
);

/** As sentence encoders return them: every row has length 1, so every value is small. */
const unitNorm = generated(
  {
    ...{ name: 'unit-norm', kind: 'embedding', hidden: [128] },
    ...{ rows: 24_000, columns: 256, classes: 12 },
  },
  (draws) => {
    const centre = centres(draws, 12, 256, 0.3);
    return (row) => {
      const label = draws.below(12);
      around(draws, row, centre[label]!);
      const length = lengthOf(row);
      for (let i = 0; i < 256; i++) row[i]! /= length;
      return label;
    };
  },
);

/** Four directions, oblique to the columns, hold almost all of the variance and no class. */
const dominated = generated(
  {
    ...{ name: 'dominated', kind: 'embedding', hidden: [128] },
    ...{ rows: 16_000, columns: 192, classes: 10 },
  },
  (draws) => {
    const centre = centres(draws, 10, 192, 0.3);
    const directions = centres(draws, 4, 192, 1 / Math.sqrt(192));
    return (row) => {
      const label = draws.below(10);
      around(draws, row, centre[label]!);
      for (const direction of directions) {
        const length = 100 * draws.normal();
        for (let i = 0; i < 192; i++) row[i]! += length * direction[i]!;
      }
      return label;
    };
  },
);

const manyClasses = generated(
  {
    ...{ name: 'hundred-classes', kind: 'embedding', hidden: [256] },
    ...{ rows: 60_000, columns: 96, classes: 100 },
  },
  (draws) => {
    const centre = centres(draws, 100, 96, 0.42);
    return (row) => {
      const label = draws.below(100);
      around(draws, row, centre[label]!);
      return label;
    };
  },
);

/** Each class is six clusters far from each other. */
const manyClusters = generated(
  {
    ...{ name: 'clusters', kind: 'embedding', hidden: [256, 64] },
    ...{ rows: 24_000, columns: 64, classes: 8 },
  },
  (draws) => {
    const centre = centres(draws, 48, 64, 0.6);
    return (row) => {
      const cluster = draws.below(48);
      around(draws, row, centre[cluster]!);
      return cluster % 8;
    };
  },
);

/** What a layer with ReLU gives: nothing negative, and more than half of it zero. */
const rectified = generated(
  {
    ...{ name: 'rectified', kind: 'embedding', hidden: [128] },
    ...{ rows: 16_000, columns: 512, classes: 10, deleted: { label: 3 } },
  },
  (draws) => {
    const centre = centres(draws, 10, 512, 0.3);
    const thresholds = Float64Array.from({ length: 512 }, () => draws.between(0, 1));
    return (row) => {
      const label = draws.below(10);
      around(draws, row, centre[label]!);
      for (let i = 0; i < 512; i++) row[i] = Math.max(0, row[i]! - thresholds[i]!);
      return label;
    };
  },
);

/** A head without any hidden layer. */
const linearHead = generated(
  {
    ...{ name: 'linear-head', kind: 'embedding', hidden: [] },
    ...{ rows: 16_000, columns: 200, classes: 10 },
  },
  (draws) => {
    const centre = centres(draws, 10, 200, 0.22);
    return (row) => {
      const label = draws.below(10);
      around(draws, row, centre[label]!);
      return label;
    };
  },
);

export const EMBEDDINGS: readonly BenchSet[] = [
  ...[gaussian, heavyTails, unitNorm, dominated, manyClasses, manyClusters, rectified, linearHead],
];
