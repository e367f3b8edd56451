import { readFileSync } from 'node:fs';
import { cp, mkdir, readFile, rename, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { encodeSafetensors, type Tensor } from '#lethe/engine/safetensors';
import { fromSafetensors, loadSafetensors } from '#lethe/formats/import-model';
import { expectCode } from '../../support/errors.js';
import { expectClose } from '../../support/fixture.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const FIXTURES = new URL('../../fixtures/', import.meta.url).pathname;
const DICTS = join(FIXTURES, 'state-dicts');
const CASES = join(FIXTURES, 'cases/safetensors');

interface Case {
  readonly layers: string[];
  readonly logits: number[];
}
const json = (folder: string) => JSON.parse(readFileSync(join(folder, 'expected.json'), 'utf8'));
const { input: caseInput, ...cases } = json(CASES) as { input: number[] } & Record<string, Case>;
const made = json(DICTS) as { input: number[]; logits: Record<string, number[]> };

/** Float32 zeros; `fill` tells tensors apart. */
const zeros = (...shape: number[]): Tensor => ({
  ...{ dtype: 'F32', shape },
  bytes: new Uint8Array(4 * shape.reduce((a, b) => a * b, 1)),
});
const dict = (tensors: Record<string, Tensor>, metadata: Record<string, string> = {}) =>
  encodeSafetensors({ metadata, tensors: new Map(Object.entries(tensors)) });

describe.each(Object.entries(cases))('the case %s', (file, { layers, logits }) => {
  it('has the logits of PyTorch with the layers named', async () => {
    const { model, layers: named } = await loadSafetensors(join(CASES, file), { layers });
    expect(named).toEqual(layers);
    // Written with six decimals.
    const own = model.predict(Float32Array.from(caseInput));
    for (const [i, logit] of logits.entries()) expect(own[i]).toBeCloseTo(logit, 5);
  });
});

it.each(['tied-layers.safetensors', 'half.safetensors'])(
  'the case %s needs no order',
  async (file) => {
    const { layers, model } = await loadSafetensors(join(CASES, file));
    expect(layers).toEqual(cases[file]!.layers);
    const own = model.predict(Float32Array.from(caseInput));
    for (const [i, logit] of cases[file]!.logits.entries()) expect(own[i]).toBeCloseTo(logit, 5);
  },
);

describe.each(Object.entries(made.logits))("PyTorch's %s", (file, logits) => {
  it('computes the logits of PyTorch', async () => {
    const { model } = await loadSafetensors(join(DICTS, file));
    const own = model.predict(Float32Array.from(made.input));
    expectClose(own, Float32Array.from(logits), file);
  });
});

describe.each<[string, 'ERR_INVALID_MODEL' | 'ERR_UNSUPPORTED_MODEL', string]>([
  ['float64.safetensors', 'ERR_UNSUPPORTED_MODEL', 'would be rounded'],
  ['batch-norm.safetensors', 'ERR_UNSUPPORTED_MODEL', 'belongs to a batch normalization'],
  ['lora.safetensors', 'ERR_UNSUPPORTED_MODEL', 'merge_and_unload'],
  ['keras.safetensors', 'ERR_UNSUPPORTED_MODEL', 'dense.kernel is one of Keras or Flax'],
  ['transposed.safetensors', 'ERR_INVALID_MODEL', 'transpose them'],
  ['int8.safetensors', 'ERR_UNSUPPORTED_MODEL', 'I8: a quantized model'],
  ['float8.safetensors', 'ERR_UNSUPPORTED_MODEL', 'F8_E4M3: a quantized model'],
  ['archive.pt', 'ERR_INVALID_MODEL', 'this is a PyTorch archive'],
  ['old.pt', 'ERR_INVALID_MODEL', 'this is a PyTorch file of an old form'],
  ['array.npy', 'ERR_INVALID_MODEL', 'this is a NumPy array'],
  ['arrays.npz', 'ERR_INVALID_MODEL', 'this is a NumPy archive'],
  ['pickle.pkl', 'ERR_INVALID_MODEL', 'this is a Python pickle'],
  ['expected.json', 'ERR_INVALID_MODEL', 'without a weight_map'],
])('%s', (file, code, reason) => {
  it('is refused, with its path and what to do', async () => {
    const path = join(DICTS, file);
    const { message } = await expectCode(() => loadSafetensors(path), code);
    expect(message).toContain(reason);
    expect(message).toContain(path);
  });
});

describe('the order of layers', () => {
  const square = (...names: string[]) =>
    Object.fromEntries(names.map((name) => [`${name}.weight`, zeros(6, 6)]));
  const head = { 'head.weight': zeros(3, 6) };

  it('is not guessed where several fit: the message lists them', async () => {
    const path = join(CASES, 'input-hidden-output.safetensors');
    const { message } = await expectCode(() => loadSafetensors(path), 'ERR_UNSUPPORTED_MODEL');
    expect(message).toContain('`layers`');
    expect(message).toContain('[input, hidden, output]');
    expect(message).toContain('[hidden, input, output]');
  });

  it.each<[string, Record<string, Tensor>, string[]]>([
    ['the numbers', square('b2', 'b10', 'b9'), ['b2', 'b9', 'b10']],
    [
      'several numbers, the first counts first',
      square('blocks.1.fc1', 'blocks.0.fc2', 'blocks.0.fc1'),
      ['blocks.0.fc1', 'blocks.0.fc2', 'blocks.1.fc1'],
    ],
    ['numbers and shapes', { ...head, ...square('fc2', 'fc1') }, ['fc1', 'fc2', 'head']],
    [
      'shapes alone',
      { 'z.weight': zeros(5, 6), 'a.weight': zeros(4, 5), 'm.weight': zeros(3, 4) },
      ['z', 'a', 'm'],
    ],
  ])('is told by %s', (_, tensors, layers) => {
    expect(fromSafetensors(dict(tensors)).layers).toEqual(layers);
  });

  it.each<[string, Record<string, Tensor>, string]>([
    [
      'numbers that shapes contradict',
      { 'l1.weight': zeros(3, 6), 'l2.weight': zeros(6, 6) },
      '[l2, l1]',
    ],
    ['equal numbers', square('fc1', 'fc01'), '[fc01, fc1]'],
    ['no numbers', square('a', 'b', 'c', 'd'), 'and in more orders'],
    ['layers that never fit', { 'a.weight': zeros(5, 6), 'b.weight': zeros(3, 4) }, 'none fits'],
  ])('is asked for: %s', async (_, tensors, reason) => {
    const call = () => fromSafetensors(dict(tensors));
    const { message } = await expectCode(call, 'ERR_UNSUPPORTED_MODEL');
    expect(message).toContain('`layers`');
    expect(message).toContain(reason);
  });

  it('is not searched for without an end', async () => {
    const one = Array.from({ length: 60 }, (_, i) => [`${'x'.repeat(i + 1)}.weight`, zeros(1, 1)]);
    const tensors = { ...Object.fromEntries(one), 'last.weight': zeros(3, 2) };
    const { message } = await expectCode(
      () => fromSafetensors(dict(tensors)),
      'ERR_UNSUPPORTED_MODEL',
    );
    expect(message).toContain('too many to try');
  });

  it('compares numbers of any length', () => {
    const long = '9'.repeat(100_000);
    const { layers } = fromSafetensors(dict(square(`l${long}1`, `l${long}`)));
    expect(layers[0]).toBe(`l${long}`);
  });
});

describe('the name of another tensor in the metadata', () => {
  const tensors = { '0.weight': zeros(3, 3), '0.bias': zeros(3), '4.weight': zeros(2, 3) };

  it('may lead over others', () => {
    const metadata = { '2.weight': '1.weight', '1.weight': '0.weight', note: 'x' };
    expect(fromSafetensors(dict(tensors, metadata)).layers).toEqual(['0', '1', '2', '4']);
  });

  it.each<[string, Record<string, string>, string]>([
    ['nowhere', { '2.weight': '1.weight' }, '2.weight is 1.weight, but there is no such tensor'],
    ['in a circle', { '2.weight': '1.weight', '1.weight': '2.weight' }, 'in a circle'],
    ['to itself', { '2.weight': '2.weight' }, 'in a circle'],
    ['away from its own', { '4.weight': '0.weight' }, 'holds both'],
  ])('is refused where it leads %s', async (_, metadata, reason) => {
    const call = () => fromSafetensors(dict(tensors, metadata));
    expect((await expectCode(call, 'ERR_INVALID_MODEL')).message).toContain(reason);
  });

  it('is refused where it names a tensor of no linear layer', async () => {
    const call = () => fromSafetensors(dict(tensors, { embedding: '0.weight' }));
    await expectCode(call, 'ERR_UNSUPPORTED_MODEL');
  });

  it('does not make memory of a small file', async () => {
    const big = { '0.weight': zeros(1000, 1000) };
    const names = Array.from({ length: 200_000 }, (_, i) => [`${i + 1}.weight`, '0.weight']);
    const bytes = dict(big, Object.fromEntries(names));
    await expectCode(() => fromSafetensors(bytes), 'ERR_OUT_OF_MEMORY');
  });
});

describe('an index of shards', () => {
  const INDEX = 'model.safetensors.index.json';
  const FIRST = 'model-00001-of-00002.safetensors';

  async function copied(change: (folder: string, index: ShardJson) => unknown): Promise<string> {
    const folder = await temporaryFolder();
    await cp(join(DICTS, 'sharded'), folder, { recursive: true });
    const path = join(folder, INDEX);
    const index = JSON.parse(await readFile(path, 'utf8')) as ShardJson;
    await change(folder, index);
    await writeFile(path, JSON.stringify(index));
    return path;
  }
  interface ShardJson {
    metadata?: Record<string, unknown>;
    weight_map: Record<string, unknown>;
  }
  const rerouted = (index: ShardJson, file: string) => {
    for (const [name, shard] of Object.entries(index.weight_map)) {
      if (shard === FIRST) index.weight_map[name] = file;
    }
  };

  it('may leave out the size, and name shards in folders within its own', async () => {
    const path = await copied(async (folder, index) => {
      delete index.metadata;
      await mkdir(join(folder, 'parts'));
      await rename(join(folder, FIRST), join(folder, 'parts', FIRST));
      rerouted(index, `parts/${FIRST}`);
    });
    expect((await loadSafetensors(path)).layers).toEqual(['0', '2', '4']);
  });

  it.each<[string, (folder: string, index: ShardJson) => unknown, string]>([
    ['a path out of its folder', (_, index) => rerouted(index, `../${FIRST}`), 'out of its folder'],
    ['an absolute path', (folder, index) => rerouted(index, join(folder, FIRST)), 'no relative'],
    ['a path of Windows', (_, index) => rerouted(index, `C:\\${FIRST}`), 'no relative path'],
    ['no path', (_, index) => rerouted(index, ''), 'no relative path'],
    [
      'a link out of its folder',
      async (folder) => {
        const elsewhere = join(await temporaryFolder(), FIRST);
        await rename(join(folder, FIRST), elsewhere);
        await symlink(elsewhere, join(folder, FIRST));
      },
      'symbolic link',
    ],
    [
      'a folder',
      (folder, index) => mkdir(join(folder, 'x')).then(() => rerouted(index, 'x')),
      'no regular file',
    ],
    ['another size in all', (_, index) => (index.metadata = { total_size: 5 }), 'the index says 5'],
    [
      'a size that is text',
      (_, index) => (index.metadata = { total_size: '5' }),
      'no whole number',
    ],
    [
      'a tensor that is missing',
      (_, index) => (index.weight_map['9.weight'] = FIRST),
      'does not hold the tensor 9.weight',
    ],
    [
      'a tensor that it does not list',
      (_, index) => delete index.weight_map['0.bias'],
      'does not list it',
    ],
    [
      'a tensor twice',
      (folder, index) => {
        index.weight_map['9.weight'] = 'again.safetensors';
        return cp(join(folder, FIRST), join(folder, 'again.safetensors'));
      },
      'but the index says',
    ],
    [
      'a file that is no text',
      (_, index) => (index.weight_map['0.bias'] = 7),
      'names no file for 0.bias',
    ],
    ['no map', (_, index) => (index.weight_map = wrongMap), 'without a weight_map'],
    ['a broken shard', (folder) => writeFile(join(folder, FIRST), 'broken'), `the shard ${FIRST}`],
  ])('is refused with %s', async (_, change, reason) => {
    const path = await copied(change);
    const { message } = await expectCode(() => loadSafetensors(path), 'ERR_INVALID_MODEL');
    expect(message).toContain(reason);
    expect(message).toContain(path);
  });
  const wrongMap = [] as unknown as Record<string, unknown>;

  it('is refused where a shard cannot be read', async () => {
    const path = await copied((_, index) => rerouted(index, 'missing.safetensors'));
    const { message } = await expectCode(() => loadSafetensors(path), 'ERR_IO');
    expect(message).toContain('missing.safetensors');
  });

  it('is not what a file is whose length of the header reads like one', async () => {
    const bytes = Buffer.from(dict({ '0.weight': zeros(3, 6) }));
    const header = bytes.subarray(8, 8 + Number(bytes.readBigUInt64LE(0)));
    // '{"' as a number.
    const padded = Buffer.concat([header, Buffer.alloc(0x227b - header.length, ' ')]);
    const length = Buffer.from('{"\0\0\0\0\0\0');
    const path = join(await temporaryFolder(), 'model.safetensors');
    await writeFile(path, Buffer.concat([length, padded, bytes.subarray(8 + header.length)]));
    expect((await loadSafetensors(path)).layers).toEqual(['0']);
  });

  it('is no file of tensors: its bytes alone say where they are', async () => {
    const bytes = await readFile(join(DICTS, 'sharded', INDEX));
    const { message } = await expectCode(() => fromSafetensors(bytes), 'ERR_INVALID_MODEL');
    expect(message).toContain('this is an index of shards');
  });
});
