import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ioError } from '#lethe/base/io-error';
import { expectCode } from '../support/errors.js';
import { loadCsv, loadSafetensors, Model } from '../support/everything.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const readCsv = (path: string) => loadCsv(path, { label: 'y' });
const READERS: [string, (path: string) => Promise<unknown>][] = [
  ['loadSafetensors', (path) => loadSafetensors(path)],
  ['Model.load', (path) => Model.load(path)],
  ['loadCsv', readCsv],
];

it.each(READERS)('%s says which file could not be read, why, and what to do', async (_, read) => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'file'), 'x');
  await mkdir(join(folder, 'folder'));
  for (const [name, reason] of [
    ['missing', 'there is no such file or folder: check the path (ENOENT)'],
    ['folder', 'it is a folder: name a file (EISDIR)'],
    ['file/inside', 'a part of the path is a file, not a folder: check the path (ENOTDIR)'],
  ] as const) {
    // A folder may be a table.
    if (name === 'folder' && read === readCsv) continue;
    const path = join(folder, name);
    const { message, cause } = await expectCode(() => read(path), 'ERR_IO');
    expect(message).toContain(`cannot read ${path}: ${reason}`);
    expect(cause).toBeInstanceOf(Error);
  }
});

it.each(READERS)('%s refuses what is no path', async (_, read) => {
  for (const path of ['', ' ', '\n\t', 'nul\0', '\ud800'])
    await expectCode(() => read(path), 'ERR_INVALID_ARGUMENT');
});

it.each(['EACCES', 'ENOSPC', 'EMFILE', 'EROFS'])('%s has a next step', (code) => {
  const cause = Object.assign(new Error('from the system'), { code });
  const { message } = ioError('write', '/some/file', cause);
  expect(message).toMatch(new RegExp(`^cannot write /some/file: .*: .* \\(${code}\\)$`));
});

it('keeps the message of an error that it does not know', () => {
  const { message } = ioError('read', '/some/file', new Error('the disk is on fire'));
  expect(message).toBe('cannot read /some/file: the disk is on fire');
});
