import { type AffineMap, Dataset, type RowSet } from 'lethe';
import { Draws } from './draws.js';

export type Kind = 'table' | 'text' | 'embedding' | 'picture' | 'sparse' | 'few' | 'small';

/** A data set that recipes are judged on; the same rows in every run. */
export interface BenchSet {
  /** What `--only` knows it by: lower-case words and hyphens. */
  readonly name: string;
  readonly kind: Kind;
  /** The hidden layers of the network that is trained on it. */
  readonly hidden: readonly number[];
  /** Whether its pixels are like MNIST's, for which the fast recipe was made. */
  readonly isLikeMnist?: boolean;
  /** @throws {MissingData} */
  readonly make: (sources: Sources) => Promise<MadeSet>;
}

/** Where data come from that are not generated. */
export interface Sources {
  /** The folder with MNIST's four files; default: MNIST_DIR, else the user's cache. */
  readonly mnist?: string;
}

export interface MadeSet {
  readonly train: Dataset;
  readonly test: Dataset;
  /** Training rows that a user asks to delete: no model is trained on them. */
  readonly deleted: RowSet;
}

/** A data set is not on this machine; the message says how to get it. */
export class MissingData extends Error {
  override readonly name = 'MissingData';
}

/** Rows before they are divided into training and test rows. */
export interface LabelledRows {
  readonly columns: number;
  readonly classes: number;
  readonly features: Float32Array | Uint8Array;
  /** Of bytes; default: the bytes' own values. */
  readonly affine?: AffineMap;
  readonly labels: Uint32Array;
}

/** Which training rows are deleted: the first ones, or a whole class. */
export type Deleted = { readonly share: number } | { readonly label: number };

export interface PartsOptions {
  /** Default: a quarter. */
  readonly testRows?: number;
  /** Default: a tenth of the training rows. */
  readonly deleted?: Deleted;
}

const TEST_SHARE = 0.25;
const DELETED_SHARE = 0.1;

/** The last rows are test rows. Copies nothing but what the data sets themselves copy. */
export function inParts(name: string, rows: LabelledRows, options: PartsOptions = {}): MadeSet {
  const { features, labels, columns, classes, affine = { scale: 1, offset: 0 } } = rows;
  const { testRows = Math.round(TEST_SHARE * labels.length), deleted } = options;
  const part = (title: string, from: number, to: number) =>
    new Dataset({
      ...{ name: `${name}, ${title}`, rows: to - from, columns, classes },
      features: features.subarray(from * columns, to * columns),
      ...(features instanceof Uint8Array && { affine }),
      labels: labels.slice(from, to),
    });
  const trainRows = labels.length - testRows;
  const train = part('training rows', 0, trainRows);
  const test = part('test rows', trainRows, labels.length);
  return { train, test, deleted: deletedOf(train, deleted ?? { share: DELETED_SHARE }) };
}

export function deletedOf(train: Dataset, deleted: Deleted): RowSet {
  const rows = train.allRows();
  if ('label' in deleted) return rows.filter((row) => train.labels[row] === deleted.label);
  return rows.slice(0, Math.floor(deleted.share * train.rows));
}

/** The same rows in random order. */
export function shuffled(rows: LabelledRows, draws: Draws): LabelledRows {
  const { features, labels, columns } = rows;
  const order = draws.shuffle(Uint32Array.from(labels, (_, row) => row));
  const moved = features.slice();
  order.forEach((from, to) => {
    moved.set(features.subarray(from * columns, (from + 1) * columns), to * columns);
  });
  return { ...rows, features: moved, labels: labels.map((_, to) => labels[order[to]!]!) };
}

type Row = Float32Array | Uint8Array;

/** Fills the features of a row, which are zeros before, and answers its class. */
export type FillRow = (row: Row, index: number) => number;

export interface Shape {
  readonly rows: number;
  readonly columns: number;
  readonly classes: number;
  /** Whether features are whole numbers in 0..255. */
  readonly bytes?: boolean;
  /** Of bytes; default: their own values. */
  readonly affine?: AffineMap;
}

export function fillRows(
  { rows, columns, classes, bytes, affine }: Shape,
  fill: FillRow,
): LabelledRows {
  const features = bytes ? new Uint8Array(rows * columns) : new Float32Array(rows * columns);
  const labels = new Uint32Array(rows);
  for (let row = 0; row < rows; row++) {
    labels[row] = fill(features.subarray(row * columns, (row + 1) * columns), row);
  }
  return { columns, classes, features, ...(affine && { affine }), labels };
}

type Facts = Pick<BenchSet, 'name' | 'kind' | 'hidden'>;

/** A data set of rows that are drawn one by one, independently of each other. */
export function generated(
  { name, kind, hidden, testRows, deleted, ...shape }: Facts & Shape & PartsOptions,
  filler: (draws: Draws) => FillRow,
): BenchSet {
  const options = { ...(testRows && { testRows }), ...(deleted && { deleted }) };
  const make = async () => inParts(name, fillRows(shape, filler(new Draws(name))), options);
  return { name, kind, hidden, make };
}
