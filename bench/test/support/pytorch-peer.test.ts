import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it, onTestFinished, vi } from 'vitest';
import { failure } from '../../../test/support/errors.js';
import { temporaryFolder } from '../../../test/support/temporary-folder.js';
import { BenchError } from '../../support/bench-error.js';
import { describePeer, PyTorchPeer } from '../../support/pytorch-peer.js';
import { hasPyTorch, PYTHON } from './pytorch.js';

/** Answers as the peer's script does, differently for each OPENBLAS_CORETYPE. */
async function fakePython(kernels: Record<string, object>): Promise<string> {
  const path = join(await temporaryFolder(), 'python');
  const script = `#!${process.execPath}
const kernel = ${JSON.stringify(kernels)}[process.env.OPENBLAS_CORETYPE ?? 'unset'];
if (!kernel) {
  console.error('no such kernels');
  process.exit(1);
}
const { isCorrect, seconds, blas = 'openblas', core = null } = kernel;
console.log(JSON.stringify({ torch: '9', blas, core }));
require('node:readline').createInterface({ input: process.stdin }).on('line', (line) =>
  console.log(JSON.stringify(JSON.parse(line).work === 'check' ? { isCorrect } : { seconds })));
`;
  await writeFile(path, script, { mode: 0o755 });
  return path;
}

async function start(python: string): Promise<PyTorchPeer> {
  const peer = await PyTorchPeer.start(python, 2);
  onTestFinished(() => peer.close());
  return peer;
}

afterEach(() => {
  vi.unstubAllEnvs();
});

describe('PyTorch as a peer', () => {
  it("takes OpenBLAS's fastest kernels that are right, whatever the environment names", async () => {
    vi.stubEnv('OPENBLAS_CORETYPE', 'Haswell');
    vi.stubEnv('OPENBLAS_L2_SIZE', '1');
    const python = await fakePython({
      Haswell: { core: 'Haswell', isCorrect: true, seconds: 0.04 },
      unset: { core: 'Zen', isCorrect: true, seconds: 0.02 },
      SkylakeX: { core: 'SkylakeX', isCorrect: false, seconds: 0.01 },
    });
    const peer = await start(python);
    expect(peer.version).toBe('PyTorch 9 (openblas Zen)');
    expect(peer.environment).not.toHaveProperty('OPENBLAS_CORETYPE');
    expect(peer.environment).not.toHaveProperty('OPENBLAS_L2_SIZE');
    expect(peer.environment).toHaveProperty('PATH');
    expect(peer.trials).toEqual([
      { origin: 'as OpenBLAS chooses', core: 'Zen', microseconds: 1000 },
      { origin: 'as the environment sets it', core: 'Haswell', microseconds: 2000 },
      { origin: 'SkylakeX asked for', core: 'SkylakeX', problem: 'wrong products' },
    ]);
    expect(describePeer(peer)).toContain('Haswell, as the environment sets it: 2000 µs a step');
  });

  it('does without kernels that do not run here', async () => {
    vi.stubEnv('OPENBLAS_CORETYPE', undefined);
    vi.stubEnv('OPENBLAS_L2_SIZE', undefined);
    const python = await fakePython({ unset: { core: 'Zen', isCorrect: true, seconds: 0.02 } });
    const { version, trials } = await start(python);
    expect(version).toBe('PyTorch 9 (openblas Zen)');
    expect(trials.map(({ origin, problem }) => [origin, problem])).toEqual([
      ['as the environment sets it', undefined],
      ['SkylakeX asked for', expect.stringContaining('no such kernels')],
    ]);
  });

  it('has nothing to choose with another BLAS', async () => {
    vi.stubEnv('OPENBLAS_CORETYPE', undefined);
    const { version, trials } = await start(await fakePython({ unset: { blas: 'mkl' } }));
    expect([version, trials]).toEqual(['PyTorch 9 (mkl)', []]);
  });

  it('says why there is none', async () => {
    const error = await failure(() => PyTorchPeer.start('/no/such/python', 2));
    expect(error).toBeInstanceOf(BenchError);
    expect((error as BenchError).message).toContain('/no/such/python');
  });

  it.skipIf(!hasPyTorch)('does the work of the engine', async () => {
    const peer = await start(PYTHON);
    const widths = [784, 32, 10];
    for (const work of ['train', 'fisher'] as const) {
      expect(await peer.seconds({ work, widths, batch: 128, steps: 2 })).toBeGreaterThan(0);
    }
    expect(await peer.seconds({ work: 'evaluate', widths, rows: 1000 })).toBeGreaterThan(0);
  });
});
