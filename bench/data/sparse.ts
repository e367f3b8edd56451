import { type BenchSet, generated } from './bench-set.js';
import { weighted } from './draws.js';

const BITS = 1024;

/** Molecules: three bits of a hundred are set, and which ones depends on the class's fragments. */
const fingerprints = generated(
  {
    ...{ name: 'fingerprints', kind: 'sparse', hidden: [256] },
    ...{ rows: 20_000, columns: BITS, classes: 5, bytes: true },
  },
  (draws) => {
    const fragments = Array.from({ length: 120 }, () => draws.distinct(8, BITS));
    const fragmentOf = Array.from({ length: 5 }, () =>
      weighted(
        draws,
        Float64Array.from(fragments, () => Math.exp(0.9 * draws.normal())),
      ),
    );
    return (row) => {
      const label = draws.below(5);
      for (let i = 0; i < 4; i++) {
        for (const bit of fragments[fragmentOf[label]!()]!) {
          if (draws.chance(0.9)) row[bit] = 1;
        }
      }
      return label;
    };
  },
);

/** Who clicks what: few of 1,500 things each, the popular ones by most. A tenth belongs to class 1. */
const clicks = generated(
  {
    ...{ name: 'clicks', kind: 'sparse', hidden: [64] },
    ...{ rows: 24_000, columns: 1500, classes: 2, bytes: true },
  },
  (draws) => {
    const popularity = Float64Array.from({ length: 1500 }, (_, rank) => 1 / (rank + 10));
    const taste = popularity.map((share) => share * Math.exp(0.9 * draws.normal()));
    const thing = [weighted(draws, popularity), weighted(draws, taste)];
    return (row) => {
      const label = Number(draws.chance(0.1));
      const count = 5 + draws.below(50);
      for (let i = 0; i < count; i++) row[thing[label]!()] = 1;
      return label;
    };
  },
);

/** Bytes of which one in twenty is not zero, by far; the class shows in which ones and how large. */
const sparseBytes = generated(
  {
    ...{ name: 'sparse-bytes', kind: 'sparse', hidden: [128] },
    ...{ rows: 20_000, columns: 600, classes: 8 },
    ...{ bytes: true, affine: { scale: 1 / 255, offset: 0 } },
  },
  (draws) => {
    const places = Array.from({ length: 8 }, () => draws.distinct(60, 600));
    const means = Array.from({ length: 8 }, () =>
      Float64Array.from({ length: 600 }, () => draws.between(20, 160)),
    );
    return (row) => {
      const label = draws.below(8);
      for (let i = 0; i < 30; i++) {
        const isOwn = draws.chance(0.35);
        const column = isOwn ? places[label]![draws.below(60)]! : draws.below(600);
        const value = means[label]![column]! + 50 * draws.normal();
        row[column] = Math.max(0, Math.min(255, Math.round(value)));
      }
      return label;
    };
  },
);

export const SPARSE: readonly BenchSet[] = [fingerprints, clicks, sparseBytes];
