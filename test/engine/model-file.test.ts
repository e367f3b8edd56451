import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LetheError } from '#lethe/base/errors';
import { Model } from '#lethe/engine/model';
import { decodeModel, encodeModel } from '#lethe/engine/model-file';
import { decodeSafetensors, encodeSafetensors } from '#lethe/engine/safetensors';
import { expectCode, wrong } from '../support/errors.js';

const widths = [5, 4, 3];
const model = Model.create(widths, { seed: 9 });
const bytes = encodeModel({ widths, parameters: model.parameters(), facts: {} });
const headerEnd = 8 + Number(Buffer.from(bytes).readBigUInt64LE());

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('a saved model', () => {
  it('is loaded bit for bit', async () => {
    const path = join(folder, 'model.safetensors');
    await model.save(path);
    const loaded = await Model.load(path);
    expect(loaded.widths).toEqual(widths);
    expect(loaded.hash()).toBe(model.hash());
  });

  it('is a valid safetensors file', async () => {
    const path = join(folder, 'model.safetensors');
    await model.save(path);
    const file = await readFile(path);
    const start = 8 + Number(file.readBigUInt64LE(0));
    const header = JSON.parse(file.toString('utf8', 8, start));
    expect(header.__metadata__).toEqual({
      format: 'lethe-model',
      version: '1',
      widths: '[5,4,3]',
      parameter_hash: model.hash(),
      metadata_hash: expect.stringMatching(/^[0-9a-f]{64}$/),
    });
    const shapes = Object.entries<{ shape: number[] }>(header).map(([k, v]) => [k, v.shape]);
    expect(shapes.slice(1)).toEqual([
      ['layers.0.weight', [4, 5]],
      ['layers.0.bias', [4]],
      ['layers.1.weight', [3, 4]],
      ['layers.1.bias', [3]],
    ]);
    const [begin, end] = header['layers.0.bias'].data_offsets;
    const bias = Array.from({ length: (end - begin) / 4 }, (_, i) =>
      file.readFloatLE(start + begin + 4 * i),
    );
    expect(bias).toEqual([...model.parameters().subarray(20, 24)]);
  });

  it('replaces an older one and leaves nothing else behind', async () => {
    const own = join(folder, 'replace');
    await mkdir(own);
    const path = join(own, 'model');
    await writeFile(path, 'something older and much, much longer'.repeat(100));
    await model.save(path);
    expect((await Model.load(path)).hash()).toBe(model.hash());
    expect(await readdir(own)).toEqual(['model']);
  });

  it.each<[string, (own: string) => string]>([
    ['a folder that is not there', (own) => join(own, 'nowhere', 'model')],
    ['a folder that is a file', (own) => join(own, 'old', 'model')],
    ['a file that is a folder', (own) => own],
    ['a file that is named as a folder', (own) => join(own, 'new/')],
  ])('cannot be written to %s', async (what, path) => {
    const own = join(folder, what);
    await mkdir(own);
    await writeFile(join(own, 'old'), 'old');
    await expectCode(() => model.save(path(own)), 'ERR_IO');
    expect(await readFile(join(own, 'old'), 'utf8')).toBe('old');
    expect(await readdir(own)).toEqual(['old']);
    expect((await readdir(folder)).filter((name) => name.endsWith('.tmp'))).toEqual([]);
  });

  it.each([
    ...[undefined, null, 0, {}, ['model'], '', ' ', '\n'],
    join(tmpdir(), 'mo\0del'),
    join(tmpdir(), '\ud800'),
  ])('needs a path, not %j', async (path) => {
    await expectCode(() => model.save(wrong(path)), 'ERR_INVALID_ARGUMENT');
    await expectCode(() => Model.load(wrong(path)), 'ERR_INVALID_ARGUMENT');
  });
});

async function expectRefused(contents: Uint8Array): Promise<void> {
  const path = join(folder, 'refused');
  await writeFile(path, contents);
  await expectCode(() => Model.load(path), 'ERR_INVALID_MODEL');
}

