import { readdirSync, readFileSync } from 'node:fs';
import {
  appendFile,
  copyFile,
  open,
  readFile,
  rename,
  stat,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import type { ColumnEncoding } from '#lethe/engine/encoding/column-encoding';
import type { Cell } from '#lethe/engine/encoding/records';
import { Model } from '#lethe/engine/model';
import { decodeSafetensors } from '#lethe/engine/safetensors';
import { expectCode } from '../support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { TOY_WIDTHS, toyData } from '../support/toy.js';

/** What scripts/fixtures/make_row_files.py writes; a whole number is a text in `whole`. */
interface Written {
  readonly rows: {
    readonly id: Name;
    readonly label: string;
    readonly features: Cell[];
    readonly subjects: Name[];
  }[];
  readonly classNames: string[];
  readonly featureNames: string[] | null;
  readonly affine: [number, number] | null;
  readonly encoding?: ColumnEncoding[];
  readonly digest: string;
}
type Name = string | { whole: string } | null;

const FOLDER = fileURLToPath(new URL('../fixtures/rows/', import.meta.url));
const WRITTEN: Record<string, Written> = JSON.parse(
  readFileSync(join(FOLDER, 'rows.json'), 'utf8'),
);
const FILES = Object.entries(WRITTEN).map(
  ([title, written]) => [title, `${title.replaceAll(' ', '-')}.safetensors`, written] as const,
);

/** A copy, because opening a file may finish an erasure in it. */
async function opened(name: string): Promise<{ dataset: Dataset; path: string }> {
  const path = join(await temporaryFolder(), name);
  await copyFile(join(FOLDER, name), path);
  return { dataset: await Dataset.open(path), path };
}

function shown(name: Name, position: number): string | number | bigint {
  if (name === null) return position;
  if (typeof name === 'string') return name;
  const number = Number(name.whole);
  return Number.isSafeInteger(number) ? number : BigInt(name.whole);
}

/** What a file holds of a row: a network's inputs, or raw values. */
function valuesOf(dataset: Dataset, position: number): Uint8Array | Float32Array {
  return dataset.encoding ? dataset.stored([position]) : dataset.normalized([position]);
}

/** The value that stands for a cell of a column. */
function rawBy({ affine, encoding }: Written): (cell: Cell, column: number) => number {
  return (cell, i) => {
    if (affine) return Number(cell) * affine[0] + affine[1];
    const column = encoding?.[i];
    if (column?.kind !== 'category' || cell === null) return Number(cell ?? Number.NaN);
    const place = column.categories.indexOf(String(cell));
    return place < 0 ? column.categories.length : place;
  };
}

const rows = 60;
const ids = Array.from({ length: rows }, (_, row) => `id ${String(row).padStart(3, '0')}`);
const subjects = ids.map((_, row) => (row === 5 ? ['ann', 'bob'] : row === 7 ? 'ann' : 'bob'));
const names = { classNames: ['x', 'y', 'z'], ids, subjects };
const floats = (data: ReturnType<typeof toyData>) => {
  const { affine: _, features, ...rest } = data;
  return { ...rest, features: Float32Array.from(features, (byte) => byte / 64 - 1) };
};
const KINDS: Record<string, () => Dataset> = {
  'bytes without names': () => new Dataset(toyData({ rows })),
  'bytes with names': () => new Dataset({ ...toyData({ rows }), ...names }),
  'floats without names': () => new Dataset(floats(toyData({ rows }))),
  'floats with names': () =>
    new Dataset({
      ...floats(toyData({ rows })),
      ...names,
      featureNames: Array.from({ length: 12 }, (_, i) => `column ${i}`),
    }),
  'ids of 64 bits and shared owners': () =>
    new Dataset({
      ...toyData({ rows }),
      ids: ids.map((_, row) => 2n ** 62n + BigInt(row * 3)),
      subjects: ids.map((_, row) => [row % 5, String(row % 3), -(2n ** 63n)]),
    }),
};

async function saved(dataset: Dataset): Promise<{ dataset: Dataset; path: string }> {
  const path = join(await temporaryFolder(), 'rows.safetensors');
  await dataset.save(path);
  // As if it were from an hour ago: whoever writes to it within the same tick of the system's clock as
  // before would not be noticed.
  const time = Date.now() / 1000 - 3600;
  await utimes(path, time, time);
  return { dataset: await Dataset.open(path), path };
}

async function hashAfterTraining(dataset: Dataset, list = dataset.allRows()): Promise<string> {
  const model = Model.create(TOY_WIDTHS, { seed: 1 });
  await model.train(dataset, { rows: list, seed: 1 });
  return model.hash();
}

describe('a row file', () => {
  it.each(FILES)('that Python wrote is read: %s', async (_, file, written) => {
    const { dataset } = await opened(file);
    const positions = [...dataset.allRows()];
    expect(dataset.ids.size).toBe(written.rows.length);
    expect(dataset.classNames).toEqual(written.classNames);
    expect(dataset.featureNames ?? null).toEqual(written.featureNames);
    expect(dataset.encoding).toEqual(written.encoding);
    expect(await dataset.digest()).toBe(written.digest);
    for (const [i, row] of written.rows.entries()) {
      const position = positions[i]!;
      expect(dataset.ids.at(position)).toBe(shown(row.id, position));
      expect(dataset.classNames![dataset.labels[position]!]).toBe(row.label);
      const owners = row.subjects.map((name) => shown(name, 0));
      expect(new Set(dataset.subjects.of(position))).toEqual(new Set(owners));
      expect(valuesOf(dataset, position)).toEqual(Float32Array.from(row.features, rawBy(written)));
    }
  });

  it.each(FILES.filter(([title]) => !title.startsWith('erased')))(
    'has the bytes that Python writes: %s',
    async (_, file) => {
      const { dataset, path } = await opened(file);
      const copy = join(await temporaryFolder(), 'copy');
      await dataset.save(copy);
      expect(Buffer.compare(await readFile(copy), await readFile(path))).toBe(0);
    },
  );

  it.each(Object.entries(KINDS))('holds everything of a data set: %s', async (_, make) => {
    const dataset = make();
    const { dataset: again } = await saved(dataset);
    expect(await again.digest()).toBe(await dataset.digest());
    expect([...again.ids]).toEqual([...dataset.ids]);
    expect([...again.subjects]).toEqual([...dataset.subjects]);
    for (const row of dataset.allRows()) {
      expect(again.subjects.of(row)).toEqual(dataset.subjects.of(row));
    }
    for (const field of ['name', 'rows', 'columns', 'classes', 'storage', 'affine'] as const) {
      expect(again[field]).toEqual(dataset[field]);
    }
    expect(again.classNames).toEqual(dataset.classNames);
    expect(again.featureNames).toEqual(dataset.featureNames);
    expect(again.labels).toEqual(dataset.labels);
    expect(await hashAfterTraining(again)).toBe(await hashAfterTraining(dataset));
    expect(again.select([3, 4]).normalized([0, 1])).toEqual(dataset.normalized([3, 4]));
  });

  it('is compact when it is saved again, also over itself', async () => {
    for (const make of Object.values(KINDS)) {
      const { dataset, path } = await saved(make());
      const before = (await stat(path)).size;
      const gone = [dataset.ids.at(5), dataset.ids.at(7)];
      await dataset.erase(gone);
      const digest = await dataset.digest();
      await dataset.save(path);
      // Positions that have a gap become ids of their own, which need more room.
      if (!dataset.ids.arePositions) expect((await stat(path)).size).toBeLessThan(before);
      // The file that it was opened from has gone from its path, and is read on.
      expect(await dataset.digest()).toBe(digest);
      await expectCode(() => dataset.erase([dataset.ids.at(9)]), 'ERR_FILE_CHANGED');
      const again = await Dataset.open(path);
      expect(again.rows).toBe(rows - 2);
      expect(await again.digest()).toBe(digest);
      expect([...again.ids]).toEqual([...dataset.ids]);
      expect([...again.subjects]).toEqual([...dataset.subjects]);
    }
  });

  it('is refused without a row', async () => {
    const { dataset, path } = await saved(KINDS['bytes with names']!());
    await dataset.erase(dataset.ids);
    expect((await Dataset.open(path)).ids.size).toBe(0);
    await expectCode(() => dataset.save(path), 'ERR_EMPTY_SET');
  });

  it('keeps to itself who may read it', async () => {
    const { dataset, path } = await saved(KINDS['bytes with names']!());
    const file = await open(path);
    await file.chmod(0o600);
    await file.close();
    await dataset.save(path);
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  it('leaves nothing behind when it cannot be written', async () => {
    const folder = await temporaryFolder();
    const dataset = KINDS['bytes with names']!();
    await expectCode(() => dataset.save(join(folder, 'none', 'rows')), 'ERR_IO');
    await expectCode(() => dataset.save(folder), 'ERR_IO');
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('erasing in a row file', () => {
  it.each(Object.entries(KINDS))('leaves the bytes of the others alone: %s', async (_, make) => {
    const { dataset, path } = await saved(make());
    const before = await readFile(path);
    const features = dataset.handle.stored({ rows: Uint32Array.of(7) });
    const gone = [dataset.ids.at(5), dataset.ids.at(7)];
    const digest = await dataset.digest(dataset.without([5, 7]));
    await dataset.erase(gone);
    expect(await dataset.digest()).toBe(digest);
    const after = await readFile(path);
    expect(after.includes(Buffer.from(features.buffer))).toBe(false);
    for (const secret of ['id 005', 'id 007', 'ann']) expect(after.includes(secret)).toBe(false);
    expect(after.length).toBe(before.length);
    for (let i = 0; i < after.length; i++) {
      if (after[i] !== before[i]) expect(after[i]).toBe(0);
    }
    const again = await Dataset.open(path);
    expect(await again.digest()).toBe(digest);
    expect([...again.allRows()]).toEqual([...dataset.allRows()]);
    await expectCode(() => again.normalized([7]), 'ERR_ERASED_ROW');
    await expectCode(() => again.ids.positionOf(gone[0]!), 'ERR_UNKNOWN_ROW');
    expect(await hashAfterTraining(again)).toBe(await hashAfterTraining(dataset));
  });

  it('is finished when the file is opened, wherever it was interrupted', async () => {
    for (const make of Object.values(KINDS)) {
      const { dataset, path } = await saved(make());
      const whole = await readFile(path);
      await dataset.erase([dataset.ids.at(5), dataset.ids.at(7)]);
      const erased = await readFile(path);
      const digest = await dataset.digest();
      const changed = [...erased.keys()].filter((i) => erased[i] !== whole[i]);
      const marks = new Set(placesOf(whole, 'live', [5, 7]));
      const others = changed.filter((i) => !marks.has(i));
      for (const done of [0, 1, Math.floor(others.length / 2), others.length - 1, others.length]) {
        const half = Buffer.from(whole);
        for (const i of [...marks, ...others.slice(0, done)]) half[i] = 0;
        await writeFile(path, half);
        const again = await Dataset.open(path);
        expect(await again.digest()).toBe(digest);
        expect(Buffer.compare(await readFile(path), erased)).toBe(0);
      }
    }
  });

  it('is awaited by whoever reads', async () => {
    const { dataset } = await saved(KINDS['bytes with names']!());
    const model = Model.create(TOY_WIDTHS);
    const erasing = dataset.erase([ids[3]!]);
    await expectCode(() => dataset.normalized([0]), 'ERR_BUSY');
    await expectCode(() => dataset.select([0]), 'ERR_BUSY');
    await expectCode(() => dataset.digest(), 'ERR_BUSY');
    await expectCode(() => dataset.erase([ids[4]!]), 'ERR_BUSY');
    await expectCode(() => dataset.close(), 'ERR_BUSY');
    await expectCode(() => model.train(dataset), 'ERR_BUSY');
    await erasing;
    expect(dataset.ids.size).toBe(rows - 1);
    await model.train(dataset, { epochs: 1 });
  });
});

/** The bytes of the file that hold these values of a U8 tensor. */
function placesOf(file: Buffer, tensor: string, places: readonly number[]): number[] {
  const { bytes } = decodeSafetensors(file).tensors.get(tensor)!;
  return places.map((place) => bytes.byteOffset - file.byteOffset + place);
}

describe('a data set of a file that somebody changes', () => {
  const changes: Record<string, (path: string) => Promise<unknown>> = {
    truncates: async (path) => (await open(path, 'r+')).truncate(100),
    appends: (path) => appendFile(path, 'x'),
    writes: async (path) => (await open(path, 'r+')).write(Buffer.of(255), 0, 1, 1000),
  };

  it.each(Object.entries(changes))('is not read any more: %s', async (_, change) => {
    const { dataset, path } = await saved(KINDS['floats with names']!());
    const model = Model.create(TOY_WIDTHS, { seed: 1 });
    const before = model.hash();
    await change(path);
    const error = await expectCode(() => model.train(dataset), 'ERR_FILE_CHANGED');
    expect(error.message).toContain(path);
    expect(model.hash()).toBe(before);
    await expectCode(() => dataset.normalized([0]), 'ERR_FILE_CHANGED');
    await expectCode(() => dataset.select([0]), 'ERR_FILE_CHANGED');
    await expectCode(() => dataset.digest(), 'ERR_FILE_CHANGED');
    await expectCode(() => dataset.erase([ids[3]!]), 'ERR_FILE_CHANGED');
    const folder = await temporaryFolder();
    await expectCode(() => dataset.save(join(folder, 'copy')), 'ERR_FILE_CHANGED');
    expect(readdirSync(folder)).toEqual([]);
  });

  it('goes on with the file it was opened from, where another takes its name', async () => {
    const { dataset, path } = await saved(KINDS['bytes with names']!());
    const digest = await dataset.digest();
    const other = `${path}.other`;
    await dataset.select([1, 2]).save(other);
    await rename(other, path);
    expect(await dataset.digest()).toBe(digest);
    const error = await expectCode(() => dataset.erase([ids[1]!]), 'ERR_FILE_CHANGED');
    expect(error.message).toContain('another file');
    expect((await Dataset.open(path)).rows).toBe(2);
  });

  it('learns that another data set erased in it', async () => {
    const { dataset, path } = await saved(KINDS['bytes with names']!());
    const other = await Dataset.open(path);
    await dataset.erase([ids[5]!]);
    await expectCode(() => other.digest(), 'ERR_FILE_CHANGED');
    expect(await (await Dataset.open(path)).digest()).toBe(await dataset.digest());
  });
});

describe('a closed data set', () => {
  it('is refused by whatever reads features', async () => {
    for (const dataset of [
      KINDS['bytes with names']!(),
      (await saved(KINDS['bytes with names']!())).dataset,
    ]) {
      const model = Model.create(TOY_WIDTHS);
      dataset.close();
      dataset.close();
      for (const read of [
        () => dataset.normalized([0]),
        () => dataset.select([0]),
        () => dataset.digest(),
        () => dataset.save('never'),
        () => dataset.erase([ids[0]!]),
        () => model.train(dataset),
      ]) {
        const error = await expectCode(read, 'ERR_INVALID_ARGUMENT');
        expect(error.message).toContain('closed');
      }
      expect(dataset.ids.at(0)).toBe(ids[0]);
    }
  });

  it('takes no part in how many files can be open', async () => {
    const { path } = await saved(KINDS['bytes without names']!());
    for (let i = 0; i < 1100; i++) (await Dataset.open(path)).close();
    await writeFile(path, (await readFile(path)).subarray(0, -1));
    for (let i = 0; i < 1100; i++) await expectCode(() => Dataset.open(path), 'ERR_INVALID_DATA');
  });
});
