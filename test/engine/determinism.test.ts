import { describe, expect, it } from 'vitest';
import { runChild } from '../support/child.js';

const isas = await Promise.all(
  ['plain', 'avx2', 'avx512', 'neon'].map(async (isa) => {
    const { code, stdout } = await runChild('isa', [], { LETHE_ISA: isa });
    return { isa, available: code === 0, device: stdout.trim() };
  }),
);

/** Runs in a separate process, because the environment selects the instruction set. */
async function hashes(isa: string, threads: number, features: string): Promise<object> {
  const child = await runChild('run', [`${threads}`, features], { LETHE_ISA: isa });
  expect(child.stderr).toBe('');
  return JSON.parse(child.stdout);
}

it('uses the instruction set that LETHE_ISA names, or fails', async () => {
  expect(isas[0]).toEqual({ isa: 'plain', available: true, device: 'cpu plain' });
  for (const { isa, available, device } of isas) expect(device).toBe(available ? `cpu ${isa}` : '');
  const { code, stderr } = await runChild('isa', [], { LETHE_ISA: 'abacus' });
  expect(code).toBe(1);
  expect(stderr).toContain('ERR_INVALID_ARGUMENT');
});

describe.each(['bytes', 'floats'])('the bits of a run on %s', (features) => {
  const reference = hashes('plain', 1, features);

  it('differ between steps, so that the comparisons below are meaningful', async () => {
    expect(new Set(Object.values(await reference)).size).toBe(5);
  });

  for (const { isa, available } of isas) {
    it.skipIf(!available).each([1, 2, 3])(
      `do not depend on ${isa} with %i threads`,
      async (threads) => {
        expect(await hashes(isa, threads, features)).toEqual(await reference);
      },
    );
  }
});

it('differ between byte and float features, which are computed differently', async () => {
  expect(await hashes('plain', 2, 'bytes')).not.toEqual(await hashes('plain', 2, 'floats'));
});