/** The parameters in the file, or the error with which it is refused. */
function outcome(contents: Uint8Array): unknown {
  try {
    return decodeModel(contents).parameters;
  } catch (error) {
    return error instanceof LetheError ? error.code : error;
  }
}

/** The file with a changed header, but consistent lengths and offsets. */
function edited(change: (file: ReturnType<typeof parts>) => void): Uint8Array {
  const file = parts();
  change(file);
  return encodeSafetensors(file);
}

function parts() {
  const { metadata, tensors } = decodeSafetensors(bytes);
  return { metadata: { ...metadata }, tensors: new Map(tensors) };
}

describe('an invalid model file', () => {
  it('is refused: a missing file, a folder', async () => {
    await expectCode(() => Model.load(join(folder, 'nothing')), 'ERR_IO');
    await expectCode(() => Model.load(folder), 'ERR_IO');
  });

  it('is refused: a file truncated anywhere', async () => {
    for (let length = 0; length < bytes.length; length++) {
      expect(outcome(bytes.subarray(0, length))).toBe('ERR_INVALID_MODEL');
    }
    await expectRefused(bytes.subarray(0, headerEnd + 7));
  });

  it('is refused: a file with trailing bytes', () =>
    expectRefused(Buffer.concat([bytes, Buffer.alloc(1)])));

  it('is refused: any bit of any parameter flipped', () => {
    for (let bit = 8 * headerEnd; bit < 8 * bytes.length; bit++) {
      const altered = Uint8Array.from(bytes);
      altered[bit >> 3]! ^= 1 << (bit & 7);
      expect(outcome(altered)).toBe('ERR_INVALID_MODEL');
    }
  });

  it.each<[string, Parameters<typeof edited>[0]]>([
    ['another hash', ({ metadata }) => (metadata.parameter_hash = '0'.repeat(64))],
    ['no hash', ({ metadata }) => delete metadata.parameter_hash],
    ['another format', ({ metadata }) => (metadata.format = 'pt')],
    ['another version', ({ metadata }) => (metadata.version = '2')],
    ['no metadata', ({ metadata }) => Object.keys(metadata).map((key) => delete metadata[key])],
    ['no widths', ({ metadata }) => delete metadata.widths],
    ['widths that are not JSON', ({ metadata }) => (metadata.widths = '[5,4')],
    ['widths that are not a list', ({ metadata }) => (metadata.widths = '{"0":5}')],
    ['fractional widths', ({ metadata }) => (metadata.widths = '[5,4.5,3]')],
    ['zero widths', ({ metadata }) => (metadata.widths = '[5,0,3]')],
    ['other widths', ({ metadata }) => (metadata.widths = '[4,5,3]')],
    ['fewer widths', ({ metadata }) => (metadata.widths = '[5,4]')],
    ['huge widths', ({ metadata }) => (metadata.widths = '[9007199254740991,9007199254740991]')],
    ['a tensor that is missing', ({ tensors }) => tensors.delete('layers.1.bias')],
    [
      'a tensor of another type',
      ({ tensors }) =>
        tensors.set('layers.1.bias', { ...tensors.get('layers.1.bias')!, dtype: 'U32' }),
    ],
    [
      'a tensor of another shape',
      ({ tensors }) =>
        tensors.set('layers.0.weight', { ...tensors.get('layers.0.weight')!, shape: [5, 4] }),
    ],
  ])('is refused: a file with %s', (_, change) => expectRefused(edited(change)));

  it('is refused: parameters that are not finite, even with the right hash', () => {
    const parameters = model.parameters().fill(Number.NaN, 3, 4);
    return expectRefused(encodeModel({ widths, parameters, facts: {} }));
  });

  it('is refused with a typed error, or holds the same parameters, after any change', () => {
    const change = fc.tuple(fc.nat(bytes.length - 1), fc.nat(255));
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 4 }), (changes) => {
        const altered = Uint8Array.from(bytes);
        for (const [at, value] of changes) altered[at] = value;
        expect(['ERR_INVALID_MODEL', model.parameters()]).toContainEqual(outcome(altered));
      }),
      { seed: 1, numRuns: 2000 },
    );
  });
});
