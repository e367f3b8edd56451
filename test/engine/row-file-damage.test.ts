import { readFileSync } from 'node:fs';
import { chmod, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeEach, describe, expect, it } from 'vitest';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import { decodeSafetensors, encodeSafetensors, type Tensor } from '#lethe/engine/safetensors';
import { expectCode } from '../support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const fixture = (name: string) => new URL(`../fixtures/${name}`, import.meta.url);
const TEXTS = decodeSafetensors(readFileSync(fixture('rows/texts.safetensors')));
const ENCODED = decodeSafetensors(readFileSync(fixture('rows/encoded.safetensors')));
const NUMBERS = decodeSafetensors(readFileSync(fixture('rows/numbers.safetensors')));
const BYTES = decodeSafetensors(readFileSync(fixture('rows/bytes.safetensors')));

let path: string;
beforeEach(async () => {
  path = join(await temporaryFolder(), 'rows.safetensors');
});

type File = typeof TEXTS;

/** The file with another tensor, or without it. */
function withTensor(file: File, name: string, tensor: Partial<Tensor> | undefined): File {
  const tensors = new Map(file.tensors);
  if (tensor) {
    const before = tensors.get(name) ?? { dtype: 'U8', shape: [1], bytes: Uint8Array.of(0) };
    tensors.set(name, { ...before, ...tensor });
  } else tensors.delete(name);
  return { ...file, tensors };
}

/** The file with other bytes from a place of a tensor on. */
function withBytes(file: File, name: string, at: number, ...bytes: number[]): File {
  const changed = Buffer.from(file.tensors.get(name)!.bytes);
  changed.set(bytes, at);
  return withTensor(file, name, { bytes: changed });
}

const withMetadata = (file: File, metadata: Record<string, string>): File => ({
  ...file,
  metadata: { ...file.metadata, ...metadata },
});

const NAN = [0, 0, 0xc0, 0x7f];

/** What is wrong, the file, and what the message names. */
const DAMAGES: [string, File, RegExp][] = [
  ['another format', withMetadata(TEXTS, { format: 'pt' }), /dataset\.save/],
  ['no metadata', { ...TEXTS, metadata: {} }, /dataset\.save/],
  ['a later version', withMetadata(TEXTS, { version: '2' }), /version 2/],
  ['no number of classes', withMetadata(TEXTS, { classes: 'four' }), /classes/],
  ['more classes than names', withMetadata(TEXTS, { classes: '5' }), /5 names/],
  ['class names that are no JSON', withMetadata(TEXTS, { class_names: '[' }), /metadata/],
  ['class names that are no list', withMetadata(TEXTS, { class_names: '{}' }), /metadata/],
  ['too few column names', withMetadata(TEXTS, { feature_names: '["x"]' }), /names/],
  ['a map of float32 features', withMetadata(TEXTS, { affine: BYTES.metadata.affine! }), /affine/],
  ['a map of 0', withMetadata(BYTES, { affine: '{"scale":0,"offset":1}' }), /affine/],
  ['a map that is none', withMetadata(BYTES, { affine: '{"scale":"1"}' }), /metadata/],
  ['no labels', withTensor(TEXTS, 'labels', undefined), /tensor labels .* is not there/],
  ['no features', withTensor(TEXTS, 'features', undefined), /tensor features/],
  ['no ends of ids', withTensor(TEXTS, 'id_ends', undefined), /tensor id_ends/],
  ['no ends of subjects', withTensor(TEXTS, 'subject_ends', undefined), /tensor subject_ends/],
  ['no subjects', withTensor(TEXTS, 'subjects', undefined), /subject_ends is none/],
  ['another tensor', withTensor(TEXTS, 'weights', {}), /weights is none/],
  [
    'labels of another type',
    withTensor(TEXTS, 'labels', { dtype: 'I32' }),
    /labels must be U32 of shape \[6\], but is I32/,
  ],
  ['features of no shape', withTensor(TEXTS, 'features', { shape: [18] }), /tensor features/],
  [
    'features of half precision',
    withTensor(TEXTS, 'features', { dtype: 'F16', shape: [6, 6] }),
    /features must be F32/,
  ],
  ['a label beyond the classes', withBytes(TEXTS, 'labels', 4, 4), /labels: row 1 has 4/],
  ['a feature that is no number', withBytes(TEXTS, 'features', 16, ...NAN), /row 1, column 1/],
  ['a mark that is none', withBytes(TEXTS, 'live', 3, 2), /live: row 3/],
  [
    'ids that do not ascend',
    withBytes(NUMBERS, 'ids', 16, 0xf0, 255, 255, 255, 255, 255, 255, 255),
    /rows 1 and 2/,
  ],
  ['two rows of one id', withBytes(TEXTS, 'ids', 0, 98), /ids of rows/],
  ['an id of no UTF-8', withBytes(TEXTS, 'ids', 0, 0xff), /row 0 is no UTF-8/],
  ['an id within a character', withBytes(TEXTS, 'id_ends', 12, 5), /UTF-8/],
  ['an empty id', withBytes(TEXTS, 'id_ends', 0, 0), /row 0 is empty/],
  ['ends that do not ascend', withBytes(TEXTS, 'id_ends', 4, 0), /id_ends/],
  ['ends beyond the bytes', withBytes(TEXTS, 'id_ends', 20, 200), /id_ends/],
  ['ends of subjects beyond', withBytes(TEXTS, 'subject_ends', 20, 9), /subject_ends/],
  ['a subject without a name', withBytes(TEXTS, 'subjects', 0, 99), /subjects: those of row 0/],
  ['a subject twice in a row', withBytes(TEXTS, 'subjects', 4, 0), /subjects: those of row 0/],
  ['ends of names beyond', withBytes(TEXTS, 'subject_name_ends', 0, 200), /subject_name_ends/],
  ['a name of no kind', withBytes(TEXTS, 'subject_name_kinds', 0, 2), /name 0/],
  ['a number that is none', withBytes(BYTES, 'subject_names', 0, 0x2e), /name 0/],
  ['a name of no UTF-8', withBytes(TEXTS, 'subject_names', 2, 0xff), /name 1/],
  ['an encoding that is no JSON', withMetadata(ENCODED, { encoding: '[{' }), /metadata/],
  ['an encoding that is no list', withMetadata(ENCODED, { encoding: '{}' }), /encoding.* an array/],
  ['an encoding of null', withMetadata(ENCODED, { encoding: '[null]' }), /metadata/],
  ['an encoding of fewer columns', withMetadata(ENCODED, { encoding: '[]' }), /5 columns/],
  [
    'an encoding of bytes',
    withMetadata(BYTES, { encoding: ENCODED.metadata.encoding! }),
    /float32/,
  ],
  [
    'an encoding with a statistic',
    withMetadata(ENCODED, { encoding: ENCODED.metadata.encoding!.replace('}', ',"centre":1}') }),
    /centre/,
  ],
  [
    'a category named twice',
    withMetadata(ENCODED, { encoding: ENCODED.metadata.encoding!.replace('größer', 'b') }),
    /differ/,
  ],
  [
    'a missing value that may not be',
    withBytes(ENCODED, 'features', 12, ...NAN),
    /row 0, column 3/,
  ],
  ['an infinite raw value', withBytes(ENCODED, 'features', 0, 0, 0, 0x80, 0x7f), /row 0, column 0/],
  [
    'column names twice and no more',
    withMetadata(ENCODED, { feature_names: '["x","x"]' }),
    /2 names/,
  ],
  ['column names that are none', withMetadata(ENCODED, { feature_names: '[1,2,3,4,5]' }), /texts/],
  ['names that do not ascend', withBytes(TEXTS, 'subject_name_kinds', 0, 1), /names 0 and 1|names/],
];

