import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { columnStatistics, principalComponents } from '#lethe/engine/principal-components';
import { expectCode, wrong } from '../support/errors.js';
import { Fixture } from '../support/fixture.js';

const fixture = new Fixture('components');
const [columns, components] = fixture.widths as [number, number];
const rows = fixture.number('rows');
const dataset = new Dataset({
  name: 'centred rows',
  features: fixture.floats('values'),
  labels: new Uint32Array(rows),
  ...{ rows, columns, classes: 1, affine: { scale: 1, offset: 0 } },
});
const valid = {
  rows: dataset.allRows(),
  columns: Uint32Array.from({ length: columns }, (_, column) => column),
  means: new Float64Array(columns),
  scales: new Float64Array(columns).fill(1),
  components,
};

describe('principalComponents', () => {
  it("finds LAPACK's, up to signs", async () => {
    const found = await principalComponents(dataset, valid);
    const total = fixture.number('totalVariance');
    expect(Math.abs(found.totalVariance - total)).toBeLessThan(1e-6 * total);
    const variances = fixture.floats('variances');
    const directions = fixture.floats('directions');
    for (let component = 0; component < components; component++) {
      const expected = variances[component]!;
      expect(Math.abs(found.variances[component]! - expected)).toBeLessThan(1e-3 * expected);
      const at = component * columns;
      const ours = found.directions.subarray(at, at + columns);
      const cosine = ours.reduce((sum, value, i) => sum + value * directions[at + i]!, 0);
      // The first directions are well separated; later ones can mix slightly with their neighbours.
      expect(Math.abs(cosine)).toBeGreaterThan(component < 6 ? 0.999 : 0.98);
    }
  });

  it('depends only on its arguments, including the seed', async () => {
    const [a, b] = await Promise.all([
      principalComponents(dataset, valid),
      principalComponents(dataset, valid),
    ]);
    expect(a).toEqual(b);
    const other = await principalComponents(dataset, { ...valid, seed: 1 });
    expect(other.directions).not.toEqual(a.directions);
  });

  it('gives the same bits on any number of threads', async () => {
    const one = await principalComponents(dataset, { ...valid, threads: 1 });
    expect(await principalComponents(dataset, { ...valid, threads: 3 })).toEqual(one);
  });

  it('subtracts the means and scales', async () => {
    const shifted = await principalComponents(dataset, {
      ...valid,
      means: new Float64Array(columns).fill(1),
      scales: new Float64Array(columns).fill(2),
    });
    // For centred columns, the mean square about 1 is the variance plus 1.
    const total = 4 * (fixture.number('totalVariance') + columns);
    expect(Math.abs(shifted.totalVariance - total)).toBeLessThan(1e-4 * total);
  });

  it.each([
    ['no columns', { columns: undefined }],
    ['unknown columns', { columns: valid.columns.map((column) => column + 1) }],
    ['single precision', { means: new Float32Array(columns) }],
    ['a scale too few', { scales: valid.scales.subarray(1) }],
    ['a mean that is not finite', { means: valid.means.with(5, Number.NaN) }],
    ['no threads', { threads: 0 }],
    ['no components', { components: 0 }],
    ['too many components', { components: 119 }],
    ['a negative seed', { seed: -1 }],
  ])('refuses %s', async (_, change) => {
    await expectCode(
      () => principalComponents(dataset, wrong({ ...valid, ...change })),
      'ERR_INVALID_ARGUMENT',
    );
  });
});

describe('columnStatistics', () => {
  it('are the means and variances of the normalized features', async () => {
    const bytes = new Dataset({
      name: 'bytes',
      features: Uint8Array.of(0, 10, 20, 10, 250, 10),
      labels: new Uint32Array(3),
      ...{ rows: 3, columns: 2, classes: 1, affine: { scale: 0.5, offset: -1 } },
    });
    const { means, variances } = await columnStatistics(bytes, [0, 1]);
    expect([...means]).toEqual([4, 4]);
    expect([...variances]).toEqual([25, 0]);
  });

  it('refuses rows that are not a list', async () => {
    await expectCode(() => columnStatistics(dataset, []), 'ERR_EMPTY_SET');
    await expectCode(() => columnStatistics(dataset, [rows]), 'ERR_INVALID_ROWS');
    await expectCode(() => columnStatistics(wrong({}), [0]), 'ERR_INVALID_ARGUMENT');
  });
});
