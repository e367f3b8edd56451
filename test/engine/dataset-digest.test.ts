import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import type { LabelledRow } from '#lethe/engine/dataset-from';
import type { ColumnEncoding } from '#lethe/engine/encoding/column-encoding';
import type { Cell } from '#lethe/engine/encoding/records';
import { toyData } from '../support/toy.js';

/** What scripts/fixtures/make_digests.py writes; a whole number is a text in `whole`. */
interface Digested {
  readonly rows: { id: string | { whole: string } | null; label: string; features: Cell[] }[];
  readonly classNames: string[];
  readonly featureNames: string[] | null;
  readonly affine: [number, number] | null;
  readonly encoding?: ColumnEncoding[];
  readonly digest: string;
}

const FILE = new URL('../fixtures/digests.json', import.meta.url);
const DIGESTS: Record<string, Digested> = JSON.parse(await readFile(FILE, 'utf8'));

function made({ rows, classNames, featureNames, affine, encoding }: Digested): Promise<Dataset> {
  const listed = rows.map(({ id, label, features }): LabelledRow => {
    const name = typeof id === 'object' && id ? BigInt(id.whole) : id;
    const values = affine ? Uint8Array.from(features as number[]) : features;
    return { ...(name !== null && { id: name }), label, features: values };
  });
  return Dataset.from(listed, {
    classNames,
    ...(featureNames && { featureNames }),
    ...(affine && { affine: { scale: affine[0], offset: affine[1] } }),
    ...(encoding && { encode: encoding }),
  });
}

describe('the digest of a data set', () => {
  it.each(Object.entries(DIGESTS))('is that of hashlib: %s', async (_, digested) => {
    expect(await (await made(digested)).digest()).toBe(digested.digest);
  });

  it('tells data sets apart by everything that a training reads', async () => {
    const data = { ...toyData({ rows: 9 }), ids: [...'abcdefghi'] };
    const { affine, ...floats } = data;
    const changes: object[] = [
      {},
      { ids: undefined },
      { ids: [...'abcdefghj'] },
      { ids: [1, 2, 3, 4, 5, 6, 7, 8, 9] },
      { labels: data.labels.with(3, (data.labels[3]! + 1) % 3) },
      { features: data.features.with(5, data.features[5]! ^ 1) },
      { affine: { scale: affine.scale, offset: 0 } },
      { classes: 4 },
      { classNames: ['x', 'y', 'z'] },
      { classNames: ['x', 'z', 'y'] },
      { columns: 6, rows: 18, labels: new Uint32Array(18), ids: undefined },
      { featureNames: Array.from({ length: 12 }, (_, i) => `f${i}`) },
    ];
    const digests = new Set<string>();
    for (const change of changes) digests.add(await new Dataset({ ...data, ...change }).digest());
    digests.add(
      await new Dataset({ ...floats, features: Float32Array.from(data.features) }).digest(),
    );
    expect(digests.size).toBe(changes.length + 1);
  });

  it('does not tell by whom a row is owned, nor the name of the whole', async () => {
    const data = toyData({ rows: 3 });
    const owned = new Dataset({ ...data, name: 'other', subjects: ['a', 'b', ['c', 'd']] });
    expect(await owned.digest()).toBe(await new Dataset(data).digest());
  });

  it('is of the rows that are left: as if erased ones had never been there', async () => {
    const data = toyData({ rows: 40 });
    const rest = (kept: number[], ids: boolean) =>
      new Dataset({
        ...data,
        rows: kept.length,
        features: Uint8Array.from(
          kept.flatMap((row) => [...data.features.subarray(12 * row, 12 * row + 12)]),
        ),
        labels: Uint32Array.from(kept, (row) => data.labels[row]!),
        ...(ids && { ids: kept }),
      });
    const inside = new Dataset(data);
    await inside.erase([7, 0]);
    const kept = [...data.labels.keys()].filter((row) => row !== 7 && row !== 0);
    expect(await inside.digest()).toBe(await rest(kept, true).digest());
    const atTheEnd = new Dataset(data);
    await atTheEnd.erase([39, 38]);
    expect(await atTheEnd.digest()).toBe(await rest([...Array(38).keys()], false).digest());
  });
});
