import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import type { InputMap } from '#lethe/engine/encoding/input-map';
import { Ensemble } from '#lethe/engine/ensemble';
import { Model } from '#lethe/engine/model';
import { Sisa } from '#lethe/unlearn/sharded/sisa';
import { verify } from '#lethe/verify/verify';
import { encodedModel } from '../support/encoded.js';
import { expectCode } from '../support/errors.js';

const ROWS = 90;
const INPUTS = 7;
const CENTRE = 1e7;

/** Ids in another order than they are given in. */
const idOf = (row: number) => (row * 37) % ROWS;

const dataset = await Dataset.from(
  Array.from({ length: ROWS }, (_, row) => ({
    ...{ id: idOf(row), subjects: `u${row % 9}` },
    label: row % 3,
    features: {
      age: row % 7 === 0 ? null : CENTRE + ((row * 31) % 40),
      country: row % 5 === 0 ? null : ['AT', 'DE', 'FR', '??'][row % 4]!,
      score: Math.sin(row),
    },
  })),
  {
    featureNames: ['age', 'country', 'score'],
    encode: {
      columns: {
        age: { missing: 'mean', standardize: true },
        country: { categories: ['AT', 'DE', 'FR'], missing: 'none', unknown: 'none' },
      },
    },
  },
);

const mapWith = (centre: number): InputMap => ({
  columns: [
    { ...dataset.encoding![0]!, ...{ fill: CENTRE, centre, scale: 10 } },
    ...dataset.encoding!.slice(1),
  ] as InputMap['columns'],
});

const model = (seed: number, centre = CENTRE) => encodedModel(seed, mapWith(centre), INPUTS);
const all = [{ name: 'all', dataset, rows: dataset.allRows() }];

/** A model whose logits differ from its parameters' in the row with an id. */
function lying(id: number, by: number): Model {
  const honest = model(1);
  const logits: Model['logits'] = async (given, rows, options) => {
    const values = await honest.logits(given, rows, options);
    const at = [...given.rowSet(rows)].findIndex((row) => given.ids.at(row) === id);
    if (at >= 0) values[3 * at + 1]! += by;
    return values;
  };
  const liar = Object.assign(model(1), { logits });
  return Object.assign(liar, { clone: () => liar });
}

describe('verify of a model that encodes raw values', () => {
  it('gives ONNX Runtime the raw values', async () => {
    const result = await verify(model(1), all, { chunkRows: 16 });
    expect(result).toMatchObject({ rows: ROWS, agreement: 1 });
    expect(result.maxAbsDiff).toBeLessThan(1e-5);
  });

  it('encodes by the map of each member of an ensemble', async () => {
    const members = [model(1), model(2, CENTRE + 5), model(3)].map((each, i) => ({
      ...{ model: each, weight: i + 1 },
    }));
    const result = await verify(new Ensemble(members), all, { chunkRows: 16 });
    expect(result).toMatchObject({ rows: ROWS, agreement: 1 });
  });

  it('takes a Sisa, whose shards have maps of their own', async () => {
    const recipe = { shards: 2, slices: 2, recipe: 'plain' } as const;
    const { ensemble } = await Sisa.train([INPUTS, 4, 3], dataset, recipe);
    const [first, second] = ensemble.members.map((member) => member.model.inputMap);
    expect(first).not.toEqual(second);
    expect(await verify(ensemble, all)).toMatchObject({ rows: ROWS, agreement: 1 });
  });

  it('names the row that differs, whatever the order of the rows', async () => {
    const row = 42;
    const rows = dataset.allRows().positions.reverse();
    const set = { name: 'all', dataset, rows };
    const { message } = await expectCode(
      () => verify(lying(dataset.ids.at(row) as number, 1e-2), [set], { chunkRows: 16 }),
      'ERR_VERIFICATION_FAILED',
    );
    expect(message).toMatch(/^all set, row 42 of /);
  });

  it('judges rounding by the inputs, not by the raw values', async () => {
    await verify(lying(5, 1e-5), all);
    await expectCode(() => verify(lying(5, 1e-3), all), 'ERR_VERIFICATION_FAILED');
  });

  it('refuses rows that are not encoded so, and models that encode nothing', async () => {
    const { rows, labels } = dataset;
    const features = new Float32Array(rows * INPUTS);
    const plain = new Dataset({
      ...{ name: 'plain', rows, columns: INPUTS, classes: 3, features, labels },
    });
    const sets = [{ name: 'all', dataset: plain, rows: [0] }];
    await expectCode(() => verify(model(1), sets), 'ERR_INVALID_ARGUMENT');
    await expectCode(() => verify(Model.create([INPUTS, 3]), all), 'ERR_INVALID_ARGUMENT');
    await expectCode(() => verify(Model.create([3, 3]), all), 'ERR_INVALID_ARGUMENT');
  });
});