describe('a damaged row file', () => {
  it.each(DAMAGES)('is refused by its name and what is wrong: %s', async (_, file, part) => {
    await writeFile(path, encodeSafetensors(file));
    const error = await expectCode(() => Dataset.open(path), 'ERR_INVALID_DATA');
    expect(error.message).toContain(path);
    expect(error.message).toMatch(part);
  });

  it('is refused wherever it was cut, and with bytes after its end', async () => {
    const whole = await readFile(fixture('rows/texts.safetensors'));
    for (let size = 0; size < whole.length; size += 7) {
      await writeFile(path, whole.subarray(0, size));
      await expectCode(() => Dataset.open(path), 'ERR_INVALID_DATA');
    }
    await writeFile(path, Buffer.concat([whole, Buffer.of(0)]));
    await expectCode(() => Dataset.open(path), 'ERR_INVALID_DATA');
  });

  it('is known by what it is, if it is another kind of file', async () => {
    const model = Model.create([2, 2]);
    await model.save(path);
    for (const [file, part] of [
      [path, /none that dataset\.save wrote: .* Model\.load/],
      [fixture('stores'), /folder/],
      [fixture('none'), /no such file/],
    ] as const) {
      const name = file instanceof URL ? file.pathname : file;
      const codes = { [path]: 'ERR_INVALID_DATA' } as const;
      const error = await expectCode(() => Dataset.open(name), codes[name] ?? 'ERR_IO');
      expect(error.message).toMatch(part);
    }
    const contents: [string | Uint8Array, RegExp][] = [
      ['', /empty/],
      ['a,b,c\n1,2,3\n', /header/],
      ['{"a": 1}', /JSON/],
      ['PAR1\x15', /a Parquet file/],
      ['\x1f\x8b', /a gzip file/],
    ];
    for (const [content, part] of contents) {
      await writeFile(path, content, 'latin1');
      const error = await expectCode(() => Dataset.open(path), 'ERR_INVALID_DATA');
      expect(error.message).toMatch(part);
      expect(error.message).toContain(path);
    }
    await writeFile(path, await readFile(fixture('rows/texts.safetensors')));
    const error = await expectCode(() => Model.load(path), 'ERR_INVALID_MODEL');
    expect(error.message).toContain('Dataset.open');
    for (const bad of [undefined, 5, {}, null, '\0']) {
      await expectCode(() => Dataset.open(bad as string), 'ERR_INVALID_ARGUMENT');
      await expectCode(() => new Dataset({} as never).save(bad as string), 'ERR_INVALID_ARGUMENT');
    }
  });

  // Permissions do not hold for the superuser.
  it.skipIf(process.getuid?.() === 0)('says that it cannot finish an erasure', async () => {
    await writeFile(path, encodeSafetensors(withBytes(TEXTS, 'live', 2, 0)));
    await chmod(path, 0o400);
    const error = await expectCode(() => Dataset.open(path), 'ERR_IO');
    expect(error.message).toContain('interrupted');
  });
});
