import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  readdir,
  readFile,
  readlink,
  stat,
  symlink,
  utimes,
  writeFile,
} from 'node:fs/promises';
import { createServer } from 'node:net';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { describe, expect, it, onTestFinished } from 'vitest';
import { replaceFile } from '#lethe/base/files/replace-file';
import { temporaryName } from '#lethe/base/files/writers';
import { expectCode } from '../support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';

const IS_ROOT = process.getuid?.() === 0;
const CHILD = fileURLToPath(new URL('../engine/children/write-files.mjs', import.meta.url));

async function modeOf(path: string): Promise<string> {
  return ((await stat(path)).mode & 0o7777).toString(8);
}

/** A process that writes, after its first word. */
async function writer(...args: string[]): Promise<ChildProcess> {
  const child = spawn(process.execPath, [CHILD, ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout!, 'data');
  return child;
}

async function kill(child: ChildProcess): Promise<void> {
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

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

  it('leaves nothing behind if the contents fail in the middle', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'file'), 'old');
    async function* failing() {
      yield Buffer.from('half');
      throw new Error('from the contents');
    }
    const error = await expectCode(() => replaceFile(join(folder, 'file'), failing()), 'ERR_IO');
    expect(error.message).toContain('from the contents');
    expect(await readdir(folder)).toEqual(['file']);
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe('old');
  });

  it.each([1, 200, 251, 255])('takes a name of %d bytes', async (length) => {
    const folder = await temporaryFolder();
    const path = join(folder, 'n'.repeat(length));
    for (const contents of ['old', 'new']) await replaceFile(path, contents);
    expect(await readdir(folder)).toEqual(['n'.repeat(length)]);
    expect(await readFile(path, 'utf8')).toBe('new');
  });
});

describe('who may read a file', () => {
  it.each(['600', '640', '400', '444', '666', '755', '0'])('stays: mode %s', async (mode) => {
    const path = join(await temporaryFolder(), 'file');
    await writeFile(path, 'old');
    await chmod(path, Number.parseInt(mode, 8));
    await replaceFile(path, 'new');
    expect(await modeOf(path)).toBe(mode);
  });

  it('is what the umask says, where there was none', async () => {
    const path = join(await temporaryFolder(), 'file');
    await replaceFile(path, 'new');
    expect(await modeOf(path)).toBe((0o666 & ~process.umask()).toString(8));
  });

  it('stays with its owner and group', async (test) => {
    test.skip(!IS_ROOT, 'only root can give files away');
    const path = join(await temporaryFolder(), 'file');
    await writeFile(path, 'old');
    await chown(path, 1234, 2345);
    await chmod(path, 0o640);
    await replaceFile(path, 'new');
    expect(await stat(path)).toMatchObject({ uid: 1234, gid: 2345 });
    expect(await modeOf(path)).toBe('640');
  });

  it('is nobody new where this user may not give the file away', async (test) => {
    test.skip(!IS_ROOT, 'only root can give files away');
    const folder = await temporaryFolder();
    const path = join(folder, 'file');
    await writeFile(path, 'old');
    await chown(path, 1234, 2345);
    await chmod(path, 0o664);
    await chmod(folder, 0o777);
    const script = `
      process.setgroups([]); process.setgid(3456); process.setuid(3456);
      const { replaceFile } = await import(${JSON.stringify(
        new URL('../../build/source/base/files/replace-file.js', import.meta.url).href,
      )});
      await replaceFile(${JSON.stringify(path)}, 'new');`;
    const { status, stderr } = spawnSync(
      process.execPath,
      ['--input-type=module', '--eval', script],
      { encoding: 'utf8' },
    );
    expect(status, stderr).toBe(0);
    expect(await stat(path)).toMatchObject({ uid: 3456, gid: 3456 });
    // What the old group could do, the new one cannot: to the file its members were others.
    expect(await modeOf(path)).toBe('644');
  });
});

