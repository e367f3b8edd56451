import { Dataset } from '#lethe/engine/dataset';
import type { LabelledRow } from '#lethe/engine/dataset-from';
import type { ColumnEncoding } from '#lethe/engine/encoding/column-encoding';

export const RAW_NAMES = ['age', 'income', 'country', 'score'];

/** One column of each kind: what is fitted on rows, what is schema, and a plain number. */
export const RAW_ENCODING: readonly ColumnEncoding[] = [
  { kind: 'number', missing: 'mean', standardize: true },
  { kind: 'number', standardize: true },
  { kind: 'category', categories: ['AT', 'DE', 'FR'], missing: 'none', unknown: 'none' },
  { kind: 'number' },
];

/** age, is it missing, income, AT, DE, FR, is the country missing, score */
export const RAW_INPUTS = 8;
export const RAW_WIDTHS = [RAW_INPUTS, 10, 3];

/** A row whose features are named. */
export interface RawRow extends LabelledRow {
  readonly id: number;
  readonly features: RawFeatures;
}

export type RawFeatures = {
  readonly age: number | null;
  readonly income: number;
  readonly country: string | null;
  readonly score: number;
};

/** Between 0 and 1, the same for the same number. */
const noise = (i: number) => (Math.imul(i + 1, 0x9e3779b1) >>> 8) / 2 ** 24;

/** Rows of ten subjects, of which a small network can learn the class. */
export function rawRows(count: number): RawRow[] {
  return Array.from({ length: count }, (_, row) => {
    const [a, b, c, d] = [0, 1, 2, 3].map((k) => noise(4 * row + k)) as [
      number,
      number,
      number,
      number,
    ];
    const country = ['AT', 'DE', 'FR', 'XX', null][Math.floor(5 * c)]!;
    return {
      id: 10 * row,
      subjects: `user ${row % 10}`,
      label: `${a < 0.6 ? (country === 'DE' ? 1 : 0) : 2}`,
      features: {
        age: b < 0.15 ? null : 20 + Math.round(60 * a),
        income: 1000 * Math.exp(3 * d),
        country,
        score: b,
      },
    };
  });
}

/** @param rows a class keeps its place without a row */
export function rawDataset(
  rows: readonly LabelledRow[],
  encode: readonly ColumnEncoding[] = RAW_ENCODING,
): Promise<Dataset> {
  return Dataset.from(rows, {
    ...{ name: 'raw', featureNames: RAW_NAMES, classNames: ['0', '1', '2'], encode },
  });
}
