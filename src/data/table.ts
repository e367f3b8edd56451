import { basename } from 'node:path';
import {
  type KnownFields,
  requireArray,
  requireKnownFields,
  requireText,
} from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { invalidData } from '../base/invalid-data.js';
import { listed } from '../base/listed.js';
import { requireNames } from '../engine/class-names.js';
import { NamePlaces, namesInOrder, wholeNumber } from '../engine/class-order.js';
import type { ColumnEncoding } from '../engine/encoding/column-encoding.js';
import { checkEncode, type EncodeOptions } from '../engine/encoding/encode-options.js';
import { requireFeatureMap } from '../engine/feature-map.js';
import type { DatasetContents, FeatureMap } from '../engine/labelled-data.js';
import type { NamesOfRows } from './table-names.js';
import type { TextColumn } from './text-column.js';

/** The roles of a table's columns. */
export interface TableOptions {
  /** The column of the class labels. */
  readonly label: string;
  /** The column of the owners. */
  readonly owner?: string;
  /**
   * The column of the rows' ids, each of which must be unique; default: a row's id is its position.
   * Whole numbers and texts stay what they are; in a file of texts, whole numbers are numbers if all
   * ids are.
   */
  readonly id?: string;
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
   * The texts that stand for a missing label, owner or id, or, in columns that `encode` says may miss values
   * or are categories, for a missing feature; default: those of pandas, such as `NaN`, `NULL`, `None` and `NA`,
   * and `\\N`. A blank text always does.
   */
  readonly missing?: readonly string[];
  /**
   * How columns become inputs of a network: missing values, categories, standardization; by the names of
   * columns, of lists, or of their elements, such as `embedding[0]`. To read a test file, give the `encoding`
   * of the training rows. Default: features are the inputs, all of them finite numbers.
   */
  readonly encode?: EncodeOptions | readonly ColumnEncoding[];
  /**
   * Maps raw features to the network's input, as `model.facts.affine` of a model that normalizes them
   * does; with `applied: true` they have gone through it already. Not with `encode`.
   */
  readonly affine?: FeatureMap;
}

export const TABLE_OPTIONS: KnownFields<TableOptions> = {
  ...{ label: true, owner: true, id: true, features: true },
  ...{ name: true, classNames: true, missing: true, encode: true, affine: true },
};

/**
 * A copy that the caller can no longer change.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function checkTableOptions<Options extends TableOptions>(
  options: Options,
  names: KnownFields<Options>,
): Options {
  const known = requireKnownFields('options', options, names);
  const { label, owner, id, features, name, classNames, missing, encode, affine } = known;
  requireText('label', label);
  if (owner !== undefined) requireText('owner', owner);
  if (id !== undefined) requireText('id', id);
  if (name !== undefined) requireText('name', name);
  if (affine !== undefined && encode !== undefined) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      'columns are encoded, or all features mapped alike: leave out affine or encode',
    );
  }
  return {
    ...known,
    ...(features && { features: textsOf('features', features) }),
    ...(missing && { missing: textsOf('missing', missing) }),
    ...(classNames !== undefined && { classNames: requireNames('classNames', classNames) }),
    ...(encode !== undefined && { encode: checkEncode(encode) }),
    ...(affine !== undefined && { affine: requireFeatureMap(affine) }),
  };
}

function textsOf(name: string, texts: readonly string[]): readonly string[] {
  const list = requireArray(name, texts);
  for (const text of list) requireText(`an entry of ${name}`, text);
  return list;
}

/** The positions of the columns in a file. */
export interface TableColumns {
  readonly label: number;
  readonly owner: number | undefined;
  readonly id: number | undefined;
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
  { label, owner, id, features }: TableOptions,
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
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `${file} has no column ${name}; it has ${listed(names)}`,
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
  if (features === undefined) requireNoIndex(file, names, chosen);
  if (new Set([...special, ...chosen]).size < special.length + chosen.length) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `${file}: a column can only be one of label, owner, id and feature, once`,
    );
  }
  if (chosen.length === 0) {
    throw new LetheError('ERR_INVALID_ARGUMENT', `${file} has no column left for the features`);
  }
  return { ...roles, features: chosen };
}

/** The row numbers that pandas writes beside the columns must not become a feature unasked. */
function requireNoIndex(file: string, names: readonly string[], chosen: readonly number[]): void {
  const index = chosen.find((column) =>
    /^(__index_level_\d+__|Unnamed: \d+)?$/.test(names[column]!),
  );
  if (index === undefined) return;
  const found = names[index] === '' ? 'has no name' : `is ${names[index]}, an index of pandas`;
  throw invalidData(
    file,
    `column ${index + 1} ${found}: name the columns to use with the option features`,
  );
}

/** The contents of a table's columns. */
interface TableContents extends NamesOfRows {
  /** Row-major [rows, columns]. */
  readonly features: Float32Array | Uint8Array;
  /** [columns] */
  readonly featureNames: readonly string[];
  /** [columns], where the features are raw values. */
  readonly encoding?: readonly ColumnEncoding[] | undefined;
}

/**
 * What a data set is made of.
 *
 * @throws {LetheError} ERR_INVALID_DATA: no rows, a label that is not among the classes, or two features
 * of one name.
 */
export function assembleTable(
  file: string,
  { features, featureNames, encoding, labels, owners, ids }: TableContents,
  options: TableOptions,
): DatasetContents {
  if (features.length === 0) throw invalidData(file, 'it has no rows');
  requireOneEach(file, featureNames);
  const classNames = options.classNames ?? namesInOrder(labels.distinct);
  const classOf = placesOf(labels, classNames);
  const unknown = labels.distinct.find((_, code) => classOf[code] === undefined);
  if (unknown !== undefined) {
    throw invalidData(file, `the label "${unknown}" is not one of ${listed(classNames)}`);
  }
  return {
    name: options.name ?? basename(file),
    rows: features.length / featureNames.length,
    columns: featureNames.length,
    features,
    ...(options.affine && { affine: options.affine }),
    featureNames,
    ...(encoding && { encoding }),
    classNames,
    labels: labels.rows.map((code) => classOf[code]!),
    ...(owners && { subjects: ownershipOf(owners) }),
    ...(ids && { ids }),
  };
}

/** The place of each distinct text of a column among the names. */
function placesOf(column: TextColumn, names: readonly string[]): (number | undefined)[] {
  const places = new NamePlaces(names);
  return column.distinct.map((text) => places.find(text));
}

/**
 * Where all owners are whole numbers, 17 and `17.0` are one. No other two texts are: `007` need not be
 * who 7 is.
 */
function ownershipOf({ distinct, rows }: TextColumn) {
  const wholes = distinct.map(wholeNumber);
  const subjects = [...new Set(wholes)];
  const areSpelledTwice = !subjects.includes(undefined) && subjects.length < distinct.length;
  if (!areSpelledTwice) return { subjects: distinct, owners: rows };
  const places = new Map(subjects.map((subject, place) => [subject, place]));
  const ownerOf = wholes.map((whole) => places.get(whole)!);
  return { subjects: subjects as string[], owners: rows.map((code) => ownerOf[code]!) };
}

/** Columns differ in their names, but a column may be called like an element of a list. */
function requireOneEach(file: string, featureNames: readonly string[]): void {
  const names = new Set<string>();
  for (const name of featureNames) {
    if (names.has(name)) {
      throw invalidData(
        file,
        `two features would have the name ${name}, an element of a list and a column: rename the column`,
      );
    }
    names.add(name);
  }
}
