import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { foreignKind } from '#lethe/base/file-kind';
import { expectCode } from '../support/errors.js';
import {
  loadArrow,
  loadCsv,
  loadIdx,
  loadNumpy,
  loadOnnx,
  loadParquet,
  loadSafetensors,
  Model,
} from '../support/everything.js';
import { temporaryFolder } from '../support/temporary-folder.js';
import { zipOf } from '../support/zip.js';

const fixture = (name: string) => readFileSync(new URL(`../fixtures/${name}`, import.meta.url));
const latin1 = (text: string) => Buffer.from(text, 'latin1');

/** Files of other programs, and starts of files as their formats define them. */
const FOREIGN: [what: string, bytes: Uint8Array][] = [
  ['a PyTorch archive', fixture('state-dicts/archive.pt')],
  ['a PyTorch file of an old form', fixture('state-dicts/old.pt')],
  ['a NumPy array', fixture('state-dicts/array.npy')],
  ['a NumPy archive', fixture('state-dicts/arrays.npz')],
  ['a Python pickle', fixture('state-dicts/pickle.pkl')],
  ['an HDF5 file', latin1('\x89HDF\r\n\x1a\n\0\0\0\0')],
  ['a language model', latin1('GGUF\x03\0\0\0\0\0\0\0')],
  ['a pointer of Git LFS', latin1('version https://git-lfs.github.com/spec/v1\noid sha256:00\n')],
  ['a web page', latin1('\n<!DOCTYPE html>\n<html><title>404</title></html>')],
  ['a zip archive', latin1(`PK\x03\x04${'\0'.repeat(26)}readme.txt`)],
  ['an Arrow file', latin1('ARROW1\0\0')],
  ['an Arrow file', fixture('arrow/polars-zstd.arrows')],
  ['a Feather file of version 1', latin1('FEA1\0\0\0\0')],
  ['a SQLite database', latin1('SQLite format 3\0')],
  ['a bzip2 file', latin1('BZh91AY&SY')],
  ['a JSON file', latin1('{"layers": []}')],
];
const PARQUET: [string, Uint8Array] = ['a Parquet file', latin1('PAR1\x15\x04')];
const SAFETENSORS: [string, Uint8Array] = [
  'a safetensors file',
  fixture('models/sequential.safetensors'),
];
const ONNX: [string, Uint8Array] = ['an ONNX model', fixture('models/gemm.onnx')];
const UTF_16: [string, Uint8Array] = ['text in UTF-16', Buffer.from('\ufeffx,y\n', 'utf16le')];
const GZIP: [string, Uint8Array] = ['a gzip file', gzipSync(PARQUET[1])];
const without = (...kinds: string[]) =>
  FOREIGN.filter(([what]) => !kinds.some((kind) => what.startsWith(kind)));
const IDX: [string, Uint8Array] = ['an IDX file', latin1('\0\0\x08\x01\0\0\0\x01\x05')];

const READERS: [
  name: string,
  read: (path: string) => Promise<unknown>,
  code: 'ERR_INVALID_MODEL' | 'ERR_INVALID_DATA',
  others: [string, Uint8Array][],
][] = [
  [
    'loadSafetensors',
    (path) => loadSafetensors(path),
    'ERR_INVALID_MODEL',
    [PARQUET, ONNX, IDX].concat(FOREIGN.slice(0, -1)),
  ],
  ['loadOnnx', loadOnnx, 'ERR_INVALID_MODEL', [PARQUET, SAFETENSORS, IDX, ...FOREIGN]],
  ['Model.load', (path) => Model.load(path), 'ERR_INVALID_MODEL', [PARQUET, ONNX, IDX, ...FOREIGN]],
  [
    'loadCsv',
    (path) => loadCsv(path, { label: 'y' }),
    'ERR_INVALID_DATA',
    [PARQUET, SAFETENSORS, ONNX, IDX, ...FOREIGN],
  ],
  [
    'loadParquet',
    (path) => loadParquet(path, { label: 'y' }),
    'ERR_INVALID_DATA',
    [SAFETENSORS, ONNX, IDX, UTF_16, GZIP, ...FOREIGN],
  ],
  [
    'loadArrow',
    (path) => loadArrow(path, { label: 'y' }),
    'ERR_INVALID_DATA',
    [PARQUET, SAFETENSORS, ONNX, IDX, UTF_16, GZIP, ...without('an Arrow file')],
  ],
  [
    'loadNumpy',
    (path) => loadNumpy(path, { features: 'X', label: 'y' }),
    'ERR_INVALID_DATA',
    [PARQUET, SAFETENSORS, ONNX, IDX, UTF_16, GZIP, ...without('a NumPy', 'a zip archive')],
  ],
  [
    'loadIdx',
    (path) => loadIdx(path),
    'ERR_INVALID_DATA',
    [PARQUET, SAFETENSORS, ONNX, ...FOREIGN],
  ],
];

