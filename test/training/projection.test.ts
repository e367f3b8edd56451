import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { mapDataset } from '#lethe/engine/linear-map';
import { fitProjection, type ProjectionOptions } from '#lethe/training/projection';
import { range } from '../support/toy.js';

const AUTOMATIC: ProjectionOptions = {
  scale: undefined,
  components: undefined,
  mostComponents: 100,
  seed: 0,
};

/** Reproducible numbers in [-0.5, 0.5). */
const noise = (i: number) => Math.imul(i + 1, 0x9e3779b1) / 2 ** 32;

/** Rows whose column c has mean c and the given standard deviation. */
function datasetOf(deviations: readonly number[], rows = 400): Dataset {
  const columns = deviations.length;
  const features = Float32Array.from({ length: rows * columns }, (_, i) => {
    const column = i % columns;
    return column + Math.sqrt(12) * deviations[column]! * noise(i);
  });
  const labels = new Uint32Array(rows);
  const affine = { scale: 1, offset: 0 };
  return new Dataset({ name: 'noise', features, labels, rows, columns, classes: 1, affine });
}

async function fitted(dataset: Dataset, options: Partial<ProjectionOptions> = {}) {
  const projection = await fitProjection(dataset, dataset.allRows(), { ...AUTOMATIC, ...options });
  return projection!;
}

/** Means and variances of the mapped columns. */
async function statistics(dataset: Dataset, projection: Awaited<ReturnType<typeof fitted>>) {
  const mapped = await mapDataset(dataset, projection.map);
  const values = mapped.normalized(mapped.allRows());
  return range(0, mapped.columns).map((column) => {
    const own = Array.from(
      { length: mapped.rows },
      (_, row) => values[row * mapped.columns + column]!,
    );
    const mean = own.reduce((a, b) => a + b) / own.length;
    return { mean, variance: own.reduce((sum, v) => sum + (v - mean) ** 2, 0) / own.length };
  });
}

describe('a projection of few features', () => {
  it('centres them, scales to mean variance 1 and leaves out constant ones', async () => {
    const dataset = datasetOf([3, 0, 1, 2]);
    const projection = await fitted(dataset);
    expect([...projection.map.columns]).toEqual([0, 2, 3]);
    expect(projection.reasons).toEqual(['3 of 4 features used']);
    const columns = await statistics(dataset, projection);
    for (const { mean } of columns) expect(mean).toBeCloseTo(0, 4);
    expect(columns.reduce((sum, { variance }) => sum + variance, 0) / 3).toBeCloseTo(1, 4);
    expect(columns[0]!.variance / columns[1]!.variance).toBeCloseTo(9, 0);
  });

  it('scales them if their variances differ widely, or as an option says', async () => {
    const uneven = datasetOf([100, 1, 1, 1, 1]);
    const scaled = await statistics(uneven, await fitted(uneven));
    expect(scaled[0]!.variance / scaled[1]!.variance).toBeLessThan(1.5);
    const [first, second] = await statistics(uneven, await fitted(uneven, { scale: false }));
    expect(first!.variance / second!.variance).toBeGreaterThan(5000);
    const even = datasetOf([2, 1, 1]);
    expect((await fitted(even)).reasons).toEqual([]);
    expect((await fitted(even, { scale: true })).reasons[0]).toContain('scaled');
  });

  it('does not exist if nothing varies', async () => {
    const dataset = datasetOf([0, 0]);
    expect(await fitProjection(dataset, dataset.allRows(), AUTOMATIC)).toBeUndefined();
  });
});

describe('a projection of many features', () => {
  const deviations = range(0, 90).map((c) => 0.9 ** c);
  const dataset = datasetOf(deviations);

  it('keeps features with 95 % of the variance, and components with 90 % of theirs', async () => {
    const projection = await fitted(dataset, { scale: false });
    // 1 - .81^n >= .95 from n = 15 on; the sample's variances differ slightly.
    const kept = projection.map.columns.length;
    expect(kept).toBeGreaterThanOrEqual(13);
    expect(kept).toBeLessThanOrEqual(17);
    const components = projection.map.bias.length;
    expect(components).toBeLessThanOrEqual(kept);
    const columns = await statistics(dataset, projection);
    expect(columns.reduce((sum, { variance }) => sum + variance, 0) / components).toBeCloseTo(1, 2);
    for (let c = 1; c < columns.length; c++) {
      expect(columns[c]!.variance).toBeLessThanOrEqual(columns[c - 1]!.variance * 1.001);
    }
  });

  it('has as many components as an option says, or none', async () => {
    const three = await fitted(dataset, { components: 3 });
    expect(three.map.bias.length).toBe(3);
    const none = await fitted(dataset, { components: false, scale: false });
    expect(none.map.bias.length).toBe(90);
  });

  it('reads nothing but the sample', async () => {
    const other = datasetOf(deviations, 500);
    const [a, b] = await Promise.all(
      [dataset, other].map((of) => fitProjection(of, of.rowSet(range(0, 100)), AUTOMATIC)),
    );
    expect(a).toEqual(b);
  });
});
