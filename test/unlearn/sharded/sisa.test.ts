import { beforeAll, describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { type TrainModelOptions, trainModel } from '#lethe/training/train-model';
import { Sisa, type SisaOptions } from '#lethe/unlearn/sharded/sisa';
import { expectCode, failure, wrong } from '../../support/errors.js';
import { garbled, range, toyData } from '../../support/toy.js';

const WIDTHS = [12, 64, 3];
/**
 * Two shards of 1,300 and 1,200 rows, with owners 0 and 3, and 1 and 2; a few rows fewer do not
 * change them.
 */
const OWNED = [1100, 900, 300, 200];
const owners = Uint32Array.from(OWNED.flatMap((rows, owner) => Array<number>(rows).fill(owner)));
const data = toyData({ rows: owners.length });
const dataset = new Dataset(data);
const rowsOf = (...wanted: number[]) =>
  dataset.allRows().filter((row) => wanted.includes(owners[row]!)).positions;
const options = { owners, shards: 2, seed: 5 };
const without = (rows: Iterable<number>) => {
  const gone = new Set(rows);
  return dataset.allRows().filter((row) => !gone.has(row)).positions;
};
const hashes = (sisa: Sisa) => sisa.ensemble.members.map(({ model }) => model.hash());

/** What trainModel does besides, and a shard does not: it looks at 500 rows to report its quality. */
const REPORT = 500 * (12 * 64 + 64 * 3);

describe.each<[string, SisaOptions, TrainModelOptions]>([
  // Of at most 64 features: no use to project them.
  ['the recipe auto', { owners }, { recipe: 'steady' }],
  [
    'the recipe steady for longer',
    { owners, recipe: 'steady', epochs: 20 },
    { recipe: 'steady', epochs: 20 },
  ],
  // 1.75 times as many steps for each shard.
  [
    'the recipe fast',
    { owners, recipe: 'fast' },
    { recipe: 'fast', effort: 3.5, sampledShare: 0.1 },
  ],
  [
    'the recipe fast with options',
    { owners, recipe: 'fast', effort: 1, nets: 2 },
    { recipe: 'fast', effort: 1, sampledShare: 0.1, nets: 2 },
  ],
])('Sisa with %s', (_name, wanted, by) => {
  const options = { ...wanted, shards: 2, seed: 5 };
  let sisa: Sisa;
  beforeAll(async () => {
    sisa = await Sisa.train(WIDTHS, dataset, options);
  });

  it('says by which recipe every shard is trained', () => {
    const { recipe, ...own } = by;
    expect(sisa.recipe).toEqual({ name: recipe, ...own });
  });

  /** Trains the model of a shard with the public API. */
  const shardAlone = (shard: number, rows: Uint32Array) =>
    trainModel(WIDTHS, dataset, {
      ...{ ...by, rows, seed: sisa.shards[shard]!.seeds[0]! },
    });

  it('trains a model on the rows of each shard, weighted by their number', async () => {
    const parts = [rowsOf(0, 3), rowsOf(1, 2)];
    expect(sisa.shards.map(({ slices }) => slices[0]!.rows)).toEqual(parts);
    expect(sisa.ensemble.members.map(({ weight }) => weight)).toEqual([1300, 1200]);
    const alone = await Promise.all(parts.map((rows, shard) => shardAlone(shard, rows)));
    expect(hashes(sisa)).toEqual(alone.map(({ model }) => model.hash()));
    expect(sisa.shards.map(({ checkpoints }) => checkpoints[0]!.multiplyAdds)).toEqual(
      alone.map(({ multiplyAdds }) => multiplyAdds - REPORT),
    );
    expect(sisa.shards[0]!.seeds).not.toEqual(sisa.shards[1]!.seeds);
    const { accuracy } = await sisa.ensemble.evaluate(dataset, dataset.allRows());
    expect(accuracy).toBeGreaterThan(95);
  });

  it('retrains only the affected shard, and is itself unchanged', async () => {
    const before = sisa.ensemble.hash();
    const { sisa: after, shards, ...cost } = await sisa.forget(dataset, { owners: [3] });
    expect(shards).toEqual([0]);
    const alone = await shardAlone(0, rowsOf(0));
    expect(hashes(after)).toEqual([alone.model.hash(), hashes(sisa)[1]]);
    expect(after.ensemble.members.map(({ weight }) => weight)).toEqual([1100, 1200]);
    expect(cost).toMatchObject({
      ...{ steps: alone.steps, multiplyAdds: alone.multiplyAdds - REPORT },
    });
    expect([...Object.keys(cost.seconds), 'report']).toEqual(Object.keys(alone.seconds));
    expect(sisa.ensemble.hash()).toBe(before);
    expect(after.shards[1]!.checkpoints[0]).toBe(sisa.shards[1]!.checkpoints[0]);
  });

  it('gives the same bits as training without the rows', async () => {
    const forget = [...rowsOf(3).subarray(0, 20), ...rowsOf(1).subarray(5, 15)];
    const { sisa: after, shards } = await sisa.forget(dataset, forget);
    expect(shards).toEqual([0, 1]);
    const fresh = await Sisa.train(WIDTHS, dataset, { ...options, rows: without(forget) });
    expect(after.ensemble.hash()).toBe(fresh.ensemble.hash());
    const inTwo = await (await sisa.forget(dataset, forget.slice(0, 20))).sisa.forget(
      dataset,
      forget.slice(20),
    );
    expect(inTwo.sisa.ensemble.hash()).toBe(fresh.ensemble.hash());
  });

  it('does not depend on the contents of forgotten rows', async () => {
    const forget = [...rowsOf(3)];
    const hash = async (of: Dataset) => (await sisa.forget(of, forget)).sisa.ensemble.hash();
    const expected = await hash(dataset);
    expect(await hash(garbled(data, forget))).toBe(expected);
    expect(await hash(garbled(data, [0]))).not.toBe(expected);
  });

  it('drops the model of a shard that has lost all its rows, without training', async () => {
    const { sisa: after, ...cost } = await sisa.forget(dataset, { owners: [0, 3] });
    expect(cost).toEqual({ steps: 0, multiplyAdds: 0, seconds: {}, shards: [0] });
    expect(hashes(after)).toEqual([hashes(sisa)[1]]);
    expect(after.shards.map(({ checkpoints }) => checkpoints.length)).toEqual([0, 1]);
    await expectCode(() => after.forget(dataset, { owners: [1, 2] }), 'ERR_EMPTY_SET');
    await expectCode(() => after.forget(dataset, { owners: [3] }), 'ERR_UNKNOWN_SUBJECT');
    await expectCode(() => after.forget(dataset, [0]), 'ERR_INVALID_ROWS');
  });

  it('gives the same bits for any number of threads', async () => {
    const two = await Sisa.train(WIDTHS, dataset, { ...options, threads: 2 });
    const one = await Sisa.train(WIDTHS, dataset, { ...options, threads: 1 });
    expect(one.ensemble.hash()).toBe(two.ensemble.hash());
  });

  it('reports which shard it trains', async () => {
    const shards = new Set<number>();
    const phases = new Set<string>();
    await sisa.forget(dataset, [0, 1100], {
      onProgress: ({ shard, phase }) => {
        shards.add(shard);
        phases.add(phase);
      },
    });
    expect([...shards]).toEqual([0, 1]);
    expect(phases).toContain('train');
  });

  it('can be aborted, which leaves everything as it was', async () => {
    const before = sisa.ensemble.hash();
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    const { signal } = controller;
    await expectCode(() => sisa.forget(dataset, [0], { signal, onProgress }), 'ERR_ABORTED');
    await expectCode(() => sisa.forget(dataset, { owners: [0, 3] }, { signal }), 'ERR_ABORTED');
    const thrown = new Error('from the caller');
    const failing = () => {
      throw thrown;
    };
    expect(await failure(() => sisa.forget(dataset, [0], { onProgress: failing }))).toBe(thrown);
    expect(sisa.ensemble.hash()).toBe(before);
  });

  it.each<[string, Dataset]>([
    ['rows', new Dataset(toyData({ rows: 2499 }))],
    ['columns', new Dataset(toyData({ rows: 2500, columns: 13 }))],
  ])('refuses a data set of other %s', async (_, other) => {
    await expectCode(() => sisa.forget(other, [0]), 'ERR_INVALID_ARGUMENT');
  });
});

describe('slices', () => {
  const plain: SisaOptions = { owners, shards: 1, slices: 3, recipe: 'plain', seed: 5 };
  /** By their numbers of rows: owner 0, owner 1, then 2 with 3. */
  const slices = [[0], [1], [2, 3]];
  let sisa: Sisa;
  beforeAll(async () => {
    sisa = await Sisa.train(WIDTHS, dataset, plain);
  });

  /** Trains slice by slice with Model.train: 2 e / (R + 1) = 2.5 epochs each, on ever more rows. */
  async function stages(isLeft: (row: number) => boolean): Promise<string[]> {
    const { seeds } = sisa.shards[0]!;
    const model = Model.create(WIDTHS, { seed: seeds[0]! });
    const found: string[] = [];
    for (const [slice, seed] of seeds.entries()) {
      const rows = slices.slice(0, slice + 1).flatMap((own) => [...rowsOf(...own)].filter(isLeft));
      const maxSteps = Math.round(2.5 * Math.ceil(rows.length / 128));
      if (rows.length > 0) await model.train(dataset, { rows, seed, epochs: 3, maxSteps });
      found.push(model.hash());
    }
    return found;
  }
  const checkpoints = (of: Sisa) => of.shards[0]!.checkpoints.map(({ model }) => model.hash());

  it('are learnt one after the other, for about the work of five epochs', async () => {
    expect(sisa.shards[0]!.slices.map(({ owners: own }) => [...new Set(own)])).toEqual(slices);
    expect(checkpoints(sisa)).toEqual(await stages(() => true));
    const work = sisa.shards[0]!.checkpoints.reduce(
      (sum, { multiplyAdds }) => sum + multiplyAdds,
      0,
    );
    // The forward pass and the gradients of both layers, but not of the inputs.
    const perRow = 3 * (12 * 64 + 64 * 3) - 12 * 64;
    // Slices of 1100, 900 and 500 rows make 2.5 (1100 + 2000 + 2500) visits instead of 5 x 2500.
    expect(work / (5 * 2500 * perRow)).toBeCloseTo((2.5 * 5600) / 12500, 1);
  });

  it('keep checkpoints from before a forgotten row, and retrain the rest', async () => {
    const forget = new Set(rowsOf(1).subarray(0, 50));
    const { sisa: after, steps } = await sisa.forget(dataset, [...forget]);
    expect(checkpoints(after)).toEqual(await stages((row) => !forget.has(row)));
    expect(checkpoints(after)[0]).toBe(checkpoints(sisa)[0]);
    expect(checkpoints(after)).not.toContain(checkpoints(sisa)[1]);
    const redone = after.shards[0]!.checkpoints.slice(1);
    expect(steps).toBe(redone.reduce((sum, checkpoint) => sum + checkpoint.steps, 0));
    const fresh = await Sisa.train(WIDTHS, dataset, { ...plain, rows: without(forget) });
    expect(checkpoints(after)).toEqual(checkpoints(fresh));
  });

  it('begin from initial parameters if the first slices are empty', async () => {
    const { sisa: after } = await sisa.forget(dataset, { owners: [0] });
    expect(checkpoints(after)).toEqual(await stages((row) => owners[row] !== 0));
    expect(after.shards[0]!.checkpoints[0]!.steps).toBe(0);
  });

  it('equal the plain recipe if there is only one', async () => {
    const { shards } = await Sisa.train(WIDTHS, dataset, { ...plain, slices: 1 });
    const {
      seeds,
      checkpoints: [only],
    } = shards[0]!;
    const expected = await trainModel(WIDTHS, dataset, { recipe: 'plain', seed: seeds[0]! });
    expect(only!.model.hash()).toBe(expected.model.hash());
    const { steps, multiplyAdds } = expected;
    expect(only).toMatchObject({ steps, multiplyAdds: multiplyAdds - REPORT });
  });
});

describe('shards with slices', () => {
  it('are weighted by the rows of all their slices', async () => {
    const { ensemble, shards } = await Sisa.train(WIDTHS, dataset, {
      ...{ owners, shards: 2, slices: 2, recipe: 'plain', seed: 5 },
    });
    // By hand: owners 0 and 3 in the one shard, 1 and 2 in the other, an owner to each slice.
    expect(shards.map(({ slices }) => slices.map(({ rows }) => rows.length))).toEqual([
      [1100, 200],
      [900, 300],
    ]);
    expect(ensemble.members.map(({ weight }) => weight)).toEqual([1300, 1200]);
    // The weights count: the mean of the members' probabilities.
    const probabilities = async (of: Pick<Model, 'logits'>) => {
      const exp = (await of.logits(dataset, [7])).map(Math.exp);
      return exp.map((value) => value / (exp[0]! + exp[1]! + exp[2]!));
    };
    const [first, second] = await Promise.all(ensemble.members.map((m) => probabilities(m.model)));
    for (const [i, probability] of (await probabilities(ensemble)).entries()) {
      expect(probability).toBeCloseTo((1300 * first![i]! + 1200 * second![i]!) / 2500, 5);
    }
  });
});

describe('bad options', () => {
  it.each<[string, Record<string, unknown>]>([
    ['no owners', { owners: undefined }],
    ['owners of another length', { owners: owners.subarray(1) }],
    ['owners in a list', { owners: [...owners] }],
    ['no shards', { shards: 0 }],
    ['more shards than owners', { shards: 5 }],
    ['slices without a recipe', { slices: 2 }],
    ['slices of the recipe fast', { slices: 2, recipe: 'fast' }],
    ['an effort without a recipe', { effort: 2 }],
    ['epochs of the recipe fast', { recipe: 'fast', epochs: 2 }],
    ['more slices than owners of a shard', { slices: 3, recipe: 'plain' }],
    ['slices beyond memory', { slices: 2 ** 50, recipe: 'plain' }],
    ['a negative seed', { seed: -1 }],
    ['an unknown recipe', { recipe: 'slow' }],
    ['no effort', { recipe: 'fast', effort: 0 }],
    ['an effort without end', { recipe: 'fast', effort: 3e38 }],
    ['no epochs', { recipe: 'steady', epochs: 0 }],
    ['null for rows', { rows: null }],
    ['options that the recipe does not have', { recipe: 'plain', batchSize: 3 }],
  ])('refuses %s', async (_, change) => {
    const given = wrong({ ...options, ...change });
    await expectCode(() => Sisa.train(WIDTHS, dataset, given), 'ERR_INVALID_ARGUMENT');
  });

  it('are refused: no rows, other widths', async () => {
    const none = { ...options, rows: [] };
    await expectCode(() => Sisa.train(WIDTHS, dataset, none), 'ERR_EMPTY_SET');
    await expectCode(() => Sisa.train([13, 64, 3], dataset, options), 'ERR_INVALID_ARGUMENT');
    const plain = { ...options, recipe: 'plain' } as const;
    await expectCode(() => Sisa.train([13, 64, 3], dataset, plain), 'ERR_INVALID_ARGUMENT');
    const few = range(0, 10);
    await expectCode(
      () => Sisa.train(WIDTHS, dataset, { ...options, rows: few }),
      'ERR_INVALID_ARGUMENT',
    );
  });
});
