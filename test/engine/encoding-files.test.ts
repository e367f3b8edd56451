import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { fitInputMap } from '#lethe/engine/encoding/fit-input-map';
import { inputRows } from '#lethe/engine/encoding/input-rows';
import { Model } from '#lethe/engine/model';
import { encodeModel } from '#lethe/engine/model-file';
import { decodeSafetensors, encodeSafetensors } from '#lethe/engine/safetensors';
import { expectCode } from '../support/errors.js';
import { RAW_NAMES, RAW_WIDTHS, rawDataset, rawRows } from '../support/raw-rows.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const rows = rawRows(150);
const dataset = await rawDataset(rows);
const inputMap = await fitInputMap(dataset, dataset.allRows());
const trained = Model.create(RAW_WIDTHS).withFacts({ inputMap, featureNames: RAW_NAMES });
await trained.train(dataset);

async function saved(data: { save(path: string): Promise<void> }): Promise<string> {
  const path = join(await temporaryFolder(), 'saved.safetensors');
  await data.save(path);
  return path;
}

describe('a row file of raw values', () => {
  it('holds everything of the data set, and answers and trains like it', async () => {
    const again = await Dataset.open(await saved(dataset));
    expect(again.encoding).toEqual(dataset.encoding);
    expect(again.inputs).toBe(dataset.inputs);
    expect(again.storage).toBe('float32');
    expect(await again.digest()).toBe(await dataset.digest());
    expect(again.stored(again.allRows())).toEqual(dataset.stored(dataset.allRows()));
    expect(await fitInputMap(again, again.allRows())).toEqual(inputMap);
    const model = Model.create(RAW_WIDTHS).withFacts({ inputMap });
    await model.train(again);
    expect(model.hash()).toBe(trained.hash());
    const logits = await trained.logits(dataset, [1, 2, 3]);
    expect(await trained.logits(again, [1, 2, 3])).toEqual(logits);
  });

  it('keeps its encoding when it is selected from or saved again without erased rows', async () => {
    const again = await Dataset.open(await saved(dataset));
    await again.erase([0, 30]);
    const compact = await Dataset.open(await saved(again));
    expect(compact.rows).toBe(148);
    const left = await rawDataset(rows.filter(({ id }) => id !== 0 && id !== 30));
    expect(await compact.digest()).toBe(await left.digest());
    expect(await fitInputMap(compact, compact.allRows())).toEqual(
      await fitInputMap(left, left.allRows()),
    );
  });

  it('can hold a selection that has a column twice', async () => {
    const selected = dataset.select(dataset.allRows(), { columns: [2, 0, 2] });
    const again = await Dataset.open(await saved(selected));
    expect(again.featureNames).toEqual(['country', 'age', 'country']);
    expect(await again.digest()).toBe(await selected.digest());
  });

  it('has no category where somebody wrote a place that there is not', async () => {
    const path = await saved(dataset);
    const file = decodeSafetensors(await readFile(path));
    const features = file.tensors.get('features')!;
    for (const [row, place] of [99, -1, 0.5, 3e38, -0].entries()) {
      features.bytes.set(new Uint8Array(Float32Array.of(place).buffer), 4 * (4 * row + 2));
    }
    await writeFile(path, encodeSafetensors(file));
    const altered = await Dataset.open(path);
    const inputs = await inputRows({ inputMap }, altered);
    const countries = [0, 1, 2, 3, 4].map((row) => [...inputs.normalized([row]).slice(3, 7)]);
    expect(countries.slice(0, 4)).toEqual(Array(4).fill([0, 0, 0, 0]));
    expect(countries[4]).toEqual([1, 0, 0, 0]);
    expect(await altered.digest()).not.toBe(await dataset.digest());
  });
});

describe('the file of a model that encodes', () => {
  it('brings the map back, with the same hash and answers', async () => {
    const again = await Model.load(await saved(trained));
    expect(again.inputMap).toEqual(inputMap);
    expect(again.hash()).toBe(trained.hash());
    const raw = dataset.stored(dataset.allRows()) as Float32Array;
    expect(again.predict(raw)).toEqual(trained.predict(raw));
    expect(await again.logits(dataset, [5])).toEqual(await trained.logits(dataset, [5]));
  });

  const file = decodeSafetensors(
    encodeModel({ widths: trained.widths, parameters: trained.parameters(), facts: trained.facts }),
  );

  async function withMap(change: (map: string) => string | undefined): Promise<string> {
    const path = join(await temporaryFolder(), 'model.safetensors');
    const { metadata, tensors } = file;
    // Without a seal of the metadata it is the hash of parameters and map that must notice.
    const { input_map: map, metadata_hash: _, ...others } = metadata;
    const changed = change(map!);
    const own = changed === undefined ? others : { ...others, input_map: changed };
    await writeFile(path, encodeSafetensors({ metadata: own, tensors }));
    return path;
  }

  it('is refused for every digit of the map that is another', async () => {
    const text = JSON.stringify(inputMap);
    const digits = [...text.matchAll(/\d/g)].map(({ index }) => index);
    expect(digits.length).toBeGreaterThan(20);
    for (const at of digits) {
      const other = `${(Number(text[at]) + 3) % 10}`;
      const path = await withMap((map) => map.slice(0, at) + other + map.slice(at + 1));
      // A digit that float32 does not hold means the same map.
      const { columns } = JSON.parse(text.slice(0, at) + other + text.slice(at + 1));
      const isSame = JSON.stringify(columns, rounded) === JSON.stringify(inputMap.columns);
      if (isSame) expect((await Model.load(path)).hash()).toBe(trained.hash());
      else await expectCode(() => Model.load(path), 'ERR_INVALID_MODEL');
    }
  });

  const rounded = (_: string, value: unknown) =>
    typeof value === 'number' ? Math.fround(value) : value;

  it.each<[string, (map: string) => string | undefined]>([
    ['no map', () => undefined],
    ['a map that is no JSON', (map) => map.slice(1)],
    ['a map of null', () => 'null'],
    ['a map of a number', () => '5'],
    ['a map without columns', () => '{}'],
    ['a map of no column', () => '{"columns":[]}'],
    ['columns that are null', () => '{"columns":[null,null,null,null]}'],
    ['another vocabulary', (map) => map.replace('"AT"', '"IT"')],
    ['another order of categories', (map) => map.replace('"AT","DE"', '"DE","AT"')],
    ['a field nobody knows', (map) => map.replace('"kind"', '"colour":1,"kind"')],
    ['a scale of 0', (map) => map.replace(/"scale":[^,}]+/, '"scale":0')],
    ['a negative scale', (map) => map.replace(/"scale":/, '"scale":-')],
    ['a scale too small for float32', (map) => map.replace(/"scale":[^,}]+/, '"scale":1e-60')],
    ['a centre beyond float32', (map) => map.replace(/"centre":[^,}]+/, '"centre":1e39')],
    ['no scale', (map) => map.replace(/,"scale":[^,}]+/, '')],
    ['a fill of null', (map) => map.replace(/"fill":[^,}]+/, '"fill":null')],
    ['a column more', (map) => map.replace('[', '[{"kind":"number"},')],
  ])('is refused with %s', async (_, change) => {
    const path = await withMap(change);
    const error = await expectCode(() => Model.load(path), 'ERR_INVALID_MODEL');
    expect(error.message).toContain(path);
  });

  it('does not depend on how its JSON is spelt', async () => {
    const path = await withMap((map) => JSON.stringify(JSON.parse(map), null, 2));
    expect((await Model.load(path)).hash()).toBe(trained.hash());
  });
});
