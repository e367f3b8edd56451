import { readdirSync, readFileSync } from 'node:fs';
import { copyFile, cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LetheError, type LetheErrorCode } from '#lethe/base/errors';
import {
  Dataset,
  fitInputMap,
  labelledFromIdx,
  loadArrow,
  loadCsv,
  loadIdx,
  loadNumpy,
  loadOnnx,
  loadParquet,
  loadSafetensors,
  Model,
  openStore,
  type TableOptions,
} from '../support/everything.js';
import { mutate, mutation } from './mutations.js';

/** Changed files for each reader. More by hand: FUZZ_RUNS=100000 FUZZ_SEED=7 npx vitest run test/fuzz */
const RUNS = Number(process.env.FUZZ_RUNS ?? 300);
const SEED = Number(process.env.FUZZ_SEED ?? 1);

const CASES = new URL('../fixtures/cases/onnx-exporters/', import.meta.url);
const EXTERNAL = 'pytorch-external.onnx.data';
/** Shards, and the index that names them. */
const SHARDS = 'fixtures/state-dicts/sharded';

interface Target {
  /** Folders with files that the reader accepts. */
  readonly corpus: readonly string[];
  readonly extension: string;
  readonly read: (path: string) => Promise<unknown>;
  /** How it may refuse a file; the first one is for a file with nothing in it. */
  readonly codes: readonly LetheErrorCode[];
  /** Set for a reader that takes a file with nothing in it. */
  readonly ofNothing?: 'taken';
  /** Of the runs; default 1. */
  readonly share?: number;
}

const MODEL_CODES: LetheErrorCode[] = ['ERR_INVALID_MODEL', 'ERR_UNSUPPORTED_MODEL'];

async function readIds(reading: Promise<Dataset>): Promise<string> {
  const dataset = await reading;
  for (const id of dataset.ids) dataset.ids.positionOf(id);
  return dataset.digest();
}

