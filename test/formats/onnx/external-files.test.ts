import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { copyFile, mkdir, rename, symlink, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fromBinary, toBinary } from '@bufbuild/protobuf';
import { describe, expect, it } from 'vitest';
import { fromOnnx, loadOnnx } from '#lethe/formats/import-model';
import { ModelProtoSchema } from '#lethe/formats/onnx/onnx_pb';
import { expectCode } from '../../support/errors.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const CASES = new URL('../../fixtures/cases/onnx-exporters/', import.meta.url);
const NAME = 'pytorch-external.onnx';
const DATA = `${NAME}.data`;
const original = readFileSync(new URL(NAME, CASES));

/** A copy of the case in a folder of its own, with these entries for each external tensor. */
async function copied(changes: Record<string, string> = {}): Promise<string> {
  const folder = await temporaryFolder();
  const model = fromBinary(ModelProtoSchema, original);
  for (const { externalData } of model.graph!.initializer) {
    for (const entry of externalData) entry.value = changes[entry.key] ?? entry.value;
  }
  await writeFile(join(folder, NAME), toBinary(ModelProtoSchema, model));
  await copyFile(new URL(DATA, CASES), join(folder, DATA));
  return join(folder, NAME);
}

const hashOf = async (path: string) => (await loadOnnx(path)).model.hash();

describe('weights in another file', () => {
  it('are read from a folder below, and through a link that stays inside', async () => {
    const expected = await hashOf(await copied());
    const below = await copied({ location: 'weights/data.bin' });
    await mkdir(join(below, '../weights'));
    await rename(join(below, '..', DATA), join(below, '../weights/data.bin'));
    expect(await hashOf(below)).toBe(expected);
    const linked = await copied({ location: 'link' });
    await symlink(DATA, join(linked, '../link'));
    expect(await hashOf(linked)).toBe(expected);
  });

  it('are refused where only the bytes of the model are given', async () => {
    const { message } = await expectCode(() => fromOnnx(original), 'ERR_UNSUPPORTED_MODEL');
    expect(message).toContain(`lies in another file, "${DATA}": use loadOnnx`);
  });

  it.each([
    '../outside',
    'a/../../outside',
    '..\\outside',
    '/etc/passwd',
    '/dev/zero',
    'C:\\weights',
    'C:weights',
    '\\\\host\\share\\weights',
    'a\0b',
    '',
  ])('are not looked for in %j', async (location) => {
    const path = await copied({ location });
    const { message } = await expectCode(() => loadOnnx(path), 'ERR_INVALID_MODEL');
    expect(message).toContain('only a file in the folder of the model is read');
  });

  it('are not read through a link out of the folder', async () => {
    const path = await copied({ location: 'link/passwd' });
    await symlink('/etc', join(path, '../link'));
    const { message } = await expectCode(() => loadOnnx(path), 'ERR_INVALID_MODEL');
    expect(message).toContain('only a file in the folder of the model is read');
  });

  it('are read of a regular file alone', async () => {
    const pipe = await copied({ location: 'pipe' });
    execFileSync('mkfifo', [join(pipe, '../pipe')]);
    const folder = await copied({ location: '.' });
    const below = await copied({ location: 'below' });
    await mkdir(join(below, '../below'));
    for (const path of [pipe, below]) {
      const { message } = await expectCode(() => loadOnnx(path), 'ERR_INVALID_MODEL');
      expect(message).toContain('is no regular file');
    }
    await expectCode(() => loadOnnx(folder), 'ERR_INVALID_MODEL');
  });

  it('that are missing are named', async () => {
    const path = await copied({ location: 'elsewhere' });
    const { message } = await expectCode(() => loadOnnx(path), 'ERR_IO');
    expect(message).toContain('cannot read "elsewhere", which holds its weights');
  });

  it.each([
    ['beyond the end', { offset: '212' }],
    ['of another length', { length: '16' }],
    ['of a length beyond all files', { length: '99999999999999999999' }],
    ['of a negative offset', { offset: '-1' }],
    ['of an offset that is no number', { offset: '1e1' }],
  ])('%s are refused', async (_, changes) => {
    const path = await copied(changes);
    const { message } = await expectCode(() => loadOnnx(path), 'ERR_INVALID_MODEL');
    expect(message).toContain('the tensor fc1.weight needs 120 bytes');
  });

  it('that are cut off are refused', async () => {
    const path = await copied();
    await truncate(join(path, '..', DATA), 211);
    await expectCode(() => loadOnnx(path), 'ERR_INVALID_MODEL');
  });

  it('that exceed the memory are not read', async () => {
    const path = await copied();
    await truncate(join(path, '..', DATA), 2 ** 42);
    await expectCode(() => loadOnnx(path), 'ERR_OUT_OF_MEMORY');
  });
});
