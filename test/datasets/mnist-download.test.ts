import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { lstat, mkdir, readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { type DownloadOptions, downloadFiles, downloadMnist } from '#lethe/datasets/mnist-download';
import { expectCode, wrong } from '../support/errors.js';
import { temporaryFolder } from '../support/temporary-folder.js';

/** Contents that gzip cannot compress, so that a connection can break in the middle of them. */
function contents(seed: string): Buffer {
  let block = createHash('sha512').update(seed).digest();
  return Buffer.concat(
    Array.from({ length: 2000 }, () => {
      block = createHash('sha512').update(block).digest();
      return block;
    }),
  );
}

const ORIGINALS = new Map(['one', 'two'].map((name) => [name, contents(name)]));
const PACKED = new Map([...ORIGINALS].map(([name, bytes]) => [`/${name}.gz`, gzipSync(bytes)]));
const FILES = [...ORIGINALS].map(([file, bytes]) => ({
  file,
  bytes: bytes.length,
  sha256: createHash('sha256').update(bytes).digest('hex'),
}));

/** Serves the compressed files, also in ranges. */
const honest: RequestListener = ({ url, headers }, response) => {
  const bytes = PACKED.get(url!);
  if (!bytes) return void response.writeHead(404).end();
  const start = Number(/^bytes=(\d+)-$/.exec(headers.range ?? '')?.[1] ?? 0);
  if (start > 0 && start >= bytes.length) return void response.writeHead(416).end();
  const range = `bytes ${start}-${bytes.length - 1}/${bytes.length}`;
  response.writeHead(start > 0 ? 206 : 200, {
    'content-length': bytes.length - start,
    ...(start > 0 && { 'content-range': range }),
  });
  response.end(bytes.subarray(start));
};

/** Starts a server; returns its URL and the list of requests that it has received. */
async function serve(listener: RequestListener) {
  const requests: string[] = [];
  const server = createServer((request, response) => {
    requests.push(`${request.url} ${request.headers.range ?? 'whole'}`);
    listener(request, response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`, requests };
}

const download = (folder: string, mirrors: string[], options: DownloadOptions = {}) =>
  downloadFiles(FILES, folder, { ...options, mirrors });

async function expectComplete(folder: string) {
  expect((await readdir(folder)).sort()).toEqual(['one.gz', 'two.gz']);
  for (const [path, bytes] of PACKED) expect(await readFile(join(folder, path))).toEqual(bytes);
}

const HALF = 60_000;

describe('a download', () => {
  it('makes the folder, fetches each file once and reports its progress', async () => {
    const folder = join(await temporaryFolder(), 'new', 'folder');
    const { url, requests } = await serve(honest);
    const seen: unknown[] = [];
    const onProgress = (progress: unknown) => seen.push(progress);
    await download(folder, [url.slice(0, -1)], { onProgress });
    await expectComplete(folder);
    const size = PACKED.get('/two.gz')!.length;
    expect(seen.at(-1)).toEqual({ file: 'two', bytes: size, totalBytes: size });
    await download(folder, [url]);
    expect(requests).toEqual(['/one.gz whole', '/two.gz whole']);
  });

  it('continues where it was interrupted', async () => {
    const folder = await temporaryFolder();
    let broken = false;
    const { url, requests } = await serve((request, response) => {
      if (broken) return honest(request, response);
      broken = true;
      const bytes = PACKED.get(request.url!)!;
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, HALF), () => setTimeout(() => response.destroy(), 50));
    });
    const error = await expectCode(() => download(folder, [url]), 'ERR_DOWNLOAD');
    expect(error.message).toContain('one.gz broke off');
    expect(await readdir(folder)).toEqual(['one.gz.part']);
    await download(folder, [url]);
    await expectComplete(folder);
    expect(requests).toEqual(['/one.gz whole', `/one.gz bytes=${HALF}-`, '/two.gz whole']);
  });

  it.each<[string, (bytes: Buffer) => Uint8Array]>([
    ['is whole already', (bytes) => bytes],
    ['is of another packing', (bytes) => bytes.map((byte) => byte ^ 1).subarray(0, HALF)],
    ['is too long', (bytes) => Buffer.concat([bytes, bytes])],
  ])('comes to its end if what is left of an earlier one %s', async (_, change) => {
    const folder = await temporaryFolder();
    const { url } = await serve(honest);
    await writeFile(join(folder, 'one.gz.part'), change(PACKED.get('/one.gz')!));
    await download(folder, [url]);
    await expectComplete(folder);
  });

  it('starts over if the server does not support ranges', async () => {
    const folder = await temporaryFolder();
    const { url } = await serve(({ url }, response) => void response.end(PACKED.get(url!)));
    await writeFile(join(folder, 'one.gz.part'), PACKED.get('/one.gz')!.subarray(0, HALF));
    await download(folder, [url]);
    await expectComplete(folder);
  });

  it('tries the mirrors in turn', async () => {
    const folder = await temporaryFolder();
    const missing = await serve((_, response) => void response.writeHead(404).end());
    const other = await serve((_, response) => void response.end(gzipSync('something else')));
    const endless = await serve((_, response) => {
      const push = () => response.write(Buffer.alloc(2 ** 16), (error) => error || push());
      push();
    });
    const nobody = 'http://127.0.0.1:1/';
    const bad = [missing.url, other.url, endless.url, nobody];
    const { message } = await expectCode(() => download(folder, bad), 'ERR_DOWNLOAD');
    for (const reason of ['answers 404', 'serves another', 'too large', 'cannot be reached']) {
      expect(message).toContain(reason);
    }
    const { url } = await serve(honest);
    await download(folder, [...bad, url]);
    await expectComplete(folder);
  });

  it('takes no file of the right length with a single flipped bit', async () => {
    const folder = await temporaryFolder();
    const altered = await serve(({ url }, response) => {
      const bytes = Buffer.from(ORIGINALS.get(url!.slice(1, -'.gz'.length))!);
      bytes[HALF]! ^= 1;
      response.end(gzipSync(bytes));
    });
    const { message } = await expectCode(() => download(folder, [altered.url]), 'ERR_DOWNLOAD');
    expect(message).toContain('one.gz serves another file');
    expect(await readdir(folder)).not.toContain('one.gz');
    const { url } = await serve(honest);
    await download(folder, [altered.url, url]);
    await expectComplete(folder);
  });

  it('can be aborted, and goes on later', async () => {
    const folder = await temporaryFolder();
    const { url } = await serve((request, response) => {
      response.writeHead(200).write(PACKED.get(request.url!)!.subarray(0, HALF));
    });
    const controller = new AbortController();
    const onProgress = () => controller.abort();
    const run = download(folder, [url], { signal: controller.signal, onProgress });
    await expectCode(() => run, 'ERR_ABORTED');
    const good = await serve(honest);
    await download(folder, [good.url]);
    await expectComplete(folder);
    const late = { signal: AbortSignal.abort() };
    await expectCode(() => download(join(folder, 'empty'), [good.url], late), 'ERR_ABORTED');
  });

  it('says where it cannot write', async () => {
    const { url } = await serve(honest);
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'file'), '');
    await expectCode(() => download(join(folder, 'file', 'x'), [url]), 'ERR_IO');
    await mkdir(join(folder, 'taken', 'one.gz.part'), { recursive: true });
    await expectCode(() => download(join(folder, 'taken'), [url]), 'ERR_IO');
  });

  it.each(['one.gz', 'one.gz.part'])('leaves alone what is no regular file: %s', async (name) => {
    const { url } = await serve(honest);
    const folder = await temporaryFolder();
    expect(spawnSync('mkfifo', [join(folder, name)]).status).toBe(0);
    const { message } = await expectCode(() => download(folder, [url]), 'ERR_IO');
    expect(message).toContain('a FIFO');
    expect((await lstat(join(folder, name))).isFIFO()).toBe(true);
  });

  it('follows a link to the file, but not one in place of its part', async () => {
    const { url } = await serve(honest);
    const folder = await temporaryFolder();
    const cache = await temporaryFolder();
    await symlink(join(cache, 'one.gz'), join(folder, 'one.gz'));
    await download(folder, [url]);
    expect((await lstat(join(folder, 'one.gz'))).isSymbolicLink()).toBe(true);
    expect(await readdir(cache)).toEqual(['one.gz']);
    await writeFile(join(cache, 'mine'), 'mine');
    await writeFile(join(cache, 'one.gz'), 'broken');
    await symlink(join(cache, 'mine'), join(cache, 'one.gz.part'));
    await expectCode(() => download(folder, [url]), 'ERR_IO');
    expect(await readFile(join(cache, 'mine'), 'utf8')).toBe('mine');
  });

  it('replaces a file that is not the right one', async () => {
    const folder = await temporaryFolder();
    const { url } = await serve(honest);
    await writeFile(join(folder, 'one.gz'), 'broken');
    await download(folder, [url]);
    await expectComplete(folder);
  });

  it('refuses to run next to a wrong uncompressed file, which would hide it', async () => {
    const folder = await temporaryFolder();
    const { url, requests } = await serve(honest);
    await writeFile(join(folder, 'one'), 'broken');
    const { message } = await expectCode(() => download(folder, [url]), 'ERR_HASH_MISMATCH');
    expect(message).toContain(join(folder, 'one'));
    expect(requests).toEqual([]);
    expect(await readFile(join(folder, 'one'), 'utf8')).toBe('broken');
  });

  it('does not disturb a concurrent download into the same folder', async () => {
    const folder = await temporaryFolder();
    const { url } = await serve(({ url }, response) => {
      const bytes = PACKED.get(url!)!;
      response.writeHead(200).write(bytes.subarray(0, HALF));
      setTimeout(() => response.end(bytes.subarray(HALF)), 100);
    });
    const later = (delay: number) =>
      new Promise((resolve) => setTimeout(resolve, delay)).then(() => download(folder, [url]));
    await Promise.all([download(folder, [url]), later(20), later(50), later(150)]);
    await expectComplete(folder);
  });

  it('continues a download that a killed process has left', async () => {
    const folder = await temporaryFolder();
    const { url, requests } = await serve(honest);
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    await writeFile(join(folder, `one.gz.part.${pid}-1`), PACKED.get('/one.gz')!.subarray(0, HALF));
    await download(folder, [url]);
    await expectComplete(folder);
    expect(requests[0]).toBe(`/one.gz bytes=${HALF}-`);
  });

  it('throws what its callback throws', async () => {
    const { url } = await serve(honest);
    const onProgress = () => {
      throw new RangeError('enough');
    };
    const run = download(await temporaryFolder(), [url], { onProgress });
    await expect(run).rejects.toEqual(new RangeError('enough'));
  });

  it('refuses arguments of wrong types', async () => {
    for (const options of [
      null,
      { dir: 7 },
      { mirrors: 'x' },
      { mirrors: [7] },
      { mirrors: ['no url'] },
      { signal: 1 },
    ]) {
      await expectCode(() => downloadMnist(wrong(options)), 'ERR_INVALID_ARGUMENT');
    }
    await expectCode(() => downloadMnist({ onProgress: wrong(5) }), 'ERR_INVALID_ARGUMENT');
  });
});
