import { invalidData } from '../base/invalid-data.js';
import { listed } from '../base/listed.js';

/** The classes of a table. */
export interface Classes {
  readonly classNames: readonly string[];
  /** The class of each distinct label. */
  readonly classOf: Uint32Array;
}

/** A decimal number without loss: sign 0.digits 10^exponent, where digits neither begin nor end with 0. */
interface Decimal {
  readonly sign: number;
  readonly exponent: number;
  readonly digits: string;
}

/** Longer texts are no numbers to us, because nobody writes them. */
const MOST_CHARACTERS = 400;

/**
 * The class of each distinct label. If all labels are numbers, those of the same value are one class, which
 * is called by its shortest spelling, and classes are in order of value; else in order of UTF-16 code units.
 *
 * @param labels distinct texts
 * @param given the names of the classes; default: those found
 * @throws {LetheError} ERR_INVALID_DATA: a label that is not among the given classes
 */
export function classesOf(
  file: string,
  labels: readonly string[],
  given: readonly string[] | undefined,
): Classes {
  const classNames = given ?? inOrder(labels);
  const byName = new Map(classNames.map((name, index) => [name, index]));
  const byValue = valuesOf(classNames);
  const classOf = labels.map((label) => {
    const index = byName.get(label) ?? byValue?.get(valueKey(decimal(label)));
    if (index !== undefined) return index;
    throw invalidData(file, `the label "${label}" is not one of ${listed(classNames)}`);
  });
  return { classNames, classOf: Uint32Array.from(classOf) };
}

function inOrder(labels: readonly string[]): string[] {
  const spellings = new Map<string, { name: string; value: Decimal }>();
  for (const label of labels) {
    const value = decimal(label);
    if (!value) return labels.toSorted();
    const key = valueKey(value)!;
    const name = label.trim();
    const known = spellings.get(key);
    if (!known || isSimpler(name, known.name)) spellings.set(key, { name, value });
  }
  const classes = [...spellings.values()].sort((a, b) => compare(a.value, b.value));
  return classes.map(({ name }) => name);
}

/** Whatever the order of the rows, the same spelling wins. */
function isSimpler(a: string, b: string): boolean {
  return a.length === b.length ? a < b : a.length < b.length;
}

/** The index of each value, if all names are numbers and differ in value. */
function valuesOf(names: readonly string[]): Map<string | undefined, number> | undefined {
  const values = new Map(names.map((name, index) => [valueKey(decimal(name)), index]));
  return values.size === names.length && !values.has(undefined) ? values : undefined;
}

/** Exact, because float64 would make one class of two large whole numbers. */
function decimal(text: string): Decimal | undefined {
  if (text.length > MOST_CHARACTERS) return undefined;
  const match = /^\s*([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d{1,6}))?\s*$/i.exec(text);
  const [, minus, whole, fraction, power = '0'] = match ?? [];
  const all = `${whole ?? ''}${fraction ?? ''}`;
  if (all === '') return undefined;
  const significant = all.replace(/^0+/, '');
  const digits = significant.replace(/0+$/, '');
  if (digits === '') return { sign: 0, exponent: 0, digits };
  const exponent = whole!.length - (all.length - significant.length) + Number(power);
  return { sign: minus === '-' ? -1 : 1, exponent, digits };
}

function valueKey(value: Decimal | undefined): string | undefined {
  return value && `${value.sign} ${value.exponent} ${value.digits}`;
}

function compare(a: Decimal, b: Decimal): number {
  if (a.sign !== b.sign) return a.sign - b.sign;
  if (a.exponent !== b.exponent) return a.sign * (a.exponent - b.exponent);
  if (a.digits === b.digits) return 0;
  return a.digits < b.digits ? -a.sign : a.sign;
}
