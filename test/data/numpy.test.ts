import { cp, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, vi } from 'vitest';
import { loadNumpy, type NumpyOptions } from '#lethe/data/numpy';
import EXPECTED from '../fixtures/numpy/expected.json' with { type: 'json' };
import { contentsOf } from '../support/contents.js';
import { expectCode, wrong } from '../support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { type Member, zipOf } from '../support/zip.js';

const at = (name: string) => new URL(`../fixtures/numpy/${name}`, import.meta.url).pathname;
const GOOD = at('good.npz');

const dataset = (options: Partial<NumpyOptions>, path = GOOD) =>
  loadNumpy(path, { features: 'little_f4', label: 'uint8', ...options });
const load = async (options: Partial<NumpyOptions>, path = GOOD) =>
  contentsOf(await dataset(options, path));
const refusal = async (options: Partial<NumpyOptions>, path: string) =>
  (await expectCode(() => load(options, path), 'ERR_INVALID_DATA')).message;

describe('an array of features', () => {
  it.each(Object.entries(EXPECTED.features))(
    '%s is what NumPy says',
    async (features, expected) => {
      const { data } = await load({ features });
      expect(data.rows).toBe(6);
      expect(data.columns).toBe(EXPECTED.columns[features as keyof typeof EXPECTED.columns]);
      expect([...data.features].map((value) => value + 0)).toEqual(
        expected.map((value) => value + 0),
      );
    },
  );

  it('stays bytes if it is told how they become features', async () => {
    const affine = { scale: 1 / 255, offset: 0 };
    const bytes = await dataset({ features: 'little_u1', affine });
    expect([bytes.storage, bytes.affine.scale]).toEqual(['bytes', Math.fround(1 / 255)]);
    expect(bytes.normalized(bytes.allRows())).toEqual(
      Float32Array.from(EXPECTED.features.little_u1, (byte) => byte * Math.fround(1 / 255)),
    );
    const floats = await dataset({ affine });
    expect(floats.storage).toBe('float32');
    expect(floats.mappedBy).toEqual({ scale: Math.fround(1 / 255), offset: 0 });
    const encode = { numbers: { standardize: true } };
    await expectCode(() => load({ affine, encode }), 'ERR_INVALID_ARGUMENT');
  });

  it.each<[string, string]>([
    ['objects', 'Python objects (pickle)'],
    ['structured', 'it is a structured array: save each of its fields'],
    ['complex', 'its elements have the type <c8'],
    ['dates', 'its elements have the type <M8[D]'],
    ['long_double', 'its elements have the type <f16'],
    ['scalar', 'its shape is ()'],
    ['no_rows', 'it has no rows: its shape is 0 x 3'],
    ['no_columns', 'its shape is 6 x 0'],
    ['nan', 'row 4, column nan[1] is NaN: leave the row out'],
    ['too_large', 'row 1, column too_large[0] is 1e+300, not a finite number'],
    ['nobody', 'it holds texts'],
  ])('%s is refused: %s', async (features, message) => {
    const found = await refusal({ features, label: 'y' }, at('bad.npz'));
    expect(found).toContain(message);
    expect(found).toContain(join('bad.npz', `${features}.npy`));
  });
});

describe('an array of labels or owners', () => {
  it.each(Object.entries(EXPECTED.names))('%s is what NumPy says', async (owner, expected) => {
    const { ownership } = await load({ owner, label: owner === 'uint8' ? 'int64' : 'uint8' });
    expect([...ownership!.owners].map((code) => ownership!.subjects[code])).toEqual(expected);
  });

  it('has its classes in order of value', async () => {
    expect((await load({ label: 'int64' })).classNames).toEqual([
      ...['-9223372036854775808', '0', '9', '10', '9223372036854775807'],
    ]);
    const { data, classNames } = await load({ label: 'whole_floats' });
    expect(classNames).toEqual(['0', '9', '10']);
    expect([...data.labels]).toEqual([2, 1, 0, 2, 1, 1]);
  });

  it.each<[string, string]>([
    ['short', 'its shape is (5), but 6 rows of features need one label each'],
    ['one_hot', 'its shape is (6, 6)'],
    ['fractions', 'row 2, column fractions is 0.5, not a text or a whole number'],
    ['nobody', 'row 2 has no label'],
    ['empty_text', 'row 2 has no label'],
    ['not_utf8', 'its element 2 is not text'],
    ['objects', 'Python objects'],
  ])('%s is refused: %s', async (label, message) => {
    expect(await refusal({ features: 'X', label }, at('bad.npz'))).toContain(message);
  });

  it('may name owners who are called None', async () => {
    const roles = { features: 'X', label: 'y', owner: 'nobody', missing: [] };
    expect((await load(roles, at('bad.npz'))).ownership!.subjects).toContain('None');
  });
});

