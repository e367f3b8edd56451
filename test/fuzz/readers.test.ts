import { readdirSync, readFileSync } from 'node:fs';
import { copyFile, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LetheError, type LetheErrorCode } from '#lethe/base/errors';
import {
  labelledFromIdx,
  loadArrow,
  loadCsv,
  loadIdx,
  loadNumpy,
  loadOnnx,
  loadParquet,
  loadSafetensors,
  Model,
} from '../support/everything.js';
import { mutate, mutation } from './mutations.js';

/** Changed files for each reader. More by hand: FUZZ_RUNS=100000 FUZZ_SEED=7 npx vitest run test/fuzz */
const RUNS = Number(process.env.FUZZ_RUNS ?? 300);
const SEED = Number(process.env.FUZZ_SEED ?? 1);

interface Target {
  /** Folders with files that the reader accepts. */
  readonly corpus: readonly string[];
  readonly extension: string;
  readonly read: (path: string) => Promise<unknown>;
  /** How it may refuse a file; the first one is for a file with nothing in it. */
  readonly codes: readonly LetheErrorCode[];
  /** Of the runs; default 1. */
  readonly share?: number;
}

const MODEL_CODES: LetheErrorCode[] = ['ERR_INVALID_MODEL', 'ERR_UNSUPPORTED_MODEL'];

const TARGETS: Record<string, Target> = {
  loadIdx: {
    corpus: ['fuzz/corpus/idx'],
    extension: '',
    codes: ['ERR_INVALID_DATA'],
    read: async (path) => {
      const images = await loadIdx(path, { maxBytes: 2 ** 20 });
      const affine = { scale: 1, offset: 0 };
      const labels = { shape: [images.shape[0]!], values: new Uint8Array(images.shape[0]!) };
      return labelledFromIdx({ name: 'fuzz', images, labels, classes: 2, affine });
    },
  },
  loadCsv: {
    corpus: ['fuzz/corpus/csv'],
    extension: '.csv',
    codes: ['ERR_INVALID_DATA', 'ERR_INVALID_ARGUMENT'],
    read: (path) => loadCsv(path, { label: 'kind', owner: 'owner' }),
  },
  loadParquet: {
    corpus: ['fixtures/parquet'],
    extension: '.parquet',
    codes: ['ERR_INVALID_DATA', 'ERR_INVALID_ARGUMENT', 'ERR_OUT_OF_MEMORY'],
    // Each one starts a process.
    share: 0.05,
    read: (path) => loadParquet(path, { label: 'class', features: ['half'] }),
  },
  'loadCsv with European numbers': {
    corpus: ['fixtures/cases/csv'],
    extension: '.csv',
    codes: ['ERR_INVALID_DATA', 'ERR_INVALID_ARGUMENT'],
    read: (path) =>
      loadCsv(path, {
        ...{ label: 'klasse', owner: 'kunde', delimiter: ';', decimal: ',', thousands: '.' },
      }),
  },
  'loadParquet of lists': {
    corpus: ['fixtures/parquet-types'],
    extension: '.parquet',
    codes: ['ERR_INVALID_DATA', 'ERR_INVALID_ARGUMENT', 'ERR_OUT_OF_MEMORY'],
    share: 0.05,
    read: (path) => loadParquet(path, { label: 'y' }),
  },
  loadArrow: {
    corpus: ['fixtures/arrow'],
    extension: '',
    codes: ['ERR_INVALID_DATA', 'ERR_INVALID_ARGUMENT', 'ERR_OUT_OF_MEMORY'],
    share: 0.05,
    read: (path) => loadArrow(path, { label: 'y' }),
  },
  'loadNumpy of an archive': {
    corpus: ['fuzz/corpus/npz'],
    extension: '.npz',
    codes: ['ERR_INVALID_DATA', 'ERR_INVALID_ARGUMENT', 'ERR_OUT_OF_MEMORY'],
    read: (path) => loadNumpy(path, { features: 'X', label: 'y', owner: 'u' }),
  },
  'loadNumpy of a folder': {
    corpus: ['fuzz/corpus/npy'],
    extension: '.npy',
    codes: ['ERR_INVALID_DATA', 'ERR_OUT_OF_MEMORY'],
    read: async (path) => {
      const labels = new URL('../fixtures/numpy/folder/y.npy', import.meta.url);
      await copyFile(labels, join(dirname(path), 'y.npy'));
      return loadNumpy(dirname(path), { features: basename(path, '.npy'), label: 'y' });
    },
  },
  loadOnnx: {
    corpus: ['fixtures/models'],
    extension: '.onnx',
    codes: MODEL_CODES,
    read: loadOnnx,
  },
  loadSafetensors: {
    corpus: ['fixtures/models'],
    extension: '.safetensors',
    codes: MODEL_CODES,
    read: loadSafetensors,
  },
  'Model.load': {
    corpus: ['fuzz/corpus/model'],
    extension: '.safetensors',
    codes: ['ERR_INVALID_MODEL'],
    read: (path) => Model.load(path),
  },
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-fuzz-'));
});
afterAll(() => rm(folder, { recursive: true }));

function corpusOf({ corpus, extension }: Target): Uint8Array[] {
  return corpus.flatMap((name) => {
    const files = new URL(`../${name}/`, import.meta.url);
    const names = readdirSync(files, { withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name.endsWith(extension))
      .map(({ name: file }) => file);
    return names.sort().map((file) => readFileSync(new URL(file, files)));
  });
}

describe.each(Object.entries(TARGETS))('%s', (name, target) => {
  const corpus = corpusOf(target);
  const numRuns = Math.ceil(RUNS * (target.share ?? 1));
  // Only ends what hangs; the longest that a timer takes is 24 days.
  const timeout = Math.min(2 ** 31 - 1, 300_000 + 10_000 * numRuns);
  const path = () => join(folder, `${name}${target.extension}`);

  async function outcome(bytes: Uint8Array): Promise<'taken' | LetheErrorCode> {
    await writeFile(path(), bytes);
    try {
      await target.read(path());
      return 'taken';
    } catch (error) {
      if (!(error instanceof LetheError)) throw error;
      return error.code;
    }
  }

  it('takes files of its corpus, and refuses one with nothing in it', async () => {
    const outcomes = new Set<string>();
    for (const bytes of corpus) outcomes.add(await outcome(bytes));
    expect(outcomes).toContain('taken');
    expect(await outcome(new Uint8Array())).toBe(target.codes[0]);
  });

  it('takes or refuses whatever a file may hold', { timeout }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(corpus.length - 1),
        fc.array(mutation, { minLength: 1, maxLength: 6 }),
        async (file, mutations) => {
          const result = await outcome(mutate(corpus[file]!, mutations, corpus));
          expect(['taken', ...target.codes]).toContain(result);
        },
      ),
      { seed: SEED, numRuns },
    );
  });
});
