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
import type { DatasetContents } from '../engine/labelled-data.js';
import type { RowId } from '../engine/packed-ids.js';

/** The roles of a table's columns. */
export interface TableOptions {
  /** The column of the class labels. */
  readonly label: string;
  /** The column of the owners. */
  readonly owner?: string;
  /**
   * The column of the rows' ids, each of which must be unique; default: a row's id is its position
   * in the file. Texts that are all whole numbers are ids in the order of their values.
   */
  readonly id?: string;
  /** The columns of the features, in this order; default: all others, in the file's order. */
  readonly features?: readonly string[];
  /** The data set's name; default: the file's name. */
  readonly name?: string;
  /**
   * The labels of the classes 0, 1, ...; default: the labels in the file in ascending order, by
   * value if all are whole numbers. To read a test file, give the class names of the training file.
   */
  readonly classNames?: readonly string[];
}

export const TABLE_OPTIONS: KnownFields<TableOptions> = {
  ...{ label: true, owner: true, id: true, features: true, name: true, classNames: true },
};

/** @throws {LetheError} ERR_INVALID_ARGUMENT */
export function checkTableOptions<Options extends TableOptions>(
  options: Options,
  names: KnownFields<Options>,
): void {
  const { label, owner, id, features, name, classNames } = requireKnownFields(
    'options',
    options,
    names,
  );
  requireText('label', label);
  if (owner !== undefined) requireText('owner', owner);
  if (id !== undefined) requireText('id', id);
  if (name !== undefined) requireText('name', name);
  for (const column of requireArray('features', features ?? [])) requireText('a feature', column);
  for (const text of requireArray('classNames', classNames ?? [])) requireText('a class', text);
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
  readonly id: number | undefined;
  readonly features: readonly number[];
  /** The names of these features. */
  readonly featureNames: readonly string[];
}

/**
 * Finds the columns that the options name.
 *
 * @param names the file's columns
 * @throws {LetheError} ERR_INVALID_DATA: a column without a name, or two of the same name.
 * ERR_INVALID_ARGUMENT: a column that does not exist, or that is given two roles.
 */
export function findColumns(
  file: string,
  names: readonly string[],
  { label, owner, id, features }: TableOptions,
): TableColumns {
  if (names.includes('')) throw invalidData(file, `column ${names.indexOf('') + 1} has no name`);
  const positions = new Map<string, number>();
  for (const [position, name] of names.entries()) {
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
  const roles = {
    label: find(label),
    owner: owner === undefined ? undefined : find(owner),
    id: id === undefined ? undefined : find(id),
  };
  const special = Object.values(roles).filter((position) => position !== undefined);
  const chosen =
    features?.map(find) ?? names.map((_, index) => index).filter((i) => !special.includes(i));
  if (new Set([...special, ...chosen]).size < special.length + chosen.length) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `${file}: a column can only be one of label, owner, id and feature, once`,
    );
  }
  if (chosen.length === 0) {
    throw new LetheError('ERR_INVALID_ARGUMENT', `${file} has no column left for the features`);
  }
  return { ...roles, features: chosen, featureNames: chosen.map((i) => names[i]!) };
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

/** The contents of a table's columns. */
interface TableContents {
  /** float32, row-major [rows, columns] */
  readonly features: Float32Array;
  readonly featureNames: readonly string[];
  readonly labels: TextColumn;
  readonly owners: TextColumn | undefined;
  readonly ids: Iterable<RowId> | undefined;
}

/**
 * What a data set is made of.
 *
 * @throws {LetheError} ERR_INVALID_DATA: no rows, or a label that is not among the classes.
 */
export function assembleTable(
  file: string,
  { features, featureNames, labels, owners, ids }: TableContents,
  options: TableOptions,
): DatasetContents {
  if (features.length === 0) throw invalidData(file, 'it has no rows');
  const found = labels.distinct;
  const classNames = options.classNames ?? inOrder(found);
  const classOf = new Map(classNames.map((name, index) => [name, index]));
  const stray = found.find((text) => !classOf.has(text));
  if (stray !== undefined) {
    throw invalidData(file, `the label "${stray}" is not one of ${classNames.join(', ')}`);
  }
  return {
    name: options.name ?? basename(file),
    rows: features.length / featureNames.length,
    columns: featureNames.length,
    features,
    featureNames,
    classNames,
    labels: labels.rows.map((code) => classOf.get(found[code]!)!),
    ...(owners && { subjects: { subjects: owners.distinct, owners: owners.rows } }),
    ...(ids && { ids }),
  };
}

function inOrder(texts: readonly string[]): string[] {
  const isNumeric = texts.every((text) => /^-?\d{1,15}$/.test(text));
  return isNumeric ? texts.toSorted((a, b) => Number(a) - Number(b)) : texts.toSorted();
}