describe('a symbolic link', () => {
  it.each<[string, (folder: string) => Promise<void>]>([
    ['to a file', (folder) => symlink(join(folder, 'versions/1'), join(folder, 'current'))],
    ['that is relative', (folder) => symlink('versions/1', join(folder, 'current'))],
    [
      'to a link',
      async (folder) => {
        await symlink('../versions/1', join(folder, 'links/next'));
        await symlink('links/next', join(folder, 'current'));
      },
    ],
    [
      'through a linked folder',
      async (folder) => {
        await symlink('versions', join(folder, 'latest'));
        await symlink('latest/../versions/1', join(folder, 'current'));
      },
    ],
  ])('%s stays, and what it leads to is replaced', async (_, make) => {
    const folder = await temporaryFolder();
    for (const name of ['versions', 'links']) await mkdir(join(folder, name));
    await writeFile(join(folder, 'versions/1'), 'old');
    await chmod(join(folder, 'versions/1'), 0o600);
    await make(folder);
    await replaceFile(join(folder, 'current'), 'new');
    expect((await lstat(join(folder, 'current'))).isSymbolicLink()).toBe(true);
    expect(await readFile(join(folder, 'versions/1'), 'utf8')).toBe('new');
    expect(await modeOf(join(folder, 'versions/1'))).toBe('600');
    expect(await readdir(join(folder, 'versions'))).toEqual(['1']);
  });

  it('to nothing yet leads to the new file', async () => {
    const folder = await temporaryFolder();
    await symlink('second', join(folder, 'first'));
    await symlink('file', join(folder, 'second'));
    await replaceFile(join(folder, 'first'), 'new');
    expect((await readdir(folder)).sort()).toEqual(['file', 'first', 'second']);
    expect(await readFile(join(folder, 'file'), 'utf8')).toBe('new');
  });

  it('to itself, in a circle, to a folder, or into a folder that is missing is refused', async () => {
    const folder = await temporaryFolder();
    await symlink('self', join(folder, 'self'));
    await symlink('b', join(folder, 'a'));
    await symlink('a', join(folder, 'b'));
    await symlink('.', join(folder, 'here'));
    await symlink('missing/file', join(folder, 'nowhere'));
    for (const [name, reason] of [
      ['self', 'ELOOP'],
      ['a', 'ELOOP'],
      ['here', 'EISDIR'],
      ['nowhere', 'ENOENT'],
    ] as const) {
      const { message } = await expectCode(() => replaceFile(join(folder, name), 'new'), 'ERR_IO');
      expect(message).toContain(`cannot write ${join(folder, name)}: `);
      expect(message).toContain(reason);
    }
    expect(await readlink(join(folder, 'self'))).toBe('self');
    expect((await readdir(folder)).length).toBe(5);
  });

  it('to a name that is no UTF-8 is refused, since another file would be written', async () => {
    const folder = await temporaryFolder();
    await symlink(Buffer.from([0x66, 0xff]), join(folder, 'link'));
    await expectCode(() => replaceFile(join(folder, 'link'), 'new'), 'ERR_IO');
    expect(await readdir(folder)).toEqual(['link']);
  });
});

it('another hard link keeps the old contents', async () => {
  const folder = await temporaryFolder();
  await writeFile(join(folder, 'file'), 'old');
  await link(join(folder, 'file'), join(folder, 'other'));
  await replaceFile(join(folder, 'file'), 'new');
  expect(await readFile(join(folder, 'other'), 'utf8')).toBe('old');
});

describe('what is no regular file', () => {
  it.each<[string, string, (path: string) => unknown]>([
    ['FIFO', 'a FIFO', (path) => succeeds('mkfifo', [path])],
    ['device', 'a device', (path) => succeeds('mknod', [path, 'c', '1', '3'])],
    [
      'socket',
      'a socket',
      async (path) => {
        const server = createServer().listen(path);
        onTestFinished(() => void server.close());
        await once(server, 'listening');
      },
    ],
  ])('is left alone: a %s, and a link to it', async (what, named, make) => {
    const folder = await temporaryFolder();
    const path = join(folder, 'special');
    const isMade = (await make(path)) !== false;
    expect(isMade || (what === 'device' && !IS_ROOT)).toBe(true);
    if (!isMade) return;
    await symlink('special', join(folder, 'link'));
    const before = await lstat(path);
    for (const name of ['special', 'link']) {
      const { message } = await expectCode(() => replaceFile(join(folder, name), 'new'), 'ERR_IO');
      expect(message).toContain(`cannot write ${join(folder, name)}: it is ${named}`);
    }
    expect((await lstat(path)).ino).toBe(before.ino);
    expect((await readdir(folder)).sort()).toEqual(['link', 'special']);
  });

  it('is left alone, too, if it comes while the new contents are written', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'file');
    async function* contents() {
      yield Buffer.from('new');
      expect(succeeds('mkfifo', [path])).toBe(true);
    }
    await expectCode(() => replaceFile(path, contents()), 'ERR_IO');
    expect((await lstat(path)).isFIFO()).toBe(true);
    expect(await readdir(folder)).toEqual(['file']);
  });
});