const ENCODED: TableOptions = {
  ...{ label: 'y', owner: 'owner', features: ['age', 'income', 'member', 'country', 'code'] },
  encode: {
    numbers: { missing: 'mean', standardize: true },
    columns: {
      country: { categories: 'found', missing: 'none' },
      code: { categories: 'found', missing: 'none' },
    },
  },
};

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
  'loadCsv, encoded': {
    corpus: ['fuzz/corpus/csv', 'fixtures/encoding'],
    extension: '.csv',
    codes: ['ERR_INVALID_DATA', 'ERR_INVALID_ARGUMENT'],
    read: async (path) => {
      const found = { categories: 'found', missing: 'none' } as const;
      const dataset = await loadCsv(path, {
        ...{ label: 'y', features: ['owner'], encode: { columns: { owner: found } } },
      });
      return loadCsv(path, { label: 'y', features: ['owner'], encode: dataset.encoding! });
    },
  },
  'loadParquet, encoded': {
    corpus: ['fixtures/encoding'],
    extension: 'table.parquet',
    codes: ['ERR_INVALID_DATA', 'ERR_INVALID_ARGUMENT', 'ERR_OUT_OF_MEMORY'],
    share: 0.05,
    read: (path) => loadParquet(path, ENCODED),
  },
  'loadArrow, encoded': {
    corpus: ['fixtures/encoding'],
    extension: 'table.arrow',
    codes: ['ERR_INVALID_DATA', 'ERR_INVALID_ARGUMENT', 'ERR_OUT_OF_MEMORY'],
    share: 0.05,
    read: (path) => loadArrow(path, ENCODED),
  },
  'loadNumpy, encoded': {
    corpus: ['fixtures/encoding'],
    extension: 'table.npz',
    codes: ['ERR_INVALID_DATA', 'ERR_INVALID_ARGUMENT', 'ERR_OUT_OF_MEMORY'],
    read: (path) => {
      const columns = { 'X[3]': { categories: 'found', missing: 'none' } } as const;
      const encode = { numbers: { missing: 'mean' }, columns } as const;
      return loadNumpy(path, { label: 'y', features: 'X', encode });
    },
  },
  'loadCsv, rows with ids': {
    corpus: ['fuzz/corpus/csv'],
    extension: '.csv',
    codes: ['ERR_INVALID_DATA', 'ERR_INVALID_ARGUMENT', 'ERR_DUPLICATE'],
    read: (path) => readIds(loadCsv(path, { label: 'kind', id: 'owner' })),
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
  'loadParquet, rows with ids': {
    corpus: ['fixtures/parquet-types'],
    extension: 'ids.parquet',
    codes: ['ERR_INVALID_DATA', 'ERR_INVALID_ARGUMENT', 'ERR_OUT_OF_MEMORY', 'ERR_DUPLICATE'],
    share: 0.05,
    read: (path) => readIds(loadParquet(path, { label: 'y', features: ['x'], id: 'dictionary' })),
  },
  'loadArrow, rows with ids': {
    corpus: ['fixtures/arrow'],
    extension: 'ids.arrows',
    codes: ['ERR_INVALID_DATA', 'ERR_INVALID_ARGUMENT', 'ERR_OUT_OF_MEMORY', 'ERR_DUPLICATE'],
    share: 0.05,
    read: (path) => readIds(loadArrow(path, { label: 'y', features: ['x'], id: 'int64' })),
  },
  'loadNumpy, rows with ids': {
    corpus: ['fixtures/numpy'],
    extension: 'ids.npz',
    codes: ['ERR_INVALID_DATA', 'ERR_INVALID_ARGUMENT', 'ERR_OUT_OF_MEMORY', 'ERR_DUPLICATE'],
    read: (path) => readIds(loadNumpy(path, { features: 'X', label: 'y', id: 'unicode' })),
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
    corpus: ['fixtures/models', 'fixtures/onnx', 'fixtures/cases/onnx-exporters'],
    extension: '.onnx',
    codes: [...MODEL_CODES, 'ERR_OUT_OF_MEMORY', 'ERR_IO'],
    read: (path) => loadOnnx(path, { verify: false }),
  },
  'loadOnnx, verified': {
    corpus: ['fixtures/models', 'fixtures/onnx', 'fixtures/cases/onnx-exporters'],
    extension: '.onnx',
    codes: [
      ...MODEL_CODES,
      ...(['ERR_OUT_OF_MEMORY', 'ERR_IO', 'ERR_RUNTIME', 'ERR_VERIFICATION_FAILED'] as const),
    ],
    // Each one that is taken starts a thread.
    share: 0.2,
    read: (path) => loadOnnx(path),
  },
  loadSafetensors: {
    corpus: ['fixtures/models', 'fixtures/state-dicts', 'fixtures/cases/safetensors'],
    extension: '.safetensors',
    codes: MODEL_CODES,
    read: loadSafetensors,
  },
  'loadSafetensors of an index': {
    corpus: [SHARDS],
    extension: '.json',
    codes: [...MODEL_CODES, 'ERR_IO'],
    read: loadSafetensors,
  },
  openStore: {
    corpus: ['fixtures/stores'],
    extension: '.db',
    codes: ['ERR_STORE', 'ERR_DUPLICATE', 'ERR_UNKNOWN_SUBJECT'],
    ofNothing: 'taken',
    // Each one is synchronized to the disk.
    share: 0.2,
    read: async (path) => {
      const store = await openStore({ path });
      try {
        const [first] = await store.subjects();
        await store.ids();
        if (first) await store.delete(first.subject);
      } finally {
        await store.close();
      }
    },
  },
  'Model.load': {
    corpus: ['fuzz/corpus/model'],
    extension: '.safetensors',
    codes: ['ERR_INVALID_MODEL'],
    read: (path) => Model.load(path),
  },
  'Dataset.open': {
    corpus: ['fixtures/rows'],
    extension: '.safetensors',
    codes: ['ERR_INVALID_DATA'],
    read: async (path) => {
      const dataset = await Dataset.open(path);
      try {
        const rows = [...dataset.allRows()];
        for (const row of rows) dataset.subjects.of(row);
        if (rows.length === 0) return;
        const inputMap = dataset.encoding && (await fitInputMap(dataset, rows));
        const model = Model.create([dataset.inputs, Math.max(2, dataset.classes)]);
        if (dataset.inputs < 2 ** 10) await model.withFacts({ inputMap }).logits(dataset, rows);
        await dataset.digest();
        await dataset.erase([dataset.ids.at(rows[0]!)]);
      } finally {
        dataset.close();
      }
    },
  },
};

let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lethe-fuzz-'));
  // Beside the changed models, so that what they say of their external weights is tried.
  await copyFile(new URL(EXTERNAL, CASES), join(folder, EXTERNAL));
  // An index is read from beside its shards.
  await cp(new URL(`../${SHARDS}/`, import.meta.url), folder, { recursive: true });
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
    expect(await outcome(new Uint8Array())).toBe(target.ofNothing ?? target.codes[0]);
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
