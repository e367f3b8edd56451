import { Dataset } from '#lethe/engine/dataset';

export const TOY_WIDTHS = [12, 16, 8, 3];

/** Rows that a small network can learn: each class has its own bright columns. */
export function toyData({ rows = 300, columns = 12, classes = 3 } = {}) {
  const labels = Uint32Array.from({ length: rows }, (_, row) => (row * 7) % classes);
  const features = Uint8Array.from({ length: rows * columns }, (_, i) => {
    const row = Math.floor(i / columns);
    const bright = (i % columns) % classes === labels[row];
    const noise = Math.imul(i + 1, 0x9e3779b1) >>> 25;
    return bright ? 128 + noise : noise;
  });
  const affine = { scale: 1 / 128, offset: -1 };
  return { name: 'toy', rows, columns, classes, features, affine, labels };
}

export const toyDataset = (options: Parameters<typeof toyData>[0] = {}) =>
  new Dataset(toyData(options));

/** Whole numbers from first up to, but not including, end. */
export const range = (first: number, end: number): number[] =>
  Array.from({ length: end - first }, (_, i) => first + i);

/** Options of a run with more steps than any test waits for, which something must stop. */
export const ENDLESS = { epochs: 1e9, learningRate: 1e-6 };

/** A data set of `data` with other features and labels in these rows. */
export function garbled(data: ReturnType<typeof toyData>, rows: readonly number[]): Dataset {
  const { columns, classes } = data;
  const features = Uint8Array.from(data.features);
  const labels = Uint32Array.from(data.labels);
  for (const row of rows) {
    features.fill(255 - row, columns * row, columns * (row + 1));
    labels[row] = (labels[row]! + 1) % classes;
  }
  return new Dataset({ ...data, features, labels });
}
