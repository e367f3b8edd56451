import { type BenchSet, generated } from './bench-set.js';
import type { Draws } from './draws.js';
import { around, centres, largestOf, linearClasses, noise } from './shapes.js';

const LN_10 = Math.log(10);
const NUMBERS = 90;
const FLAGS = 24;

/** Columns as they come, each of a scale of its own around a mean of its own, beside rare flags. */
const ofManyScales = (name: string, least: number, most: number) =>
  generated(
    {
      ...{ name, kind: 'table', hidden: [128, 64] },
      ...{ rows: 30_000, columns: NUMBERS + FLAGS, classes: 3 },
    },
    (draws) => {
      const classOf = linearClasses(draws, 3, 10);
      const scales = Array.from({ length: NUMBERS }, () =>
        Math.exp(LN_10 * draws.between(least, most)),
      );
      const means = scales.map((scale) => 2 * scale * draws.normal());
      return (row) => {
        noise(draws, row, 0, NUMBERS);
        let label = classOf(row);
        for (let i = 0; i < NUMBERS; i++) row[i] = means[i]! + scales[i]! * row[i]!;
        for (let flag = 0; flag < FLAGS; flag++) {
          if (!draws.chance(0.02)) continue;
          row[NUMBERS + flag] = 1;
          label = flag % 3;
        }
        return label;
      };
    },
  );

/** Log-normal columns, rounded down: visits, amounts, bytes. The class is in their logarithms. */
const counts = generated(
  {
    ...{ name: 'counts', kind: 'table', hidden: [64, 32] },
    ...{ rows: 20_000, columns: 40, classes: 4 },
  },
  (draws) => {
    const centre = centres(draws, 4, 40, 0.5);
    const means = draws.normals(40, 0.7);
    return (row) => {
      const label = draws.below(4);
      around(draws, row, centre[label]!);
      for (let i = 0; i < 40; i++) row[i] = Math.floor(Math.exp(1 + means[i]! + row[i]!));
      return label;
    };
  },
);

/** Seconds since 1970 beside flags and grades of 1 to 5; the class is in all of them. */
const timestamps = generated(
  {
    ...{ name: 'time-stamps', kind: 'table', hidden: [64, 32] },
    ...{ rows: 20_000, columns: 26, classes: 3 },
  },
  (draws) => {
    const weights = centres(draws, 3, 26, 0.5);
    const seen = new Float64Array(26);
    return (row) => {
      for (let i = 0; i < 2; i++) seen[i] = 2 * draws.uniform() - 1;
      for (let i = 2; i < 10; i++) seen[i] = draws.below(5) - 2;
      for (let i = 10; i < 26; i++) seen[i] = Number(draws.chance(0.3));
      for (let i = 0; i < 26; i++) {
        row[i] = i < 2 ? Math.floor(1.6e9 + 1e7 * seen[i]!) : i < 10 ? seen[i]! + 3 : seen[i]!;
      }
      return largestOf(
        weights.map((own) => own.reduce((sum, weight, i) => sum + weight * seen[i]!, 0)),
      );
    };
  },
);

const MISSING = -999;

/** A tenth of the values is missing and coded, as databases do, by a number far from all others. */
const missingValues = generated(
  {
    ...{ name: 'missing-values', kind: 'table', hidden: [64, 32] },
    ...{ rows: 20_000, columns: 25, classes: 3 },
  },
  (draws) => {
    const centre = centres(draws, 3, 25, 0.6);
    return (row) => {
      const label = draws.below(3);
      around(draws, row, centre[label]!);
      for (let i = 0; i < 25; i++) {
        // That a value is missing says something too, in five of the columns.
        const probability = i < 5 && i % 3 === label ? 0.3 : 0.1;
        if (draws.chance(probability)) row[i] = MISSING;
      }
      return label;
    };
  },
);

/** Categories as whole numbers in no order: each level has an effect of its own. */
const codedCategories = generated(
  {
    ...{ name: 'coded-categories', kind: 'table', hidden: [128, 64] },
    ...{ rows: 24_000, columns: 16, classes: 3 },
  },
  (draws) => {
    const levels = Array.from({ length: 8 }, () => 3 + draws.below(10));
    const effects = levels.map((count) => centres(draws, 3, count, 1));
    return (row) => {
      const scores = [0, 0, 0].map(() => 0.3 * draws.normal());
      for (const [variable, count] of levels.entries()) {
        const level = draws.below(count);
        row[variable] = level;
        for (let label = 0; label < 3; label++)
          scores[label]! += effects[variable]![label]![level]!;
      }
      noise(draws, row, 8, 16);
      return largestOf(scores);
    };
  },
);

