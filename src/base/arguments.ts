import { LetheError } from './errors.js';
import { isWellFormed } from './well-formed.js';

/** Checks of argument values; each throws ERR_INVALID_ARGUMENT with the argument's name. */

function invalid(name: string, expected: string, value: unknown): LetheError {
  return new LetheError(
    'ERR_INVALID_ARGUMENT',
    `${name} must be ${expected}, but is ${describeValue(value)}`,
  );
}

/** Of a text in a message. */
const SHOWN_CHARACTERS = 60;

/** What a value is, for a message: never its contents where these may be long. */
export function describeValue(value: unknown): string {
  if (typeof value === 'string') return describeText(value);
  if (typeof value === 'function') return 'a function';
  if (typeof value === 'bigint') return `the bigint ${String(value).slice(0, SHOWN_CHARACTERS)}n`;
  return typeof value === 'object' && value !== null ? describeObject(value) : String(value);
}

function describeText(text: string): string {
  const shown = JSON.stringify(text.slice(0, SHOWN_CHARACTERS));
  return text.length > SHOWN_CHARACTERS ? `${shown}... of ${text.length} characters` : shown;
}

function describeObject(value: object): string {
  try {
    if (Array.isArray(value)) return 'an array';
    if (value instanceof Promise) return 'a Promise: is an `await` missing?';
    const tag = Object.prototype.toString.call(value).slice('[object '.length, -1);
    const name = tag === 'Object' ? Object.getPrototypeOf(value)?.constructor.name : tag;
    return name === 'Object' || !CLASS_NAME.test(name) ? 'an object' : withArticle(name);
  } catch {
    // A proxy or a getter may throw whatever it likes.
    return 'an object';
  }
}

/** What a class is usually called; an object may claim any other name, of any length. */
const CLASS_NAME = /^[A-Z]\w{1,40}$/;

function withArticle(noun: string): string {
  return `${/^[AEIOU](?!int)/.test(noun) ? 'an' : 'a'} ${noun}`;
}

/** Requires an object whose fields can be read; null is refused. */
export function requireObject<T extends object>(name: string, value: T): T {
  if (typeof value !== 'object' || value === null) throw invalid(name, 'an object', value);
  return value;
}

/** A class, which may have a private constructor. */
interface Class<T> {
  readonly name: string;
  readonly prototype: T;
  [Symbol.hasInstance](value: unknown): boolean;
}

/**
 * As instanceof, but typed arrays may be of another realm: Jest runs tests in a context of their own,
 * while those that the addon makes are of the main one.
 */
export function isInstance<T>(value: unknown, type: Class<T>): value is T {
  if (value instanceof type) return true;
  const tag = Object.prototype.toString.call(value);
  return ArrayBuffer.isView(value) && tag === `[object ${type.name}]`;
}

export function requireInstance<T>(name: string, value: T, type: Class<T>): T {
  if (!isInstance(value, type)) throw invalid(name, withArticle(type.name), value);
  return value;
}

/** Rejects oversized arrays before copying them. */
const MOST_ELEMENTS = 2 ** 24;

/** Copies the array, so that the caller can no longer change it; holes become undefined. */
export function requireArray<T>(name: string, value: readonly T[]): readonly T[] {
  if (!Array.isArray(value)) throw invalid(name, 'an array', value);
  if (value.length > MOST_ELEMENTS) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `${name} must be an array of at most ${MOST_ELEMENTS} elements, but has ${value.length}`,
    );
  }
  return Array.from(value);
}

export function requireBoolean(name: string, value: unknown): boolean {
  if (typeof value !== 'boolean') throw invalid(name, 'true or false', value);
  return value;
}

export function requireFunction<T>(name: string, value: T): T {
  if (typeof value !== 'function') throw invalid(name, 'a function', value);
  return value;
}

export function requireText(name: string, value: string): string {
  if (typeof value !== 'string') throw invalid(name, 'a string', value);
  return value;
}

/**
 * The path of a file or folder: not blank, which is a missing value rather than a name; without NUL, at
 * which the system ends a path; and well-formed, because UTF-8 would make one name of two.
 */
