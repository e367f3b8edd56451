import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join, sep } from 'node:path';
import { inLethe } from '../support/places.js';
import {
  type BenchSet,
  fillRows,
  inParts,
  type LabelledRows,
  MissingData,
  shuffled,
} from './bench-set.js';
import { Draws } from './draws.js';

/*
 * Texts that stand in node_modules anyway: each package is under a licence of its own, and nothing
 * of them is kept but counts in memory. package-lock.json pins the packages and so the rows.
 */

/** A passage of this many characters is a row. */
const PASSAGE = 1000;

interface Passage {
  readonly text: string;
  readonly label: number;
}

interface Source {
  readonly path: string;
  readonly bytes: number;
}

/** The files of the packages, by path; what is linked belongs to somebody else. */
function filesOfPackages(isWanted: RegExp): Source[] {
  const folder = inLethe('node_modules');
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath ?? entry.path, entry.name))
    .filter((path) => !path.includes(`${sep}.`))
    .map((path) => path.slice(folder.length + 1).replaceAll(sep, '/'))
    .filter((path) => isWanted.test(path))
    .sort()
    .map((path) => ({ path, bytes: statSync(join(folder, path)).size }));
}

const packageOf = (path: string) =>
  path
    .split('/')
    .slice(0, path.startsWith('@') ? 2 : 1)
    .join('/');

/** The first passages of some files, in the order of the files. */
function passagesOf(files: readonly Source[], most: number, label: number): Passage[] {
  const passages: Passage[] = [];
  for (const { path } of files) {
    if (passages.length >= most) break;
    const text = readFileSync(join(inLethe('node_modules'), path), 'utf8');
    for (let at = 0; at + PASSAGE <= text.length && passages.length < most; at += PASSAGE) {
      passages.push({ text: text.slice(at, at + PASSAGE), label });
    }
  }
  return passages;
}

const PACKAGES = 19;
const MOST_PASSAGES = 800;
const FEWEST_PASSAGES = 200;
const CODE = /\.[cm]?[jt]s$/;
/** Larger files are mostly bundles of other packages. */
const LARGEST_FILE = 200_000;

/** Which package a passage of code is from: the 19 with the most code. */
function codeOfPackages(): Passage[] {
  const byPackage = new Map<string, Source[]>();
  for (const file of filesOfPackages(CODE)) {
    if (file.bytes > LARGEST_FILE) continue;
    const name = packageOf(file.path);
    const own = byPackage.get(name) ?? [];
    own.push(file);
    byPackage.set(name, own);
  }
  const bytesOf = (files: readonly Source[]) => files.reduce((sum, { bytes }) => sum + bytes, 0);
  const largest = [...byPackage.values()]
    .sort((a, b) => bytesOf(b) - bytesOf(a))
    .slice(0, PACKAGES)
    .map((files, label) => passagesOf(files, MOST_PASSAGES, label));
  return enough('packages with code', largest, PACKAGES);
}

const KINDS = [/\.d\.[cm]?ts$/, /\.[cm]?js$/, /\.md$/, /\.json$/, /\.map$/, /\.(c|cc|cpp|h|hpp)$/];
const FILES_OF_A_KIND = 1500;
const PASSAGES_OF_A_KIND = 2000;

/** What kind of file a passage is from, of any package. */
function kindsOfFiles(): Passage[] {
  const files = filesOfPackages(/\./).filter(({ bytes }) => bytes <= LARGEST_FILE);
  const draws = new Draws('file-letters');
  const kinds = KINDS.map((kind, label) => {
    const own = files.filter(({ path }) => KINDS.find((any) => any.test(path)) === kind);
    const some = draws.shuffle(own.map((_, i) => i)).slice(0, FILES_OF_A_KIND);
    return passagesOf(
      some.map((i) => own[i]!),
      PASSAGES_OF_A_KIND,
      label,
    );
  });
  return enough('kinds of files', kinds, KINDS.length);
}

function enough(
  what: string,
  passages: readonly (readonly Passage[])[],
  classes: number,
): Passage[] {
  const found = passages.filter(({ length }) => length >= FEWEST_PASSAGES).length;
  if (found === classes) return passages.flat();
  throw new MissingData(
    `node_modules holds only ${found} of ${classes} ${what} with ${FEWEST_PASSAGES} passages each: ` +
      'run npm ci, which installs the packages that package-lock.json names',
  );
}

const WORD = /[A-Za-z_$][A-Za-z_$]+/g;

/** Counts of the most frequent words. */
function countWords(passages: readonly Passage[], classes: number, most: number): LabelledRows {
  const words = passages.map(({ text }) => text.match(WORD) ?? []);
  const frequency = new Map<string, number>();
  for (const own of words) {
    for (const word of own) frequency.set(word, (frequency.get(word) ?? 0) + 1);
  }
  const columns = new Map(
    [...frequency]
      .sort(([a, more], [b, less]) => less - more || (a < b ? -1 : 1))
      .slice(0, most)
      .map(([word], column) => [word, column]),
  );
  return fillRows(
    { rows: passages.length, columns: most, classes, bytes: true },
    (row, passage) => {
      for (const word of words[passage]!) {
        const column = columns.get(word);
        if (column !== undefined) row[column] = Math.min(255, row[column]! + 1);
      }
      return passages[passage]!.label;
    },
  );
}

/** Counts of three letters in a row, in so many columns: some share one. */
function countTriples(passages: readonly Passage[], classes: number, columns: number) {
  return fillRows({ rows: passages.length, columns, classes, bytes: true }, (row, passage) => {
    const { text, label } = passages[passage]!;
    for (let i = 2; i < text.length; i++) {
      const triple =
        (text.charCodeAt(i - 2) * 31 + text.charCodeAt(i - 1)) * 31 + text.charCodeAt(i);
      const column = (Math.imul(triple, 0x9e3779b1) >>> 0) % columns;
      row[column] = Math.min(255, row[column]! + 1);
    }
    return label;
  });
}

function ofPassages(name: string, hidden: readonly number[], count: () => LabelledRows): BenchSet {
  return {
    ...{ name, kind: 'text', hidden },
    make: async () => inParts(name, shuffled(count(), new Draws(name))),
  };
}

export const REAL_TEXT: readonly BenchSet[] = [
  ofPassages('code-words', [256], () => countWords(codeOfPackages(), PACKAGES, 2000)),
  ofPassages('file-letters', [128], () => countTriples(kindsOfFiles(), KINDS.length, 1000)),
];