const CHANNELS = 3;
const SAMPLES = 64;

/**
 * Windows of three sensors, 64 samples each: the class is the frequency, at any phase, on top of a
 * constant like gravity. A turn by t = tan(angle / 2) needs no sine.
 */
const sensorWindows = generated(
  {
    ...{ name: 'sensor-windows', kind: 'table', hidden: [256, 64] },
    ...{ rows: 16_000, columns: CHANNELS * SAMPLES, classes: 6 },
  },
  (draws) => (row) => {
    const label = draws.below(6);
    for (let channel = 0; channel < CHANNELS; channel++) {
      const t = (0.03 + 0.03 * label) * draws.between(0.9, 1.1);
      const [cosine, sine] = [(1 - t * t) / (1 + t * t), (2 * t) / (1 + t * t)];
      let [x, y] = startOf(draws, draws.between(0.6, 1.4));
      const gravity = draws.between(-1, 1) + (channel === 2 ? 1 : 0);
      for (let sample = 0; sample < SAMPLES; sample++) {
        row[channel * SAMPLES + sample] = gravity + x + 0.3 * draws.normal();
        [x, y] = [cosine * x - sine * y, sine * x + cosine * y];
      }
    }
    return label;
  },
);

/** Nothing but flags, each rare; a set one speaks for a class, some louder than others. */
const flagsOnly = generated(
  {
    ...{ name: 'flags-only', kind: 'table', hidden: [64, 32] },
    ...{ rows: 20_000, columns: 200, classes: 4 },
  },
  (draws) => {
    const rates = Array.from({ length: 200 }, () => draws.between(0.002, 0.08));
    const weights = centres(draws, 4, 200, 1);
    return (row) => {
      const scores = Array.from({ length: 4 }, () => 0.3 * draws.normal());
      for (let flag = 0; flag < 200; flag++) {
        if (!draws.chance(rates[flag]!)) continue;
        row[flag] = 1;
        for (let label = 0; label < 4; label++) scores[label]! += weights[label]![flag]!;
      }
      return largestOf(scores);
    };
  },
);

/** Amounts that are mostly 0 and else log-normal: whether there is one and how large it is tells the class. */
const zeroInflated = generated(
  {
    ...{ name: 'zero-inflated', kind: 'table', hidden: [64, 32] },
    ...{ rows: 20_000, columns: 30, classes: 3 },
  },
  (draws) => {
    const presence = Array.from({ length: 3 }, () =>
      Array.from({ length: 30 }, () => draws.between(0.02, 0.3)),
    );
    const size = centres(draws, 3, 30, 0.6);
    return (row) => {
      const label = draws.below(3);
      for (let i = 0; i < 30; i++) {
        if (!draws.chance(presence[label]![i]!)) continue;
        row[i] = Math.exp(3 + size[label]![i]! + draws.normal());
      }
      return label;
    };
  },
);

/** A running number of up to 10^12 that says nothing, beside columns of usual size. */
const identifiers = generated(
  {
    ...{ name: 'identifiers', kind: 'table', hidden: [64, 32] },
    ...{ rows: 20_000, columns: 21, classes: 3 },
  },
  (draws) => {
    const classOf = linearClasses(draws, 3, 20);
    const identified = new Float32Array(20);
    return (row) => {
      noise(draws, identified, 0, 20);
      row[0] = Math.floor(1e12 * draws.uniform());
      row.set(identified, 1);
      return classOf(identified, 0.1);
    };
  },
);

/** A point at a distance from the origin, in any direction. */
function startOf(draws: Draws, distance: number): [number, number] {
  const [x, y] = [draws.normal(), draws.normal()];
  const factor = distance / Math.sqrt(x * x + y * y);
  return [x * factor, y * factor];
}

export const RAW_TABLES: readonly BenchSet[] = [
  ofManyScales('raw-scales', -3, 6),
  ofManyScales('mixed-scales', -1, 1),
  ...[counts, timestamps, missingValues, codedCategories, sensorWindows],
  ...[flagsOnly, zeroInflated, identifiers],
];
