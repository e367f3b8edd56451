import { basename } from 'node:path';
import {
  type KnownFields,
  requireArray,
  requireKnownFields,
  requireText,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { invalidData } from '../base/invalid-data.js';
import { requireMemory } from '../base/memory.js';
import type { AffineMap } from '../engine/labelled-data.js';
import { classesOf } from './class-names.js';
import type { OwnedData } from './owned-data.js';

/** The roles of a table's columns. */
export interface TableOptions {
  /** The column of the class labels. */
  readonly label: string;
  /** The column of the owners. */
  readonly owner?: string;
  /** The columns of the features, in this order; default: all others, in the file's order. */
  readonly features?: readonly string[];
  /** The data set's name; default: the file's name. */
  readonly name?: string;
  /**
   * The labels of the classes 0, 1, ...; default: the labels in the file in ascending order, by
   * value if all are numbers, where `1` and `1.0` are one class. To read a test file, give the class
   * names of the training file.
   */
  readonly classNames?: readonly string[];
  /**
   * The texts that stand for a missing label or owner; default: those of pandas, such as `NaN`, `NULL`,
   * `None` and `NA`, and `\\N`. A blank text always does.
   */
  readonly missing?: readonly string[];
}

export const TABLE_OPTIONS: KnownFields<TableOptions> = {
  ...{ label: true, owner: true, features: true, name: true, classNames: true, missing: true },
};

/** @throws {LetheError} ERR_INVALID_ARGUMENT */
export function checkTableOptions<Options extends TableOptions>(
  options: Options,
  names: KnownFields<Options>,
): void {
  const { label, owner, features, name, classNames, missing } = requireKnownFields(
    'options',
    options,
    names,
  );
  requireText('label', label);
  if (owner !== undefined) requireText('owner', owner);
  if (name !== undefined) requireText('name', name);
  for (const column of requireArray('features', features ?? [])) requireText('a feature', column);
  for (const text of requireArray('classNames', classNames ?? [])) requireText('a class', text);
  for (const text of requireArray('missing', missing ?? [])) requireText('a missing text', text);
  if (classNames && new Set(classNames).size < classNames.length) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `classNames must differ, but are ${classNames.slice(0, SHOWN_NAMES).join(', ')}`,
    );
  }
}

/** How many names of a possibly very long list a message shows. */
const SHOWN_NAMES = 20;

/** The positions of the columns in a file. */
export interface TableColumns {
  readonly label: number;
  readonly owner: number | undefined;
  readonly features: readonly number[];
}

/**
 * Finds the columns that the options name.
 *
 * @param names the file's columns
 * @throws {LetheError} ERR_INVALID_DATA: two columns of the same name, or a column without one that is not
 * left out. ERR_INVALID_ARGUMENT: a column that does not exist, or that is given two roles.
 */
export function findColumns(
  file: string,
  names: readonly string[],
  { label, owner, features }: TableOptions,
): TableColumns {
  const positions = new Map<string, number>();
  for (const [position, name] of names.entries()) {
    if (name === '') continue;
    if (positions.has(name)) throw invalidData(file, `two columns have the name ${name}`);
    positions.set(name, position);
  }
  const find = (name: string): number => {
    const position = positions.get(name);
    if (position !== undefined) return position;
    const shown = names.slice(0, SHOWN_NAMES).join(', ');
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `${file} has no column ${name}; it has ${shown}${names.length > SHOWN_NAMES ? ', ...' : ''}`,
    );
  };
  const special = [find(label), ...(owner === undefined ? [] : [find(owner)])];
  const chosen =
    features?.map(find) ?? names.map((_, index) => index).filter((i) => !special.includes(i));
  if (features === undefined) requireNoIndex(file, names, chosen);
  if (new Set([...special, ...chosen]).size < special.length + chosen.length) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `${file}: a column can only be one of label, owner and feature, once`,
    );
  }
  if (chosen.length === 0) {
    throw new LetheError('ERR_INVALID_ARGUMENT', `${file} has no column left for the features`);
  }
  return { label: special[0]!, owner: special[1], features: chosen };
}

/** The row numbers that pandas writes beside the columns must not become a feature unasked. */
function requireNoIndex(file: string, names: readonly string[], chosen: readonly number[]): void {
  const index = chosen.find((column) => /^(__index_level_\d+__)?$/.test(names[column]!));
  if (index === undefined) return;
  const found = names[index] === '' ? 'has no name' : `is ${names[index]}, an index of pandas`;
  throw invalidData(
    file,
    `column ${index + 1} ${found}: name the columns to use with the option features`,
  );
}

/** The largest number of keys of a Map. */
const MAX_DISTINCT = 2 ** 24;

/** A column of texts that stores each distinct text once. */
export class TextColumn {
  readonly #file: string;
  readonly #codes = new Map<string, number>();
  #rows = new Uint32Array(2 ** 10);
  #used = 0;

  /** @param file appears in error messages */
  constructor(file: string) {
    this.#file = file;
  }

  /** @throws {LetheError} ERR_INVALID_DATA: too many different texts. ERR_OUT_OF_MEMORY. */
  push(text: string): void {
    const code = this.#codes.get(text) ?? this.#codes.size;
    if (code === this.#codes.size) this.#add(text, code);
    if (this.#used === this.#rows.length) this.#grow();
    this.#rows[this.#used++] = code;
  }

  #add(text: string, code: number): void {
    if (code === MAX_DISTINCT) {
      throw invalidData(
        this.#file,
        `a column has more than ${MAX_DISTINCT} different labels or owners`,
      );
    }
    this.#codes.set(text, code);
  }

  #grow(): void {
    requireMemory(this.#file, 3 * this.#rows.byteLength);
    const rows = new Uint32Array(2 * this.#rows.length);
    rows.set(this.#rows);
    this.#rows = rows;
  }

  /** The distinct texts, in order of their first occurrence. */
  get distinct(): string[] {
    return [...this.#codes.keys()];
  }

  /** [rows], each an index into `distinct`. */
  get rows(): Uint32Array {
    return this.#rows.slice(0, this.#used);
  }
}

/** The names of the features that the elements of a list become: `embedding[0]`, `embedding[1]`, ... */
export function elementNames(list: string, length: number): string[] {
  return Array.from({ length }, (_, i) => `${list}[${i}]`);
}

/** The contents of a table's columns. */
interface TableContents {
  /** Row-major [rows, columns]. */
  readonly features: Float32Array | Uint8Array;
  /** Of features that are bytes. */
  readonly affine?: AffineMap;
  /** [columns] */
  readonly featureNames: readonly string[];
  readonly labels: TextColumn;
  readonly owners: TextColumn | undefined;
}

/** @throws {LetheError} ERR_INVALID_DATA: no rows, or a label that is not among the classes. */
export function assembleTable(
  file: string,
  { features, affine, featureNames, labels, owners }: TableContents,
  options: TableOptions,
): OwnedData {
  if (features.length === 0) throw invalidData(file, 'it has no rows');
  const { classNames, classOf } = classesOf(file, labels.distinct, options.classNames);
  return {
    data: {
      name: options.name ?? basename(file),
      rows: features.length / featureNames.length,
      columns: featureNames.length,
      classes: classNames.length,
      features,
      ...(affine && { affine }),
      labels: labels.rows.map((code) => classOf[code]!),
    },
    classNames,
    featureNames,
    ...(owners && { ownership: { subjects: owners.distinct, owners: owners.rows } }),
  };
}