export function requirePath(name: string, value: string): string {
  requireText(name, value);
  if (value.trim() === '') throw invalid(name, 'a path, and not blank', value);
  if (value.includes('\0')) throw invalid(name, 'a path without NUL', value);
  if (!isWellFormed(value)) throw invalid(name, 'a path of well-formed text', value);
  return value;
}

export function requireInteger(
  name: string,
  value: unknown,
  minimum: number,
  maximum: number = Number.MAX_SAFE_INTEGER,
): number {
  if (!Number.isSafeInteger(value) || (value as number) < minimum || (value as number) > maximum) {
    const range =
      maximum === Number.MAX_SAFE_INTEGER ? `of at least ${minimum}` : `in ${minimum}..${maximum}`;
    throw invalid(name, `a whole number ${range}`, value);
  }
  return value as number;
}

/** A finite number that float32 can hold. */
export function requireFinite(name: string, value: number): number {
  if (typeof value !== 'number' || !Number.isFinite(Math.fround(value))) {
    throw invalid(name, 'a finite number', value);
  }
  return value;
}

/** A finite number above 0 that float32 can hold. */
export function requirePositive(name: string, value: unknown): number {
  const rounded = typeof value === 'number' ? Math.fround(value) : Number.NaN;
  if (!(rounded > 0) || !Number.isFinite(rounded)) {
    throw invalid(name, 'a finite number above 0', value);
  }
  return value as number;
}

/** A finite number of at least 0 and, if given, below a limit. */
export function requireNonNegative(name: string, value: unknown, below = Infinity): number {
  const rounded = typeof value === 'number' ? Math.fround(value) : Number.NaN;
  if (!(rounded >= 0) || !(rounded < below)) {
    const range =
      below === Infinity ? 'a finite number of at least 0' : `a number in [0, ${below})`;
    throw invalid(name, range, value);
  }
  return value as number;
}

export function requireOneOf<T extends string>(
  name: string,
  value: unknown,
  allowed: readonly T[],
): T {
  if (!allowed.includes(value as T)) {
    throw invalid(name, `one of ${allowed.map((item) => `"${item}"`).join(', ')}`, value);
  }
  return value as T;
}

/** The field names that an object may have; the compiler finds a missing entry. */
export type KnownFields<T> = Readonly<Record<keyof T, true>>;

/**
 * A plain copy of the known fields that are not undefined, which the caller can no longer change: a
 * run reads its options again after it has waited. An unknown field is refused, because a misspelt
 * option would otherwise be ignored silently. Inherited fields count as own ones.
 */
export function requireKnownFields<T extends object>(
  name: string,
  value: T,
  known: KnownFields<T>,
): T {
  refuseUnknownFields(name, value, known);
  return pick(value, known);
}

/** As requireKnownFields, for an object that is read at once and so need not be copied. */
export function refuseUnknownFields<T extends object>(
  name: string,
  value: T,
  known: KnownFields<T>,
): void {
  requireObject(name, value);
  for (const key in value) {
    if (!Object.hasOwn(known, key) && value[key] !== undefined)
      throw unknownField(name, key, known);
  }
}

function unknownField(name: string, stray: string, known: object): LetheError {
  const names = Object.keys(known).sort().join(', ');
  return new LetheError(
    'ERR_INVALID_ARGUMENT',
    `${name} has the unknown field "${stray}": it may have ${names}`,
  );
}

/** The first names without the others. */
export function fieldsWithout<All extends object, Left extends keyof All>(
  names: All,
  others: Readonly<Record<Left, true>>,
): Omit<All, Left> {
  const kept = Object.entries(names).filter(([name]) => !Object.hasOwn(others, name));
  return Object.fromEntries(kept) as Omit<All, Left>;
}

/** The fields with these names that are not undefined; all others are dropped. */
export function pick<T extends object>(value: T, names: KnownFields<T>): T {
  const entries = Object.keys(names).map((name) => [name, value[name as keyof T]]);
  return given(Object.fromEntries(entries) as T);
}

/** The options without undefined fields, which would hide defaults when spread over them. */
export function given<T extends object>(options: T): T {
  const entries = Object.entries(options).filter(([, value]) => value !== undefined);
  return Object.fromEntries(entries) as T;
}
