import { type BenchSet, generated } from './bench-set.js';
import { type Draws, weighted } from './draws.js';
import { around, centres, largestOf, lengthOf, linearClasses, noise } from './shapes.js';

const FLAGS = 24;
const NUMBERS = 90;

/** Standardized numbers beside flags that are seldom set and decide the class where they are. */
const rareFlags = generated(
  {
    ...{ name: 'rare-flags', kind: 'table', hidden: [128, 64] },
    ...{ rows: 30_000, columns: NUMBERS + FLAGS, classes: 3 },
  },
  (draws) => {
    const classOf = linearClasses(draws, 3, 10);
    return (row) => {
      noise(draws, row, 0, NUMBERS);
      let label = classOf(row);
      for (let flag = 0; flag < FLAGS; flag++) {
        if (!draws.chance(0.01)) continue;
        row[NUMBERS + flag] = 1;
        label = flag % 3;
      }
      return label;
    };
  },
);

/** One flag is set in each row and alone decides; the numbers say nothing. */
const decisiveFlags = generated(
  {
    ...{ name: 'decisive-flags', kind: 'table', hidden: [128, 64] },
    ...{ rows: 30_000, columns: NUMBERS + FLAGS, classes: 3 },
  },
  (draws) => (row) => {
    noise(draws, row, 0, NUMBERS);
    const flag = draws.below(FLAGS);
    row[NUMBERS + flag] = 1;
    return flag % 3;
  },
);

const LEVELS = [4, 5, 8, 10, 12, 15, 20, 26];
const ONE_HOT = LEVELS.reduce((sum, levels) => sum + levels);

/** Eight categories, their frequent levels first, as one-hot columns beside fourteen numbers. */
const oneHot = generated(
  {
    ...{ name: 'one-hot', kind: 'table', hidden: [128, 64] },
    ...{ rows: 30_000, columns: ONE_HOT + 14, classes: 3 },
  },
  (draws) => {
    const effects = centres(draws, 3, ONE_HOT, 1.2);
    const numeric = centres(draws, 3, 14, 0.5);
    const levelOf = LEVELS.map((levels) =>
      weighted(
        draws,
        Float64Array.from({ length: levels }, (_, level) => 1 / (1 + level)),
      ),
    );
    return (row) => {
      const scores = [0.4, 0.4, 0.4].map((deviation) => deviation * draws.normal());
      let from = 0;
      for (const [variable, levels] of LEVELS.entries()) {
        const column = from + levelOf[variable]!();
        row[column] = 1;
        for (let label = 0; label < 3; label++) scores[label]! += effects[label]![column]!;
        from += levels;
      }
      noise(draws, row, ONE_HOT, ONE_HOT + 14);
      for (let i = 0; i < 14; i++) {
        for (let label = 0; label < 3; label++) {
          scores[label]! += numeric[label]![i]! * row[ONE_HOT + i]!;
        }
      }
      return largestOf(scores);
    };
  },
);

/** Whatever looks only at the first columns, or at those of large variance, sees nothing. */
const classInLast = (name: string, columns: number, informative: number, deviation: number) =>
  generated(
    {
      ...{ name, kind: 'table', hidden: [128, 64] },
      ...{ rows: 20_000, columns, classes: 10 },
    },
    (draws) => {
      const centre = centres(draws, 10, informative, 1);
      return (row) => {
        const label = draws.below(10);
        noise(draws, row, 0, columns - informative, deviation);
        around(draws, row, centre[label]!, columns - informative);
        return label;
      };
    },
  );

/** A class of one row in a hundred, and one of three in a thousand. */
const rareClasses = generated(
  {
    ...{ name: 'rare-classes', kind: 'table', hidden: [64, 32] },
    ...{ rows: 30_000, columns: 30, classes: 5 },
  },
  (draws) => {
    const centre = centres(draws, 5, 30, 0.75);
    const labelOf = weighted(draws, [0.5, 0.337, 0.15, 0.01, 0.003]);
    return (row) => {
      const label = labelOf();
      around(draws, row, centre[label]!);
      return label;
    };
  },
);

/** As fraud is: two rows of a hundred, which differ little from the others. */
const fewPositives = generated(
  {
    ...{ name: 'few-positives', kind: 'table', hidden: [64] },
    ...{ rows: 40_000, columns: 28, classes: 2 },
  },
  (draws) => {
    const shift = draws.normals(28, 0.7);
    return (row) => {
      const isPositive = draws.chance(0.02);
      noise(draws, row, 0, 28);
      for (let i = 0; isPositive && i < 28; i++) row[i] = 1.3 * row[i]! + shift[i]!;
      return Number(isPositive);
    };
  },
);

/** Two bits of the class, each whether two numbers have the same sign. */
const exclusiveOr = generated(
  {
    ...{ name: 'exclusive-or', kind: 'table', hidden: [128, 64] },
    ...{ rows: 20_000, columns: 20, classes: 4 },
  },
  (draws) => (row) => {
    noise(draws, row, 0, 20);
    return 2 * Number(row[3]! * row[11]! > 0) + Number(row[7]! * row[16]! > 0);
  },
);

const noiseColumns = generated(
  {
    ...{ name: 'noise-columns', kind: 'table', hidden: [128] },
    ...{ rows: 20_000, columns: 300, classes: 3 },
  },
  (draws) => {
    const classOf = linearClasses(draws, 3, 10);
    const places = draws.distinct(10, 300);
    const seen = new Float64Array(10);
    return (row) => {
      noise(draws, row, 0, 300);
      for (const [i, column] of places.entries()) seen[i] = row[column]!;
      return classOf(seen, 0.2);
    };
  },
);

