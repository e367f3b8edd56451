import type { InputMap } from '#lethe/engine/encoding/input-map';
import { Model } from '#lethe/engine/model';
import { values } from './network.js';

/** Columns of every kind, in an order that mixes them, and values that are hard to round. */
export const INPUT_MAP = {
  columns: [
    {
      ...{ kind: 'number', missing: 'mean', indicator: true, standardize: true },
      ...{ fill: 0.1, centre: Math.fround(1e7 + 1), scale: Math.fround(0.3) },
    },
    {
      ...{ kind: 'category', categories: ['a', 'b', 'c'], missing: 'none', indicator: true },
      unknown: 'none',
    },
    { kind: 'number', standardize: true, centre: Math.fround(-3e38), scale: 2 ** -126 },
    { kind: 'category', categories: ['only'] },
    { kind: 'number', missing: -7, indicator: false, fill: -7 },
    { kind: 'number' },
    { kind: 'category', categories: ['yes', 'no'], missing: 'none', indicator: false },
    { kind: 'number', standardize: true, centre: 1 / 3, scale: Math.fround(1e-40) },
  ],
} as const satisfies InputMap;

/** The inputs that it makes. */
export const ENCODED_INPUTS = 2 + 4 + 1 + 1 + 1 + 1 + 2 + 1;

/** A model with this map, whose weights depend on the seed. */
export function encodedModel(seed = 0, inputMap: InputMap = INPUT_MAP, inputs = ENCODED_INPUTS) {
  const widths = [inputs, 5, 3];
  const { length } = Model.create(widths).parameters();
  return Model.fromParameters(widths, values(length, seed)).withFacts({ inputMap });
}
