import { describe, expect, it } from 'vitest';
import { LetheError } from '#lethe/base/errors';
import { Dataset } from '#lethe/engine/dataset';
import {
  columnStatistics,
  principalComponents,
  squaredNorms,
} from '#lethe/engine/principal-components';
import { expectCode, failure, wrong } from '../support/errors.js';
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

/** Rows in pieces of more than one size, columns that are no multiple of a vector's length. */
const SHAPE = { name: 'rows', rows: 5000, columns: 21, classes: 1 };
const word = (i: number) => Math.imul(i + 1, 0x9e3779b1) >>> 0;
const raw = Uint8Array.from({ length: SHAPE.rows * SHAPE.columns }, (_, i) => word(i) >>> 24);
const labels = new Uint32Array(SHAPE.rows);
const affine = { scale: 0.25, offset: -3 };
const KINDS = {
  bytes: new Dataset({ ...SHAPE, features: raw, affine, labels }),
  // A mean far above the deviations.
  floats: new Dataset({
    ...SHAPE,
    labels,
    features: Float32Array.from(raw, (byte, i) => 1000 * (i % 21) + byte / 77),
  }),
};
const ORDERS = {
  'in order': Array.from({ length: SHAPE.rows }, (_, row) => row),
  'some, in another order': Array.from({ length: 4111 }, (_, i) => (7 + 11 * i) % 5000),
  'a single one': [4999],
};

describe.each(Object.entries(KINDS))('rows of %s', (_kind, of) => {
  const values = of.normalized(of.allRows());
  const { columns: width } = SHAPE;

  describe.each(Object.entries(ORDERS))('%s', (_order, some) => {
    it('have the means and variances that a plain computation finds', async () => {
      const found = await columnStatistics(of, some);
      for (let j = 0; j < width; j++) {
        const column = some.map((row) => values[row * width + j]!);
        const mean = column.reduce((sum, value) => sum + value, 0) / some.length;
        const squares = column.reduce((sum, value) => sum + (value - mean) ** 2, 0);
        const variance = squares / some.length;
        expect(Math.abs(found.means[j]! - mean)).toBeLessThan(1e-12 * (1 + Math.abs(mean)));
        expect(Math.abs(found.variances[j]! - variance)).toBeLessThan(1e-9 * variance + 1e-12);
      }
    });

    it('have the squared norms that a plain computation finds', async () => {
      const centres = Float64Array.from({ length: width }, (_, j) => 990 * j - 3);
      const scales = Float64Array.from({ length: width }, (_, j) => (j % 4) / 3);
      const norms = await squaredNorms(of, some, { centres, scales });
      expect(norms.length).toBe(some.length);
      some.forEach((row, i) => {
        const expected = centres.reduce((sum, centre, j) => {
          const value = (values[row * width + j]! - centre) * scales[j]!;
          return sum + value * value;
        }, 0);
        expect(Math.abs(norms[i]! - expected)).toBeLessThan(1e-12 * expected);
      });
    });

    it('give the same bits on any number of threads', async () => {
      const scaling = {
        centres: new Float64Array(width).fill(0.1),
        scales: new Float64Array(width).fill(1 / 3),
      };
      const [one, ...others] = await Promise.all(
        [1, 2, 7].map(async (threads) => [
          await columnStatistics(of, some, threads),
          await squaredNorms(of, some, scaling, threads),
        ]),
      );
      for (const other of others) expect(other).toEqual(one);
    });
  });
});

describe('squaredNorms', () => {
  const scaling = { centres: new Float64Array(21), scales: new Float64Array(21) };
  it.each<[string, unknown, unknown, unknown, unknown?]>([
    ['rows of another set', KINDS.bytes, [5000], scaling],
    ['a row in words', KINDS.bytes, ['0'], scaling],
    ['a look-alike', { ...KINDS.bytes }, [0], scaling],
    ['a centre too few', KINDS.bytes, [0], { ...scaling, centres: new Float64Array(20) }],
    ['a scale too many', KINDS.floats, [0], { ...scaling, scales: new Float64Array(22) }],
    ['single precision', KINDS.floats, [0], { ...scaling, scales: new Float32Array(21) }],
    ['no threads', KINDS.floats, [0], scaling, 0],
  ])('refuses %s', async (_, of, some, given, threads) => {
    const call = () => squaredNorms(wrong(of), wrong(some), wrong(given), wrong(threads));
    const error = await failure(call);
    expect(error).toBeInstanceOf(LetheError);
    expect(['ERR_INVALID_ARGUMENT', 'ERR_INVALID_ROWS']).toContain((error as LetheError).code);
  });

  it('refuses an empty set', async () => {
    await expectCode(() => squaredNorms(KINDS.bytes, [], scaling), 'ERR_EMPTY_SET');
  });
});