const redundantColumns = generated(
  {
    ...{ name: 'redundant-columns', kind: 'table', hidden: [64, 32] },
    ...{ rows: 15_000, columns: 50, classes: 5 },
  },
  (draws) => {
    const centre = centres(draws, 5, 20, 0.8);
    const constants = [0, 1, -1, 3, 0, 5, -7, 0.1, 0, 20];
    return (row) => {
      const label = draws.below(5);
      around(draws, row, centre[label]!);
      row.copyWithin(20, 0, 10);
      row.set(constants, 30);
      // Almost constant: set in one row of a thousand.
      for (let column = 40; column < 50; column++) row[column] = Number(draws.chance(0.001));
      return label;
    };
  },
);

/** Everything is five times as large in the second half of the training rows, and in every other test row. */
const drift = generated(
  {
    ...{ name: 'drift', kind: 'table', hidden: [64, 32] },
    ...{ rows: 20_000, columns: 40, classes: 5 },
  },
  (draws) => {
    const centre = centres(draws, 5, 40, 0.5);
    return (row, index) => {
      const label = draws.below(5);
      around(draws, row, centre[label]!);
      const isLate = index < 15_000 ? index >= 7_500 : index % 2 === 1;
      for (let column = 0; isLate && column < 40; column++) row[column]! *= 5;
      return label;
    };
  },
);

/** A hundred columns that share five strong factors; the class is in what is left of them. */
const commonFactors = generated(
  {
    ...{ name: 'common-factors', kind: 'table', hidden: [128, 64] },
    ...{ rows: 20_000, columns: 100, classes: 8 },
  },
  (draws) => {
    const loadings = centres(draws, 5, 100, 1);
    const centre = centres(draws, 8, 100, 0.4);
    return (row) => {
      const label = draws.below(8);
      around(draws, row, centre[label]!);
      for (const loading of loadings) {
        const factor = 3 * draws.normal();
        for (let column = 0; column < 100; column++) row[column]! += factor * loading[column]!;
      }
      return label;
    };
  },
);

const DEPTH = 6;

/** Thresholds of single columns, as in most tables: ten numbers, six whole numbers, six flags. */
const decisionTree = generated(
  {
    ...{ name: 'decision-tree', kind: 'table', hidden: [128, 64] },
    ...{ rows: 24_000, columns: 22, classes: 4 },
  },
  (draws) => {
    const nodes = Array.from({ length: 2 ** DEPTH }, () => treeNode(draws));
    const leaves = Array.from({ length: 2 ** DEPTH }, () => draws.below(4));
    return (row) => {
      noise(draws, row, 0, 10);
      for (let column = 10; column < 16; column++) row[column] = draws.below(10);
      for (let column = 16; column < 22; column++) row[column] = Number(draws.chance(0.4));
      let node = 1;
      for (let level = 0; level < DEPTH; level++) {
        const { column, threshold } = nodes[node]!;
        node = 2 * node + Number(row[column]! > threshold);
      }
      return draws.chance(0.03) ? draws.below(4) : leaves[node - 2 ** DEPTH]!;
    };
  },
);

function treeNode(draws: Draws) {
  const column = draws.below(22);
  if (column < 10) return { column, threshold: 0.6 * draws.normal() };
  return { column, threshold: column < 16 ? draws.between(2, 7) : 0.5 };
}

/** A number in eight classes of equal size, as grades and price ranges are; it depends on pairs of columns. */
const ordinalBins = generated(
  {
    ...{ name: 'ordinal-bins', kind: 'table', hidden: [128] },
    ...{ rows: 20_000, columns: 30, classes: 8 },
  },
  (draws) => {
    const weights = draws.normals(30, 0.5);
    const steps = [-1.15, -0.67, -0.32, 0, 0.32, 0.67, 1.15];
    return (row) => {
      noise(draws, row, 0, 30);
      let sum = 0.3 * draws.normal();
      for (let i = 0; i < 15; i++) sum += weights[i]! * row[i]! * (1 + 0.5 * row[i + 15]!);
      const grade = sum / 2;
      return steps.filter((step) => grade > step).length;
    };
  },
);

/** Absolute values of five sums, learnt by four hidden layers. */
const deepNetwork = generated(
  {
    ...{ name: 'deep-network', kind: 'table', hidden: [64, 64, 64, 64] },
    ...{ rows: 24_000, columns: 12, classes: 4 },
  },
  (draws) => {
    const inner = centres(draws, 5, 12, 0.5);
    const classOf = linearClasses(draws, 4, 5);
    const folded = new Float64Array(5);
    return (row) => {
      noise(draws, row, 0, 12);
      for (const [i, weights] of inner.entries()) {
        let sum = 0;
        for (let column = 0; column < 12; column++) sum += weights[column]! * row[column]!;
        folded[i] = Math.abs(sum) - 1.3;
      }
      return classOf(folded);
    };
  },
);

/** Rings around the origin: what a straight line cannot part, in very few columns. */
const fewColumns = generated(
  {
    ...{ name: 'rings', kind: 'table', hidden: [24] },
    ...{ rows: 24_000, columns: 5, classes: 4 },
  },
  (draws) => (row) => {
    noise(draws, row, 0, 5);
    const radius = lengthOf(row);
    return radius < 1.6 ? 0 : radius < 2.1 ? 1 : radius < 2.65 ? 2 : 3;
  },
);

export const TABLES: readonly BenchSet[] = [
  ...[rareFlags, decisiveFlags, oneHot],
  classInLast('last-16-of-48', 48, 16, 1),
  classInLast('last-12-of-60', 60, 12, 2),
  ...[rareClasses, fewPositives, exclusiveOr, noiseColumns, redundantColumns, drift],
  ...[commonFactors, decisionTree, ordinalBins, deepNetwork, fewColumns],
];