describe('two writers', () => {
  it('of one thread write in the order of their calls, by whatever path', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'file');
    const same = [
      path,
      relative('.', path),
      `${folder}/./file`,
      `${folder}/../${folder.split('/').at(-1)}/file`,
    ];
    for (let round = 0; round < 20; round++) {
      const sizes = [2 ** 20, 1, 2 ** 16, 3];
      await Promise.all(sizes.map((size, i) => replaceFile(same[i]!, Buffer.alloc(size, 65 + i))));
      expect(await readFile(path, 'utf8')).toBe('DDD');
    }
    expect(await readdir(folder)).toEqual(['file']);
  });

  it('of one thread do not wait for each other for ever if one fails', async () => {
    const path = join(await temporaryFolder(), 'file');
    async function* failing() {
      yield Buffer.from('half');
      throw new Error('from the contents');
    }
    const [first, second] = await Promise.allSettled([
      replaceFile(path, failing()),
      replaceFile(path, 'second'),
    ]);
    expect([first.status, second.status]).toEqual(['rejected', 'fulfilled']);
    expect(await readFile(path, 'utf8')).toBe('second');
  });

  it('of two processes leave a whole file at every moment', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'file');
    const children = await Promise.all([writer(path, 'a'), writer(path, 'b')]);
    const seen = new Set<string>();
    for (let i = 0; i < 200; i++) {
      const text = await readFile(path, 'utf8');
      expect(text.length).toBe(100_000);
      expect(new Set(text).size).toBe(1);
      seen.add(text[0]!);
    }
    await Promise.all(children.map(kill));
    expect(seen).toEqual(new Set(['a', 'b']));
    await replaceFile(path, 'last');
    expect(await readdir(folder)).toEqual(['file']);
  });
});

describe('the temporary files of', () => {
  it('killed processes are removed by the next writer of the path, also through a link', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'file');
    const children = await Promise.all([1, 2, 3].map(() => writer(path, 'a', 'slowly')));
    await Promise.all(children.map(kill));
    expect(await readdir(folder)).toHaveLength(3);
    // Another path's writer leaves them.
    await replaceFile(join(folder, 'other'), 'x');
    expect(await readdir(folder)).toHaveLength(4);
    await symlink('file', join(folder, 'link'));
    await replaceFile(join(folder, 'link'), 'new');
    expect((await readdir(folder)).sort()).toEqual(['file', 'link', 'other']);
  });

  it('live processes are not removed, stopped ones neither', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'file');
    const live = await writer(path, 'a', 'slowly');
    const stopped = await writer(path, 'b', 'slowly');
    stopped.kill('SIGSTOP');
    for (const name of await readdir(folder)) await utimes(join(folder, name), 0, 0);
    await replaceFile(path, 'new');
    expect(await readdir(folder)).toHaveLength(3);
    await Promise.all([live, stopped].map(kill));
    await replaceFile(path, 'newer');
    expect(await readdir(folder)).toEqual(['file']);
  });

  it('processes whose number another one has now are removed', async () => {
    const folder = await temporaryFolder();
    const own = temporaryName('file');
    const [, key, host] = own.split('-');
    const reused = own.replace(/-\d+-\d+-/, `-${process.ppid}-1-`);
    expect(reused).toContain(`.lethe-${key}-${host}-${process.ppid}-1-`);
    await writeFile(join(folder, reused), 'left');
    await replaceFile(join(folder, 'file'), 'new');
    expect(await readdir(folder)).toEqual(['file']);
  });

  it('other machines, and terminated threads, are removed when nobody has touched them for long', async () => {
    const folder = await temporaryFolder();
    const names = [0, 1].map(() => temporaryName('file'));
    names.push(
      ...[0, 1].map(() => temporaryName('file').replace(/(?<=-)[0-9a-f]{12}(?=-)/, '0'.repeat(12))),
    );
    for (const name of names) await writeFile(join(folder, name), 'left');
    const long = Date.now() / 1000 - 3600;
    for (const name of [names[0]!, names[2]!]) await utimes(join(folder, name), long, long);
    await replaceFile(join(folder, 'file'), 'new');
    expect((await readdir(folder)).sort()).toEqual(['file', names[1], names[3]].sort());
  });

  it('the application are left alone, whatever they are called', async () => {
    const folder = await temporaryFolder();
    const path = join(folder, 'file');
    const dead = (name: string) => name.replace(/-\d+-\d+-/, '-999999999-1-');
    const own = dead(temporaryName('file'));
    const names = [
      `file.${crypto.randomUUID()}.tmp`,
      'file.tmp',
      '.file.tmp',
      dead(temporaryName('other')),
      `${own}.bak`,
      `x${own}`,
      own.slice(0, -4),
    ];
    for (const name of names) await writeFile(join(folder, name), 'kept');
    // Of a folder or a link of such a name nothing but the link would go.
    await mkdir(join(folder, dead(temporaryName('file'))));
    await replaceFile(path, 'new');
    expect(await readdir(folder)).toHaveLength(names.length + 2);
  });
});

it('a thread that is terminated while it writes leaves the old file', async () => {
  const folder = await temporaryFolder();
  const path = join(folder, 'file');
  await writeFile(path, 'old');
  const worker = new Worker(new URL('../engine/children/write-files.mjs', import.meta.url), {
    argv: [path, 'a', 'slowly'],
    stdout: true,
  });
  await once(worker.stdout, 'data');
  await worker.terminate();
  expect(await readFile(path, 'utf8')).toBe('old');
  await replaceFile(path, 'new');
  expect(await readFile(path, 'utf8')).toBe('new');
});

function succeeds(command: string, args: string[]): boolean {
  return spawnSync(command, args, { stdio: 'ignore' }).status === 0;
}
