import { type BenchSet, generated } from './bench-set.js';
import type { Draws } from './draws.js';
import { around, centres, linearClasses, noise } from './shapes.js';

/** A row in a hundred is so many times as large as it should be. */
const outliers = (name: string, size: number) =>
  generated(
    { ...{ name, kind: 'few', hidden: [64, 32] }, ...{ rows: 6667, columns: 30, classes: 5 } },
    (draws) => {
      const centre = centres(draws, 5, 30, 0.6);
      return (row) => {
        const label = draws.below(5);
        around(draws, row, centre[label]!);
        const factor = draws.chance(0.01) ? size : 1;
        for (let i = 0; i < 30; i++) row[i]! *= factor;
        return label;
      };
    },
  );

/** Numbers, whole numbers and flags, some of which decide together. */
const smallTable = (name: string, rows: number) =>
  generated(
    { ...{ name, kind: 'few', hidden: [64, 32] }, ...{ rows, columns: 40, classes: 4 } },
    (draws) => {
      const classOf = linearClasses(draws, 4, 40);
      return (row) => {
        noise(draws, row, 0, 25);
        for (let i = 25; i < 32; i++) row[i] = draws.below(5) - 2;
        for (let i = 32; i < 40; i++) row[i] = Number(draws.chance(0.2));
        return classOf(row, 0.15);
      };
    },
  );

/** Far more columns than a row can be told by, and every third label is wrong. */
const noisyLabels = generated(
  {
    ...{ name: 'wrong-labels', kind: 'few', hidden: [256, 128] },
    ...{ rows: 4000, columns: 200, classes: 10 },
  },
  (draws) => {
    const centre = centres(draws, 10, 200, 0.25);
    return (row) => {
      const label = draws.below(10);
      around(draws, row, centre[label]!);
      return draws.chance(1 / 3) ? draws.below(10) : label;
    };
  },
);

/** A network learns these rows by heart, and little that holds for others. */
const memorized = generated(
  {
    ...{ name: 'memorized', kind: 'few', hidden: [256, 64] },
    ...{ rows: 12_000, columns: 784, classes: 10 },
    ...{ bytes: true, affine: { scale: 1 / 64, offset: -2 } },
  },
  (draws) => {
    const centre = centres(draws, 10, 784, 5);
    return (row) => {
      const label = draws.below(10);
      for (let i = 0; i < 784; i++) {
        row[i] = Math.max(0, Math.min(255, 128 + centre[label]![i]! + 60 * draws.normal()));
      }
      return label;
    };
  },
);

/** As gene expressions: more columns than rows a class has, with factors that columns share. */
const wide = generated(
  {
    ...{ name: 'wide', kind: 'few', hidden: [64] },
    ...{ rows: 2667, columns: 500, classes: 5 },
  },
  (draws) => {
    const loadings = centres(draws, 20, 500, 0.3);
    const centre = centres(draws, 5, 500, 0.25);
    return (row) => {
      const label = draws.below(5);
      around(draws, row, centre[label]!);
      addFactors(draws, row, loadings);
      return label;
    };
  },
);

function addFactors(
  draws: Draws,
  row: Float32Array | Uint8Array,
  loadings: readonly Float64Array[],
) {
  for (const loading of loadings) {
    const factor = draws.normal();
    for (let i = 0; i < loading.length; i++) row[i]! += factor * loading[i]!;
  }
}

const fortyOfAClass = generated(
  {
    ...{ name: 'forty-a-class', kind: 'few', hidden: [128] },
    ...{ rows: 8000, columns: 128, classes: 150 },
  },
  (draws) => {
    const centre = centres(draws, 150, 128, 0.6);
    return (row) => {
      const label = draws.below(150);
      around(draws, row, centre[label]!);
      return label;
    };
  },
);

export const FEW_ROWS: readonly BenchSet[] = [
  outliers('outliers-1000', 1000),
  outliers('outliers-20', 20),
  smallTable('rows-5000', 6667),
  smallTable('rows-1200', 1600),
  ...[noisyLabels, memorized, wide, fortyOfAClass],
];
