import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { loadCsv } from '#lethe/data/csv';
import { loadParquet } from '#lethe/data/parquet';
import { Dataset } from '#lethe/engine/dataset';
import { trainModel } from '#lethe/training/train-model';
import { expectCode } from '../support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const affine = { scale: Math.fround(1 / 255), offset: -0.5 };
const pixels = Uint8Array.from({ length: 200 }, (_, i) => (i * 37) % 256);
const labels = Uint32Array.from({ length: 100 }, (_, row) => row % 2);

async function csv(): Promise<string> {
  const path = join(await temporaryFolder(), 'pixels.csv');
  const rows = Array.from(
    { length: 100 },
    (_, row) => `${pixels[2 * row]},${pixels[2 * row + 1]},${labels[row]}`,
  );
  await writeFile(path, ['a,b,y', ...rows].join('\n'));
  return path;
}

describe('a table of raw pixels', () => {
  it('is what the bytes are to a model that was trained on them', async () => {
    const bytes = new Dataset({
      ...{ name: 'pixels', rows: 100, columns: 2, classNames: ['0', '1'] },
      ...{ featureNames: ['a', 'b'], features: pixels, affine, labels },
    });
    const { model } = await trainModel([2, 4, 2], bytes, { recipe: 'plain' });
    const path = await csv();
    const table = await loadCsv(path, { label: 'y', affine: model.facts.affine! });
    expect(table.normalized(table.allRows())).toEqual(bytes.normalized(bytes.allRows()));
    expect((await model.evaluate(table, table.allRows())).correct).toBe(
      (await model.evaluate(bytes, bytes.allRows())).correct,
    );
    const raw = await loadCsv(path, { label: 'y' });
    await expectCode(() => model.evaluate(raw, [0]), 'ERR_INVALID_ARGUMENT');
  });

  it('may be mapped already', async () => {
    const table = await loadCsv(await csv(), { label: 'y', affine: { ...affine, applied: true } });
    expect(table.stored([0])).toEqual(Float32Array.from(pixels.subarray(0, 2)));
    expect(table.mappedBy).toEqual(affine);
  });

  it.each([
    ['a map that is none', { affine: { scale: 1 } as never }],
    ['a map beside an encoding', { affine, encode: {} }],
  ])('is refused: %s', async (_, options) => {
    const path = await csv();
    await expectCode(() => loadCsv(path, { label: 'y', ...options }), 'ERR_INVALID_ARGUMENT');
    await expectCode(() => loadParquet(path, { label: 'y', ...options }), 'ERR_INVALID_ARGUMENT');
  });
});
