import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { mapDataset } from '#lethe/engine/linear-map';
import { fitProjection, type ProjectionOptions } from '#lethe/training/fast/projection';
import { range } from '../../support/toy.js';

const AUTOMATIC: ProjectionOptions = {
  components: undefined,
  mostComponents: 100,
  classes: 1,
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
  it('centres and half-whitens them, and leaves out constant ones', async () => {
    const dataset = datasetOf([3, 0, 1, 2]);
    const projection = await fitted(dataset);
    expect([...projection.map.columns]).toEqual([0, 2, 3]);
    expect(projection.reasons).toEqual(['3 of 4 features used']);
    const columns = await statistics(dataset, projection);
    for (const { mean } of columns) expect(mean).toBeCloseTo(0, 4);
    expect(columns.reduce((sum, { variance }) => sum + variance, 0) / 3).toBeCloseTo(1, 4);
    // A ninefold variance becomes a threefold one, but for .01 of the median, 4, added to both:
    // 9 / sqrt(9.04) over 1 / sqrt(1.04).
    expect(columns[0]!.variance / columns[1]!.variance).toBeCloseTo(3.053, 1);
  });

  it('does not exist if nothing varies', async () => {
    const dataset = datasetOf([0, 0]);
    expect(await fitProjection(dataset, dataset.allRows(), AUTOMATIC)).toBeUndefined();
  });
});

describe('a projection of many features', () => {
  const deviations = range(0, 90).map((c) => 0.9 ** c);
  const dataset = datasetOf(deviations);

  it('keeps features with 95 % of the variance, and components with 80 % of theirs', async () => {
    const projection = await fitted(dataset);
    // Half-whitened variances fall by .9: 1 - .9^n >= .95 from n = 29 on, or a little later, because
    // of the floor below small variances; the sample's differ slightly.
    const kept = projection.map.columns.length;
    expect(kept).toBeGreaterThanOrEqual(26);
    expect(kept).toBeLessThanOrEqual(33);
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
    const none = await fitted(dataset, { components: false });
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

describe('features beside the components', () => {
  /** 100 columns that decide nothing, and two rare flags that decide the class. */
  const rows = 1000;
  const columns = 102;
  const labels = Uint32Array.from({ length: rows }, (_, row) => (row % 20 === 3 ? 1 : 0));
  const features = Float32Array.from({ length: rows * columns }, (_, i) => {
    const column = i % columns;
    const label = labels[Math.floor(i / columns)]!;
    return column < 100 ? 10 * noise(i) : column === 100 ? label : 1 - label;
  });
  const dataset = new Dataset({ name: 'flags', features, labels, rows, columns, classes: 2 });

  it('are those that tell classes apart and that components do not hold', async () => {
    const projection = await fitted(dataset, { components: 20, classes: 2 });
    expect(projection.reasons.at(-1)).toBe('2 features kept beside them: they tell classes apart');
    expect(projection.map.bias.length).toBe(22);
    expect([...projection.map.columns].slice(-2)).toEqual([100, 101]);
    const beside = (await statistics(dataset, projection)).slice(-2);
    for (const { mean, variance } of beside) {
      expect(mean).toBeCloseTo(0, 3);
      expect(variance).toBeCloseTo(1, 3);
    }
  });

  it('are none where labels say nothing', async () => {
    const random = labels.map((_, row) => (Math.imul(row + 1, 0x9e3779b1) >>> 8) % 2);
    const shuffled = new Dataset({
      name: 'noise',
      features,
      labels: random,
      rows,
      columns,
      classes: 2,
    });
    expect((await fitted(shuffled, { components: 20, classes: 2 })).map.bias.length).toBe(20);
  });
});
