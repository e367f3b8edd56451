import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { trainModel } from '#lethe/training/train-model';
import { Sisa } from '#lethe/unlearn/sharded/sisa';
import { expectCode } from '../../support/errors.js';
import { temporaryFolder } from '../../support/temporary-folder.js';
import { range } from '../../support/toy.js';

const WIDTHS = [3, 8, 2];
const NAMES = { classNames: ['a', 'b'], featureNames: ['x', 'y', 'z'] };
const row = (i: number) => ({
  ...{ id: i as number | string | bigint, subjects: `u${i % 10}` },
  ...{ label: i % 2 ? 'b' : 'a', features: [i % 2, Math.sin(i), Math.cos(i)] },
});
const rows = (numbers: readonly number[]) => Dataset.from(numbers.map(row), NAMES);
const ALL = range(0, 300);
const isOf = (subject: number) => (i: number) => i % 10 === subject;
const isNotOf = (subject: number) => (i: number) => i % 10 !== subject;

let dataset: Dataset;
let sisa: Sisa;
beforeAll(async () => {
  dataset = await rows(ALL);
  sisa = await Sisa.train(WIDTHS, dataset, { shards: 3, seed: 1 });
});

async function reloaded(of = sisa): Promise<Sisa> {
  const folder = await temporaryFolder();
  await of.save(folder);
  return Sisa.load(folder);
}

/** The hashes of models that trainModel trains on the rows of a shard in the first data set that are left. */
async function alone(isLeft: (id: number) => boolean): Promise<string[]> {
  const { name, ...hyperParameters } = sisa.recipe;
  const hashes: string[] = [];
  for (const { slices, seeds } of sisa.shards) {
    const left = slices[0]!.rows.filter(isLeft);
    const options = { recipe: name, ...hyperParameters, rows: left, seed: seeds[0]! } as const;
    hashes.push((await trainModel(WIDTHS, dataset, options as never)).model.hash());
  }
  return hashes;
}
const hashes = (of: Sisa) => of.ensemble.members.map(({ model }) => model.hash());
const idsOf = (of: Sisa) => of.shards.flatMap(({ slices }) => slices.flatMap(({ ids }) => ids));

describe('a Sisa of rows with ids', () => {
  it('finds them where they are on another day, with some gone and others new', async () => {
    const later = await rows([...range(1, 120), ...range(121, 302)]);
    const { sisa: after } = await (await reloaded()).forget(later, { subject: 'u3' });
    expect(hashes(after)).toEqual(await alone((i) => isNotOf(3)(i) && i !== 0 && i !== 120));
    expect(new Set(idsOf(after))).toEqual(
      new Set(ALL.filter((i) => isNotOf(3)(i) && i !== 0 && i !== 120)),
    );
    for (const { slices } of after.shards) {
      for (const { rows: positions, ids } of slices) expect(later.ids.of(positions)).toEqual(ids);
    }
  });

  it.each<[string, (of: Dataset) => Parameters<Sisa['forget']>[1]]>([
    ['positions', (of) => of.rowsOf({ subject: 'u3' }).positions],
    ['a set of rows', (of) => of.rowsOf({ subject: 'u3' })],
    ['a subject', () => ({ subject: 'u3' })],
    ['ids', () => ({ ids: ALL.filter(isOf(3)) })],
    ['an owner', () => ({ owners: [3] })],
  ])('forgets by %s, and then by positions of what is left', async (_, forget) => {
    const first = await (await reloaded()).forget(dataset, forget(dataset));
    expect(hashes(first.sisa)).toEqual(await alone(isNotOf(3)));
    const left = await rows(ALL.filter(isNotOf(3)));
    const second = await (await reloaded(first.sisa)).forget(left, left.rowsOf({ subject: 'u4' }));
    expect(hashes(second.sisa)).toEqual(await alone((i) => isNotOf(3)(i) && isNotOf(4)(i)));
  });

  it('forgets what is erased or missing, whatever else is asked for', async () => {
    const erased = await rows(ALL);
    await erased.erase(ALL.filter(isOf(3)));
    const missing = await rows(ALL.filter(isNotOf(3)));
    const expected = await alone(isNotOf(3));
    for (const changed of [erased, missing]) {
      for (const forget of [[], { owners: [3] }]) {
        const { sisa: after, shards } = await (await reloaded()).forget(changed, forget);
        expect(hashes(after)).toEqual(expected);
        expect(shards).toHaveLength(1);
      }
      const { sisa: after } = await sisa.forget(changed, { subject: 'u4' });
      expect(hashes(after)).toEqual(await alone((i) => isNotOf(3)(i) && isNotOf(4)(i)));
    }
    await expectCode(() => sisa.forget(dataset, []), 'ERR_EMPTY_SET');
  });

  it('refuses what it does not know', async () => {
    const more = await rows([...ALL, 300, 307]);
    await expectCode(() => sisa.forget(more, [300]), 'ERR_INVALID_ROWS');
    await expectCode(() => sisa.forget(more, { ids: [300] }), 'ERR_INVALID_ROWS');
    await expectCode(() => sisa.forget(more, { ids: [999] }), 'ERR_UNKNOWN_ROW');
    await expectCode(() => sisa.forget(more, { subject: 'nobody' }), 'ERR_UNKNOWN_SUBJECT');
    const both = { subject: 'u3', owners: [3] } as const;
    await expectCode(() => sisa.forget(more, both), 'ERR_INVALID_ARGUMENT');
    await expectCode(() => sisa.forget(more, {} as never), 'ERR_INVALID_ARGUMENT');
    const { sisa: after } = await sisa.forget(more, { subject: 'u7' });
    await expectCode(() => after.forget(more, { subject: 'u7' }), 'ERR_UNKNOWN_SUBJECT');
    expect(idsOf(after)).not.toContain(307);
  });

  it('refuses a data set of other ids, classes or columns', async () => {
    const texts = ALL.map((i) => ({ ...row(i), id: `row ${i}` }));
    const nameless = ALL.map((i) => ({ ...row(i), id: undefined }));
    const reversed = ALL.map((i) => ({ ...row(i), features: row(i).features.toReversed() }));
    const narrow = ALL.map((i) => ({ ...row(i), features: [i] }));
    const swapped = { ...NAMES, classNames: ['b', 'a'] };
    const renamed = { ...NAMES, featureNames: ['z', 'y', 'x'] };
    for (const [other, part] of [
      [await Dataset.from(texts, NAMES), 'none of the rows'],
      [await Dataset.from(nameless as never, NAMES), 'has none: give the ids'],
      [await Dataset.from(ALL.map(row), swapped), 'class 0'],
      [await Dataset.from(reversed, renamed), 'column 0'],
      [await Dataset.from(narrow, { classNames: ['a', 'b'] }), '3 features'],
    ] as const) {
      for (const of of [sisa, await reloaded()]) {
        const { message } = await expectCode(
          () => of.forget(other, { owners: [3] }),
          'ERR_INVALID_ARGUMENT',
        );
        expect(message).toContain(part);
      }
    }
  });
});

