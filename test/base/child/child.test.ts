import { spawn } from 'node:child_process';
import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { receiveArray, sendArray } from '#lethe/base/child/channel';
import { Child, ChildEnded } from '#lethe/base/child/child';
import { ended, isRunning } from '../../support/processes.js';
import { temporaryFolder } from '../../support/temporary-folder.js';

const PUPPET = '../test/fixtures/children/puppet';

async function startPuppet(): Promise<Child> {
  const child = await Child.start(PUPPET, 'a puppet');
  onTestFinished(() => child.kill());
  return child;
}

async function pidOf(child: Child): Promise<number> {
  await child.send('pid');
  return (await child.receive()) as number;
}

describe('a child', () => {
  it('takes and sends arrays of any size, in pieces', async () => {
    const child = await startPuppet();
    for (const length of [0, 1, 2 ** 20, 2 ** 21 + 3]) {
      const values = Float32Array.from({ length }, (_, i) => i);
      await child.send('array');
      await sendArray(child, values);
      const returned = await receiveArray(child, Float32Array);
      // Not toEqual, which compares numbers one by one.
      expect(Buffer.from(returned.buffer).equals(Buffer.from(values.buffer))).toBe(true);
    }
  });

  it('is ended in the middle of its work', async () => {
    const child = await startPuppet();
    const pid = await pidOf(child);
    await child.send('spin');
    await child.receive();
    child.kill();
    await expect(child.receive()).rejects.toMatchObject({ how: 'SIGKILL' });
    expect(isRunning(pid)).toBe(false);
    child.kill();
  });

  it.each([
    ['crash', 'SIGABRT'],
    ['exit', 'status 7'],
  ])('that ends by itself says how: %s', async (deed, how) => {
    const child = await startPuppet();
    await child.send(deed);
    await expect(child.receive()).rejects.toThrow(ChildEnded);
    await expect(child.receive()).rejects.toMatchObject({ how });
    await expect(child.send('pid')).rejects.toMatchObject({ how });
  });

  it.each(['SIGINT', 'SIGTERM', 'SIGHUP'] as const)(
    'leaves it to its parent to answer a terminal: %s',
    async (signal) => {
      const child = await startPuppet();
      const pid = await pidOf(child);
      process.kill(pid, signal);
      expect(await pidOf(child)).toBe(pid);
    },
  );

  it('does not wait for a debugger that this process waits for', async () => {
    vi.stubEnv('NODE_OPTIONS', '--inspect-brk=0');
    onTestFinished(() => void vi.unstubAllEnvs());
    const child = await startPuppet();
    await child.send('environment');
    expect(await child.receive()).toBe('');
  });
});

const PARENT = fileURLToPath(new URL('../../fixtures/children/parent.mjs', import.meta.url));

describe.each(['idle', 'spin'])('a child that is told to %s ends when its parent', (work) => {
  it.each([
    'is killed',
    'exits',
    'aborts',
    'throws',
    'has nothing to do any more',
    'ends the thread that has started it',
  ])('%s', async (end) => {
    const parent = spawn(process.execPath, [PARENT, work, end], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    onTestFinished(() => void parent.kill('SIGKILL'));
    const exit = new Promise((resolve) => parent.once('close', resolve));
    const pid = Number(await new Promise((resolve) => parent.stdout.once('data', resolve)));
    expect(pid).toBeGreaterThan(1);
    onTestFinished(() => {
      if (isRunning(pid)) process.kill(pid, 'SIGKILL');
    });
    if (end === 'is killed') parent.kill('SIGKILL');
    if (end !== 'ends the thread that has started it') await exit;
    await ended(pid);
  });
});

describe('a child that cannot be started', () => {
  const { execPath } = process;

  afterEach(() => {
    process.execPath = execPath;
  });

  /** What a start says, which must neither kill anything nor leave an error to nobody. */
  async function failedStart(program = PUPPET): Promise<unknown> {
    const unheard = vi.fn();
    process.on('uncaughtException', unheard);
    onTestFinished(() => void process.off('uncaughtException', unheard));
    const error = await Child.start(program, 'a puppet').catch((thrown) => thrown);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(unheard).not.toHaveBeenCalled();
    return error;
  }

  it('because Node has gone', async () => {
    process.execPath = '/nowhere/node';
    expect(await failedStart()).toMatchObject({
      ...{ name: 'LetheError', code: 'ERR_IO' },
      message: expect.stringMatching(/^cannot start a puppet: Node is no longer .* \(ENOENT\)$/),
    });
  });

  it('because Node may not be executed', async () => {
    const path = join(await temporaryFolder(), 'node');
    await writeFile(path, '');
    await chmod(path, 0o644);
    process.execPath = path;
    expect(await failedStart()).toMatchObject({
      ...{ name: 'LetheError', code: 'ERR_IO' },
      message: expect.stringContaining('(EACCES)'),
    });
  });

  it('because it ends before it begins', async () => {
    expect(await failedStart('../test/fixtures/children/no-beginner')).toMatchObject({
      ...{ name: 'LetheError', code: 'ERR_IO' },
      message: expect.stringContaining('has ended with status 3 before it began'),
    });
  });
});
