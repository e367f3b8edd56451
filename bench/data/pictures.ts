import { type LabelledData, LetheError } from 'lethe';
import { loadMnist, syntheticDigits } from 'lethe/datasets';
import {
  type BenchSet,
  type Deleted,
  generated,
  inParts,
  type LabelledRows,
  type MadeSet,
  MissingData,
  type Sources,
} from './bench-set.js';
import { Draws } from './draws.js';

const SIDE = 28;
const HIDDEN = [512, 128];
/** Large, as the top user's part is. */
const DELETED: Deleted = { share: 0.4 };

interface Digits {
  readonly rows: LabelledRows;
  readonly testRows: number;
}

function drawDigits(): Digits {
  const { train, test } = syntheticDigits({ trainRows: 15_000, testRows: 4_000, seed: 18 });
  return joined(train, test);
}

/** MNIST itself: half the training rows are enough. */
async function readMnist({ mnist }: Sources): Promise<Digits> {
  try {
    const { train, test } = await loadMnist(mnist === undefined ? {} : { dir: mnist });
    return joined(firstRows(train, 30_000), test);
  } catch (error) {
    if (!(error instanceof LetheError) || error.code !== 'ERR_DATA_NOT_FOUND') throw error;
    const hint = 'name a folder with its four files by --data DIR or MNIST_DIR';
    throw new MissingData(`MNIST is not at hand: ${hint}`, { cause: error });
  }
}

function firstRows(data: LabelledData, rows: number): LabelledData {
  const { features, labels, columns } = data;
  const some = features.subarray(0, rows * columns);
  return { ...data, rows, features: some, labels: labels.subarray(0, rows) };
}

function joined(train: LabelledData, test: LabelledData): Digits {
  const { columns, classes, affine } = train;
  const features = new Uint8Array(train.features.length + test.features.length);
  features.set(train.features);
  features.set(test.features, train.features.length);
  const labels = Uint32Array.from([...train.labels, ...test.labels]);
  return { rows: { columns, classes, features, affine: affine!, labels }, testRows: test.rows };
}

type Change = (digits: Digits, draws: Draws) => LabelledRows;

const unchanged: Change = ({ rows }) => rows;

/** Pictures whose neighbouring pixels are no neighbours any more. */
const permuted: Change = ({ rows }, draws) => {
  const order = draws.distinct(rows.columns, rows.columns);
  return withPixels(rows, (from, to) => {
    for (const [column, source] of order.entries()) to[column] = from[source]!;
  });
};

const MOST_SHIFT = 4;

/** Each digit up to four pixels away from the middle, in both directions. */
const shifted: Change = ({ rows }, draws) =>
  withPixels(rows, (from, to) => {
    const [right, down] = [
      draws.below(2 * MOST_SHIFT + 1) - MOST_SHIFT,
      draws.below(2 * MOST_SHIFT + 1) - MOST_SHIFT,
    ];
    for (let y = Math.max(0, -down); y < Math.min(SIDE, SIDE - down); y++) {
      for (let x = Math.max(0, -right); x < Math.min(SIDE, SIDE - right); x++) {
        to[SIDE * (y + down) + x + right] = from[SIDE * y + x]!;
      }
    }
  });

/** So many of a hundred training rows have another label than their own; the test rows have theirs. */
const wrongLabels =
  (percent: number): Change =>
  ({ rows, testRows }, draws) => {
    const { classes, labels } = rows;
    const trainRows = labels.length - testRows;
    const others = labels.map((label, row) =>
      row < trainRows && draws.chance(percent / 100)
        ? (label + 1 + draws.below(classes - 1)) % classes
        : label,
    );
    return { ...rows, labels: others };
  };

function withPixels(
  rows: LabelledRows,
  change: (from: Uint8Array, to: Uint8Array) => void,
): LabelledRows {
  const { columns } = rows;
  const old = rows.features as Uint8Array;
  const features = new Uint8Array(old.length);
  for (let at = 0; at < old.length; at += columns) {
    change(old.subarray(at, at + columns), features.subarray(at, at + columns));
  }
  return { ...rows, features };
}

function ofDigits(name: string, change: Change, deleted = DELETED): BenchSet {
  const make = async () => madeOf(name, drawDigits(), change, deleted);
  return { name, kind: 'picture', hidden: HIDDEN, make };
}

function ofMnist(name: string, change: Change, isLikeMnist = false): BenchSet {
  const make = async (sources: Sources) => madeOf(name, await readMnist(sources), change, DELETED);
  return { name, kind: 'picture', hidden: HIDDEN, isLikeMnist, make };
}

function madeOf(name: string, digits: Digits, change: Change, deleted: Deleted): MadeSet {
  const rows = change(digits, new Draws(name));
  return inParts(name, rows, { testRows: digits.testRows, deleted });
}

const PIXELS = 16;

/** Coloured stripes of eight directions and widths, at any place: no pixel is empty. */
const textures = generated(
  {
    ...{ name: 'textures', kind: 'picture', hidden: [256, 64] },
    ...{ rows: 12_000, columns: 3 * PIXELS * PIXELS, classes: 8 },
    ...{ bytes: true, affine: { scale: 1 / 64, offset: -2 } },
  },
  (draws) => {
    const stripes = Array.from({ length: 8 }, (_, label) => ({
      right: draws.between(-1, 1),
      down: draws.between(-1, 1),
      period: 4 + label,
      colour: Array.from({ length: 3 }, () => draws.between(90, 160)),
    }));
    return (row) => {
      const label = draws.below(8);
      const { right, down, period, colour } = stripes[label]!;
      const phase = draws.between(0, period);
      const light = draws.between(0.7, 1.2);
      for (let pixel = 0; pixel < PIXELS * PIXELS; pixel++) {
        const along = phase + right * (pixel % PIXELS) + down * Math.floor(pixel / PIXELS);
        const part = along / period - Math.floor(along / period);
        const wave = 50 * (4 * Math.abs(part - 0.5) - 1);
        for (let channel = 0; channel < 3; channel++) {
          const value = light * (colour[channel]! + wave) + 60 * draws.normal();
          row[3 * pixel + channel] = Math.max(0, Math.min(255, Math.round(value)));
        }
      }
      return label;
    };
  },
);

export const PICTURES: readonly BenchSet[] = [
  ofDigits('digits', unchanged),
  ofDigits('digits-shifted', shifted),
  ofDigits('digits-permuted', permuted, { label: 0 }),
  ofDigits('digits-wrong-20', wrongLabels(20)),
  ofDigits('digits-wrong-40', wrongLabels(40)),
  textures,
  ofMnist('mnist', unchanged, true),
  ofMnist('mnist-permuted', permuted, true),
  ofMnist('mnist-shifted', shifted),
  ofMnist('mnist-wrong-20', wrongLabels(20)),
  ofMnist('mnist-wrong-40', wrongLabels(40)),
];
