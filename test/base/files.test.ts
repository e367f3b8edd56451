import { spawnSync } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { replaceFile } from '#lethe/base/files';
import { expectCode } from '../support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';

describe('replaceFile', () => {
  it('writes a new file and replaces an old one, and leaves nothing else behind', async () => {
    const folder = await temporaryFolder();
    for (const contents of ['old', 'new']) await replaceFile(join(folder, 'file'), contents);
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe('new');
    expect(await readdir(folder)).toEqual(['file']);
  });

  it('changes nothing if it cannot write', async () => {
    const folder = await temporaryFolder();
    const target = join(folder, 'target');
    await mkdir(target);
    await writeFile(join(target, 'inside'), 'kept');
    await expectCode(() => replaceFile(target, 'new'), 'ERR_IO');
    await expectCode(() => replaceFile(join(folder, 'missing', 'file'), 'new'), 'ERR_IO');
    expect(await readdir(folder)).toEqual(['target']);
    expect(await readFile(join(target, 'inside'), 'utf8')).toBe('kept');
  });

  it('keeps the old file, and no part of the new one, if the disk is full', async (test) => {
    const folder = await temporaryFolder();
    const isMounted = succeeds('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
    test.skip(!isMounted, 'only root can mount a small disk');
    onTestFinished(() => void succeeds('umount', [folder]));
    await replaceFile(join(folder, 'file'), 'old');
    const error = await expectCode(
      () => replaceFile(join(folder, 'file'), Buffer.alloc(2 ** 17)),
      'ERR_IO',
    );
    expect(error.message).toContain('ENOSPC');
    expect(await readdir(folder)).toEqual(['file']);
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe('old');
  });
});

function succeeds(command: string, args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
