import { describe, expect, it } from 'vitest';
import { type LabelledIdx, labelledFromIdx } from '#lethe/datasets/labelled-idx';
import { expectCode } from '../support/errors.js';

const SOURCE: LabelledIdx = {
  name: 'toy',
  images: { shape: [2, 3, 2], values: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12) },
  labels: { shape: [2], values: Uint8Array.of(0, 4) },
  classes: 5,
  affine: { scale: 2, offset: -1 },
};

describe('labelledFromIdx', () => {
  it('makes one row of each image', () => {
    expect(labelledFromIdx(SOURCE)).toEqual({
      name: 'toy',
      rows: 2,
      columns: 6,
      classes: 5,
      features: SOURCE.images.values,
      affine: SOURCE.affine,
      labels: Uint32Array.of(0, 4),
    });
  });

  const labels = (...values: number[]) => ({
    shape: [values.length],
    values: Uint8Array.from(values),
  });

  it.each<[string, Partial<LabelledIdx>, string]>([
    ['fewer labels than images', { labels: labels(1) }, '2 images, but 1 labels'],
    ['more labels than images', { labels: labels(1, 2, 3) }, '2 images, but 3 labels'],
    ['a label that is no class', { labels: labels(0, 5) }, 'row 1 has the label 5'],
    ['labels in a table', { labels: { ...labels(0, 1), shape: [2, 1] } }, '2 dimensions'],
    ['images without columns', { images: labels(7, 8) }, 'one dimension'],
  ])('refuses %s', async (_, change, message) => {
    const error = await expectCode(
      () => labelledFromIdx({ ...SOURCE, ...change }),
      'ERR_INVALID_DATA',
    );
    expect(error.message).toContain('toy');
    expect(error.message).toContain(message);
  });
});