describe('arrays of NumPy', () => {
  it('may be in a compressed archive', async () => {
    const roles = { features: 'X', label: 'y', owner: 'u' };
    const { data, ownership, classNames } = await load(roles, at('packed.npz'));
    expect(data.name).toBe('packed.npz');
    expect([...data.features]).toEqual(EXPECTED.features.rank_4);
    expect(classNames).toEqual([...new Set(EXPECTED.names.unicode)].sort());
    expect(ownership!.subjects).toEqual([...new Set(EXPECTED.names.bytes)].sort());
  });

  it('may be in a folder, in any version of the format', async () => {
    const folder = at('folder');
    const { data } = await load({ features: 'X', label: 'y' }, folder);
    expect([...data.features]).toEqual(EXPECTED.features.little_f8);
    for (const features of ['version_2', 'version_3']) {
      const other = await load({ features, label: 'y' }, folder);
      expect([...other.data.features]).toEqual(EXPECTED.features.big_f4);
    }
  });

  it.each<[string, Partial<NumpyOptions>]>([
    ['an array that is not there', { features: 'Z' }],
    ['one array for two things', { features: 'uint8' }],
    ['a list of features', { features: wrong(['a']) }],
    ['an affine map that is none', { affine: wrong({ scale: 1 }) }],
    ['an option that nobody knows', wrong({ columns: 2 })],
  ])('are not read with %s', async (_, options) => {
    await expectCode(() => load(options), 'ERR_INVALID_ARGUMENT');
  });

  it('that cannot be read have their own error code', async () => {
    const missing = join(await temporaryFolder(), 'missing.npz');
    await expectCode(() => load({}, missing), 'ERR_IO');
  });

  it('in a single file are refused with what to do', async () => {
    expect(await refusal({}, at('folder/X.npy'))).toContain('name the folder that holds it');
  });

  it('that need more memory than available are refused with the required amount', async () => {
    const available = vi.spyOn(process, 'availableMemory').mockReturnValue(100);
    const { message } = await expectCode(() => load({}), 'ERR_OUT_OF_MEMORY');
    expect(message).toContain('needs about 1 MiB of memory');
    available.mockRestore();
  });
});

describe('a damaged archive of arrays', () => {
  const header = (descr: string, shape: string) => {
    const text = `{'descr': '${descr}', 'fortran_order': False, 'shape': (${shape}), }\n`;
    const start = Buffer.from('\x93NUMPY\x01\x00\x00\x00', 'latin1');
    start.writeUInt16LE(text.length, 8);
    return Buffer.concat([start, Buffer.from(text)]);
  };
  const labels = { name: 'y.npy', contents: Buffer.concat([header('|u1', '2,'), Buffer.of(0, 1)]) };
  const features = Buffer.concat([header('<f4', '2, 1'), Buffer.alloc(8)]);

  async function archive(...members: Member[]): Promise<string> {
    const path = join(await temporaryFolder(), 'made.npz');
    await writeFile(path, zipOf(members));
    return path;
  }
  const refused = async (...members: Member[]) =>
    refusal({ features: 'X', label: 'y' }, await archive(...members, labels));

  it('is the only reason why these are refused', async () => {
    const path = await archive({ name: 'X.npy', contents: features }, labels);
    expect((await load({ features: 'X', label: 'y' }, path)).data.rows).toBe(2);
  });

  it('whose bytes have changed is refused', async () => {
    const member = { name: 'X.npy', contents: features, crc: 1 };
    expect(await refused(member)).toContain('not as their checksum says');
  });

  it('whose sizes lie is refused before memory is taken', async () => {
    const bomb = header('<f4', '1000000, 1000000');
    expect(await refused({ name: 'X.npy', contents: bomb })).toContain('4000000000');
    const contents = Buffer.concat([bomb, Buffer.alloc(2 ** 17)]);
    const size = bomb.length + 4e12;
    const path = await archive({ name: 'X.npy', contents, size }, labels);
    const read = () => load({ features: 'X', label: 'y' }, path);
    await expectCode(read, 'ERR_OUT_OF_MEMORY');
    expect(await refused({ name: 'X.npy', contents: features, size: 7 })).toContain('X.npy');
  });

  it.each(['99999999999, 99999999999', '99999999999999999999', '0, 99999999999999999999'])(
    'of the shape %s is refused',
    async (shape) => {
      expect(await refused({ name: 'X.npy', contents: header('<f4', shape) })).toContain('shape');
    },
  );

  it('with two arrays of one name is refused', async () => {
    const member = { name: 'X.npy', contents: features };
    expect(await refused(member, member)).toContain('two arrays of the name X.npy');
  });

  it.each<[string, Buffer]>([
    ['nothing', Buffer.alloc(0)],
    ['another magic number', Buffer.from('\x93NUMPX\x01\x00', 'latin1')],
    ['another version', Buffer.from('\x93NUMPY\x09\x00\x00\x00', 'latin1')],
    ['half a header', header('<f4', '2, 1').subarray(0, 30)],
    ['no shape', header('<f4', '2, x')],
    ['negative extents', header('<f4', '-2, 1')],
  ])('with an array of %s is refused', async (_, contents) => {
    expect(await refused({ name: 'X.npy', contents })).toContain('X.npy');
  });

  it('that is cut off anywhere is refused', async () => {
    const whole = await readFile(at('packed.npz'));
    const path = join(await temporaryFolder(), 'cut.npz');
    for (let length = 0; length < whole.length; length += 40) {
      await writeFile(path, whole.subarray(0, length));
      await refusal({ features: 'X', label: 'y', owner: 'u' }, path);
    }
  });

  it('in a folder with a file that is cut off is refused', async () => {
    const folder = join(await temporaryFolder(), 'arrays');
    await cp(at('folder'), folder, { recursive: true });
    await writeFile(join(folder, 'X.npy'), (await readFile(at('folder/X.npy'))).subarray(0, -8));
    expect(await refusal({ features: 'X', label: 'y' }, folder)).toContain(
      'its header announces 6 x 4',
    );
  });
});