describe.each(READERS)('%s', (_, read, code, others) => {
  it.each(others)('recognizes %s and says what to do', async (what, bytes) => {
    const path = join(await temporaryFolder(), 'file');
    await writeFile(path, bytes);
    const { message } = await expectCode(() => read(path), code);
    expect(message).toContain(`${path}: this is ${what}`);
  });
});

it('a state dict is not a model that Lethe has saved', async () => {
  const path = new URL('../fixtures/models/sequential.safetensors', import.meta.url).pathname;
  const { message } = await expectCode(() => Model.load(path), 'ERR_INVALID_MODEL');
  expect(message).toContain(path);
  expect(message).toContain('loadSafetensors');
});

it('a packed file of another kind is recognized by a reader that unpacks', async () => {
  const path = join(await temporaryFolder(), 'rows.csv.gz');
  await writeFile(path, gzipSync(fixture('state-dicts/arrays.npz')));
  const { message } = await expectCode(() => loadCsv(path, { label: 'y' }), 'ERR_INVALID_DATA');
  expect(message).toContain('this is a NumPy archive');
});

it.each([
  ['state-dicts/arrays.npz', 'load rows with loadNumpy'],
  ['arrow/polars-zstd.arrow', 'load it with loadArrow'],
])('%s given to loadCsv is answered by its own reader: %s', async (name, remedy) => {
  const path = new URL(`../fixtures/${name}`, import.meta.url).pathname;
  const { message } = await expectCode(() => loadCsv(path, { label: 'y' }), 'ERR_INVALID_DATA');
  expect(message).toContain(remedy);
});

it('a NumPy archive whose arrays come after another file is read', async () => {
  const path = join(await temporaryFolder(), 'rows.npz');
  const array = (name: string) => ({ name, contents: fixture('numpy/folder/y.npy') });
  const readme = { name: 'readme.txt', contents: Buffer.from('About these rows') };
  await writeFile(path, zipOf([readme, array('X.npy'), array('y.npy')]));
  expect((await loadNumpy(path, { features: 'X', label: 'y' })).rows).toBe(6);
});

it.each(['PAR1', 'BZhang', 'GGUF', 'ARROW1', 'version', 'PK'])(
  'a table whose first column is %s is read',
  async (column) => {
    const path = join(await temporaryFolder(), 'rows.csv');
    await writeFile(path, `${column},y\n1,a\n2,b\n`);
    expect((await loadCsv(path, { label: 'y' })).rows).toBe(2);
  },
);

it.each([
  ['text', 'csv', latin1('a,b\n1,2\n')],
  ['nothing', 'csv', latin1('')],
  ['a reader its own format', 'onnx', ONNX[1]],
  ['a header of 640 bytes', 'safetensors', latin1('\x80\x02\0\0\0\0\0\0{"a":{}}')],
] as const)('leaves %s alone', (_, own, bytes) => {
  expect(foreignKind(bytes, own)).toBeUndefined();
});
