import { describe, expect, it } from 'vitest';
import { principalComponents } from '#lethe/engine/principal-components';
import { expectCode, wrong } from '../support/errors.js';
import { Fixture } from '../support/fixture.js';

const fixture = new Fixture('components');
const [columns, components] = fixture.widths as [number, number];
const valid = {
  values: fixture.floats('values'),
  rows: fixture.number('rows'),
  columns,
  components,
};

describe('principalComponents', () => {
  it("finds LAPACK's, but for their signs", async () => {
    const found = await principalComponents(valid);
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
      // The first ones stand apart; neighbours further down turn into each other a little.
      expect(Math.abs(cosine)).toBeGreaterThan(component < 6 ? 0.999 : 0.98);
    }
  });

  it('is a function of its arguments, the seed among them', async () => {
    const [a, b] = await Promise.all([principalComponents(valid), principalComponents(valid)]);
    expect(a).toEqual(b);
    const other = await principalComponents({ ...valid, seed: 1 });
    expect(other.directions).not.toEqual(a.directions);
  });

  it.each([
    ['no values', { values: undefined }],
    ['doubles', { values: new Float64Array(valid.values.length) }],
    ['a value too few', { values: valid.values.subarray(1) }],
    ['what is not finite', { values: valid.values.with(5, Number.NaN) }],
    ['rows that do not fit', { rows: 7 }],
    ['no components', { components: 0 }],
    ['too many components', { components: 119 }],
    ['a negative seed', { seed: -1 }],
  ])('refuses %s', async (_, change) => {
    await expectCode(
      () => principalComponents(wrong({ ...valid, ...change })),
      'ERR_INVALID_ARGUMENT',
    );
  });
});
