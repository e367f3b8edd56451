import { type BenchSet, generated } from './bench-set.js';
import { around, centres, linearClasses, noise } from './shapes.js';

/** Three groups of flowers, as it were. */
const blobs = (name: string, rows: number, columns: number) =>
  generated(
    { ...{ name, kind: 'small', hidden: [32] }, ...{ rows, columns, classes: 3 } },
    (draws) => {
      const centre = centres(draws, 3, columns, 1.4);
      return (row) => {
        const label = draws.below(3);
        around(draws, row, centre[label]!);
        return label;
      };
    },
  );

/** A disc in a ring. */
const ring = generated(
  {
    ...{ name: 'ring', kind: 'small', hidden: [32] },
    ...{ rows: 400, columns: 2, classes: 2 },
  },
  (draws) => (row) => {
    noise(draws, row, 0, 2);
    return Number(row[0]! ** 2 + row[1]! ** 2 > 1.4);
  },
);

const fewHundred = generated(
  {
    ...{ name: 'rows-600', kind: 'small', hidden: [64, 32] },
    ...{ rows: 800, columns: 20, classes: 4 },
  },
  (draws) => {
    const classOf = linearClasses(draws, 4, 20);
    return (row) => {
      noise(draws, row, 0, 14);
      for (let i = 14; i < 20; i++) row[i] = Number(draws.chance(0.3));
      return classOf(row, 0.1);
    };
  },
);

/** 100 to 1,000 rows that need no package. */
export const SMALL_GENERATED: readonly BenchSet[] = [
  blobs('groups-134', 134, 6),
  blobs('groups-200', 200, 4),
  ...[ring, fewHundred],
];
