import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { openRegular } from '#lethe/base/regular-file';
import { expectCode, failure } from '../support/errors.js';
import {
  Dataset,
  loadArrow,
  loadCifar10,
  loadCsv,
  loadIdx,
  loadMnist,
  loadNumpy,
  loadOnnx,
  loadParquet,
  loadSafetensors,
  Model,
  Sisa,
} from '../support/everything.js';
import { temporaryFolder } from '../support/temporary-folder.js';

function fifo(path: string): void {
  expect(spawnSync('mkfifo', [path]).status).toBe(0);
}

async function socket(path: string): Promise<void> {
  const server = createServer().listen(path);
  onTestFinished(() => void server.close());
  await once(server, 'listening');
}

/** More than libuv has threads. */
const AT_ONCE = 6;

const NUMPY = { features: 'x', label: 'y' };
const FILES: [string, (path: string) => Promise<unknown>][] = [
  ['Model.load', (path) => Model.load(path)],
  ['Dataset.open', (path) => Dataset.open(path)],
  ['loadOnnx', (path) => loadOnnx(path)],
  ['loadSafetensors', (path) => loadSafetensors(path)],
  ['loadCsv', (path) => loadCsv(path, { label: 'y' })],
  ['loadNumpy', (path) => loadNumpy(path, NUMPY)],
  ['loadIdx', (path) => loadIdx(path)],
];

describe.each(FILES)('%s', (_, read) => {
  it('refuses a FIFO, a socket and a device at once, and leaves no thread waiting', async () => {
    const folder = await temporaryFolder();
    fifo(join(folder, 'fifo'));
    await symlink('fifo', join(folder, 'link'));
    await socket(join(folder, 'socket'));
    for (const [path, what] of [
      [join(folder, 'fifo'), 'a FIFO or pipe'],
      [join(folder, 'link'), 'a FIFO or pipe'],
      [join(folder, 'socket'), 'a socket'],
      ['/dev/null', 'a device'],
      ['/dev/zero', 'a device'],
    ] as const) {
      const tries = Array.from({ length: AT_ONCE }, () => expectCode(() => read(path), 'ERR_IO'));
      for (const { message } of await Promise.all(tries)) {
        expect(message).toContain(`cannot read ${path}: it is ${what}`);
      }
    }
    await readFile('/etc/passwd');
  });
});

// Each read starts a process of its own.
it.each<[string, (path: string) => Promise<unknown>]>([
  ['loadParquet', (path) => loadParquet(path, { label: 'y' })],
  ['loadArrow', (path) => loadArrow(path, { label: 'y' })],
])('%s refuses a FIFO', async (_, read) => {
  const path = join(await temporaryFolder(), 'fifo');
  fifo(path);
  const { message } = await expectCode(() => read(path), 'ERR_IO');
  expect(message).toContain(`cannot read ${path}: it is a FIFO`);
});

const FOLDERS: [string, string, (folder: string) => Promise<unknown>][] = [
  ['Sisa.load', 'sisa.json', (folder) => Sisa.load(folder)],
  ['loadMnist', 'train-images-idx3-ubyte', (dir) => loadMnist({ dir })],
  ['loadMnist, compressed,', 'train-images-idx3-ubyte.gz', (dir) => loadMnist({ dir })],
  ['loadCifar10', 'data_batch_1.bin', (dir) => loadCifar10({ dir })],
  ['loadNumpy', 'x.npy', (folder) => loadNumpy(folder, NUMPY)],
  ['loadCsv', 'part.csv', (folder) => loadCsv(folder, { label: 'y' })],
];

it.each(FOLDERS)('%s refuses a folder in which %s is a FIFO', async (_, name, read) => {
  const folder = await temporaryFolder();
  fifo(join(folder, name));
  const others = ['y.npy', 'train-labels-idx1-ubyte', 't10k-images-idx3-ubyte'];
  for (const other of name === 'part.csv' ? [] : [...others, 't10k-labels-idx1-ubyte']) {
    await writeFile(join(folder, other), '');
  }
  const errors = await Promise.all(
    Array.from({ length: AT_ONCE }, () => failure(() => read(folder))),
  );
  for (const error of errors) {
    expect((error as { code: string }).code).toMatch(/^ERR_(IO|DATA_NOT_FOUND)$/);
  }
  await readFile('/etc/passwd');
});

describe('openRegular', () => {
  it('opens a file, also through links, and what the kernel makes up', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'file'), 'contents');
    await symlink('file', join(folder, 'link'));
    for (const path of [join(folder, 'file'), join(folder, 'link'), '/proc/self/status']) {
      const file = await openRegular(path);
      expect((await file.readFile()).length).toBeGreaterThan(0);
      await file.close();
    }
  });

  it('says what a folder is, and what is not there', async () => {
    const folder = await temporaryFolder();
    await mkdir(join(folder, 'folder'));
    for (const [name, code] of [
      ['folder', 'EISDIR'],
      ['missing', 'ENOENT'],
    ] as const) {
      const { message } = await expectCode(() => openRegular(join(folder, name)), 'ERR_IO');
      expect(message).toContain(code);
    }
  });

  it('does not wait for a FIFO that takes the place of a file while it is opened', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'file');
    fifo(join(folder, 'fifo'));
    let refused = 0;
    for (let round = 0; round < 200; round++) {
      await writeFile(path, 'contents');
      const opening = openRegular(path).then((file) => file.close());
      const swap = round % 2 === 0 ? rename(join(folder, 'fifo'), path) : rm(path);
      const [opened] = await Promise.allSettled([opening, swap]);
      if (opened.status === 'rejected') {
        expect(opened.reason.code).toBe('ERR_IO');
        refused++;
      }
      if (round % 2 === 0) await rename(path, join(folder, 'fifo'));
    }
    expect(refused).toBeGreaterThan(0);
  });
});