describe('a saved Sisa of rows with ids', () => {
  it.each<[string, (i: number) => number | string | bigint]>([
    ['texts', (i) => `row-${i}`],
    ['texts of digits', (i) => String(i)],
    ['whole numbers', (i) => i - 150],
    ['whole numbers of 64 bits', (i) => 2n ** 62n + BigInt(i)],
  ])('holds %s, and none of a forgotten row', async (_, idOf) => {
    const named = ALL.map((i) => ({ ...row(i), id: idOf(i) }));
    const of = await Dataset.from(named, NAMES);
    const trained = await Sisa.train(WIDTHS, of, { shards: 3, seed: 1 });
    expect(new Set(idsOf(await reloaded(trained)))).toEqual(new Set(ALL.map(idOf)));
    const { sisa: after } = await trained.forget(of, { subject: 'u3' });
    const left = ALL.filter(isNotOf(3)).map(idOf);
    expect(new Set(idsOf(await reloaded(after)))).toEqual(new Set(left));
    const folder = await temporaryFolder();
    await after.save(folder);
    const manifest = await readFile(join(folder, 'sisa.json'), 'utf8');
    expect(manifest).toContain('"version":3');
    for (const text of ['"row-13"', '"4611686018427387917"']) expect(manifest).not.toContain(text);
  });

  // biome-ignore lint/suspicious/noExplicitAny: a manifest is any JSON here
  async function changed(change: (manifest: any) => void): Promise<string> {
    const folder = await temporaryFolder();
    await sisa.save(folder);
    const path = join(folder, 'sisa.json');
    const { sha256: _old, ...body } = JSON.parse(await readFile(path, 'utf8'));
    change(body);
    const sha256 = createHash('sha256').update(JSON.stringify(body)).digest('hex');
    await writeFile(path, JSON.stringify({ ...body, sha256 }));
    return folder;
  }

  it('of version 2 is read, and knows rows by their positions', async () => {
    const folder = await changed((manifest) => {
      manifest.version = 2;
      for (const { slices } of manifest.shards) for (const slice of slices) delete slice.ids;
    });
    const loaded = await Sisa.load(folder);
    const { sisa: after } = await loaded.forget(dataset, { subject: 'u3' });
    expect(hashes(after)).toEqual(await alone(isNotOf(3)));
    const left = await rows(ALL.filter(isNotOf(3)));
    await expectCode(() => loaded.forget(left, [0]), 'ERR_INVALID_ARGUMENT');
  });

  // biome-ignore lint/suspicious/noExplicitAny: as above
  it.each<[string, (ids: any[], slice: any) => void]>([
    ['an id too few', (ids) => ids.pop()],
    ['an id twice', (ids) => (ids[0] = ids[1])],
    ['an empty id', (ids) => (ids[0] = '')],
    ['no whole number', (ids) => (ids[0] = 1.5)],
    ['null', (ids) => (ids[0] = null)],
    ['a list of texts', (ids) => (ids[0] = ['a'])],
    ['a list of nothing', (ids) => (ids[0] = [])],
    ['a number beyond 64 bits', (ids) => (ids[0] = ['9999999999999999999'])],
    ['ids of another kind', (_, slice) => (slice.ids = 'abc')],
    ['ids in some slices alone', (_, slice) => delete slice.ids],
  ])('is refused with %s', async (_, change) => {
    const folder = await changed(({ shards }) =>
      change(shards[0].slices[0].ids, shards[0].slices[0]),
    );
    await expectCode(() => Sisa.load(folder), 'ERR_INVALID_MODEL');
  });
});
