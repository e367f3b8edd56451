import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { BenchError } from '../support/bench-error.js';
import { inLethe } from '../support/places.js';
import { type BenchSet, inParts, type LabelledRows, MissingData, shuffled } from './bench-set.js';
import { Draws } from './draws.js';

/** Where Debian's python3-sklearn has its tables; scikit-learn is under the 3-clause BSD licence. */
const SKLEARN = '/usr/lib/python3/dist-packages/sklearn/datasets/data';
const SKLEARN_COMMAND = 'apt-get install python3-sklearn';
/** The package mlbench is under the GPL, version 2: it is read where it is installed, and not shipped. */
const MLBENCH_COMMAND = 'apt-get install r-base-core r-cran-mlbench';

/** Text of numbers between commas, the class last. */
type ReadText = () => Promise<string>;

/** A table that scikit-learn ships. @param headed whether its first line is none of its rows */
const fromSklearn =
  (file: string, headed = true): ReadText =>
  async () => {
    const path = join(SKLEARN, file);
    if (!existsSync(path)) throw new MissingData(`${path} is missing: ${SKLEARN_COMMAND}`);
    const bytes = await readFile(path);
    const text = String(file.endsWith('.gz') ? gunzipSync(bytes) : bytes);
    return headed ? text.slice(text.indexOf('\n') + 1) : text;
  };

/** A table of R's mlbench, converted by R once for all runs. */
const fromMlbench =
  (name: string): ReadText =>
  async () => {
    const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), '.cache'), 'lethe', 'tables');
    const path = join(folder, `${name}.csv`);
    if (!existsSync(path)) {
      await mkdir(folder, { recursive: true });
      const { status } = spawnSync('Rscript', [inLethe('bench/data/mlbench.R'), folder]);
      if (status !== 0 || !existsSync(path)) {
        throw new MissingData(`${name} needs R and its package mlbench: ${MLBENCH_COMMAND}`);
      }
    }
    return readFile(path, 'utf8');
  };

/** @throws {BenchError} ERR_IO: what is there is no table of numbers */
function parseTable(name: string, text: string): LabelledRows {
  const rows = text
    .split('\n')
    .filter((line) => line.trim() !== '')
    .map((line) => line.split(',').map(Number));
  const columns = rows[0]!.length - 1;
  if (rows.some((row) => row.length !== columns + 1 || row.some(Number.isNaN))) {
    throw new BenchError('ERR_IO', `${name} is not a table of numbers: remove it and try again`);
  }
  const labels = Uint32Array.from(rows, (row) => row[columns]!);
  return {
    ...{ columns, classes: 1 + labels.reduce((a, b) => Math.max(a, b), 0), labels },
    features: Float32Array.from(rows.flatMap((row) => row.slice(0, columns))),
  };
}

/**
 * Columns of mean 0 and variance 1 over all rows, as who prepares a table makes them; constant ones
 * become 0.
 */
export function standardized(rows: LabelledRows): LabelledRows {
  const { columns, labels } = rows;
  const features = Float32Array.from(rows.features);
  const count = labels.length;
  for (let column = 0; column < columns; column++) {
    let sum = 0;
    for (let i = column; i < features.length; i += columns) sum += features[i]!;
    const mean = sum / count;
    let squares = 0;
    for (let i = column; i < features.length; i += columns) squares += (features[i]! - mean) ** 2;
    const deviation = Math.sqrt(squares / count) || 1;
    for (let i = column; i < features.length; i += columns) {
      features[i] = (features[i]! - mean) / deviation;
    }
  }
  return { ...rows, features };
}

interface Table extends Pick<BenchSet, 'name' | 'kind' | 'hidden'> {
  readonly read: ReadText;
  /** Whether its columns are left as they are. */
  readonly raw?: boolean;
}

function realTable({ name, kind, hidden, read, raw = false }: Table): BenchSet {
  const make = async () => {
    const rows = shuffled(parseTable(name, await read()), new Draws(name));
    return inParts(name, raw ? rows : standardized(rows));
  };
  return { name, kind, hidden, make };
}

const large = (name: string, table: string, hidden: readonly number[], raw: boolean) =>
  realTable({ name, kind: 'table', hidden, read: fromMlbench(table), raw });

export const REAL_TABLES: readonly BenchSet[] = [
  large('letters', 'LetterRecognition', [128, 64], false),
  large('letters-raw', 'LetterRecognition', [128, 64], true),
  large('satellite', 'Satellite', [64, 32], false),
  large('satellite-raw', 'Satellite', [64, 32], true),
  large('shuttle-raw', 'Shuttle', [64, 32], true),
  large('splice-junctions', 'DNA', [64], true),
];

const small = (name: string, read: ReadText, hidden: readonly number[]) =>
  realTable({ name, kind: 'small', hidden, read });

/** 100 to 1,800 rows. */
export const SMALL_REAL_TABLES: readonly BenchSet[] = [
  small('iris', fromSklearn('iris.csv'), [32]),
  small('wine', fromSklearn('wine_data.csv'), [32]),
  small('breast-cancer', fromSklearn('breast_cancer.csv'), [32]),
  small('digits-8x8', fromSklearn('digits.csv.gz', false), [64]),
  small('vowels', fromMlbench('Vowel'), [64]),
  small('sonar', fromMlbench('Sonar'), [32]),
  small('glass', fromMlbench('Glass'), [32]),
  small('ionosphere', fromMlbench('Ionosphere'), [32]),
  small('diabetes', fromMlbench('PimaIndiansDiabetes'), [32]),
  small('vehicles', fromMlbench('Vehicle'), [64]),
  small('soybeans', fromMlbench('Soybean'), [64]),
  small('animals', fromMlbench('Zoo'), [32]),
];
