import { requireObject } from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import { listed } from '../../base/listed.js';

/** A raw value as an application has it; null, undefined and NaN are missing. */
export type Cell = number | bigint | boolean | string | null | undefined;

/** The raw values of a row by the names of their columns; one that is left out is missing. */
export type FeatureRecord = Readonly<Record<string, Cell>>;

/** Whether the features of a row are named, and not a list of values. */
export function isRecord(features: unknown): features is FeatureRecord {
  const isObject = typeof features === 'object' && features !== null;
  return isObject && !Array.isArray(features) && !ArrayBuffer.isView(features);
}

/**
 * The values of a record in the order of the columns.
 *
 * @param what the record is called in messages
 * @throws {LetheError} ERR_INVALID_ARGUMENT: no names are known, or the record has another one
 */
export function cellsOf(
  what: string,
  record: FeatureRecord,
  featureNames: readonly string[] | undefined,
): Cell[] {
  requireObject(what, record);
  if (!featureNames) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `${what} names its columns, whose order only featureNames would tell: give an array of values`,
    );
  }
  for (const name of Object.keys(record)) {
    if (featureNames.includes(name)) continue;
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `${what} has the unknown column ${name}: the columns are ${listed(featureNames)}`,
    );
  }
  return featureNames.map((name) => (Object.hasOwn(record, name) ? record[name] : undefined));
}
