import { describeValue, requireArray } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { listed } from '../base/listed.js';
import { withRoom } from '../base/memory.js';
import { isWellFormed } from '../base/well-formed.js';
import { NamePlaces, namesInOrder, wholeNumber } from './class-order.js';
import { rowName } from './row-ids.js';

/**
 * Requires distinct, well-formed, non-empty texts; a frozen copy.
 *
 * @param what what the list is called in messages
 * @param count how many there must be; undefined: at least one
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function requireNames(
  what: string,
  names: readonly string[],
  count?: number,
): readonly string[] {
  const list = requireArray(what, names);
  for (const name of list) {
    if (typeof name === 'string' && name !== '' && isWellFormed(name)) continue;
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `${what} must hold well-formed texts that are not empty, but holds ` +
        (typeof name === 'string' ? JSON.stringify(name) : describeValue(name)),
    );
  }
  if (new Set(list).size < list.length) {
    throw new LetheError('ERR_INVALID_ARGUMENT', `${what} must differ, but are ${listed(list)}`);
  }
  if (list.length === 0 || (count !== undefined && list.length !== count)) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `${what} must hold ${count ?? 'at least one'} names, but hold ${list.length}`,
    );
  }
  return Object.freeze(list);
}

/** Gathers the classes of rows: by index if names are given, else the names as they are found. */
export class ClassColumn {
  readonly #given: readonly string[] | undefined;
  readonly #places: NamePlaces | undefined;
  /** Of the labels found, in order of their first occurrence. */
  readonly #codes = new Map<string, number>();
  readonly #areNumbers: boolean;
  #labels = new Uint32Array(2 ** 10);
  #rows = 0;
  #kind: 'number' | 'text' | undefined;

  /** @param classNames the names of the classes 0, 1, ..., if they are given */
  constructor(classNames: readonly string[] | undefined) {
    this.#given = classNames;
    this.#places = classNames && new NamePlaces(classNames);
    this.#areNumbers = classNames?.every((name) => wholeNumber(name) !== undefined) ?? true;
  }

  /**
   * @param label a class name, or a whole number: where the names are whole numbers themselves, or
   * none are given, a number is a name, else the index of a name
   * @param id the row's id, for messages
   * @throws {LetheError} ERR_INVALID_ARGUMENT
   */
  push(label: unknown, id?: unknown): void {
    this.#labels = withRoom('the labels', this.#labels, this.#rows);
    this.#labels[this.#rows] = this.#codeOf(label, id);
    this.#rows++;
  }

  #codeOf(label: unknown, id: unknown): number {
    const isNumber = Number.isSafeInteger(label) || typeof label === 'bigint';
    const isText = typeof label === 'string' && label !== '' && isWellFormed(label);
    if (!isNumber && !isText && typeof label !== 'boolean') {
      throw this.#invalid(label, id, 'a class name or a whole number');
    }
    // A boolean is the class of its name.
    const name = String(label as string);
    const kind = isNumber ? 'number' : 'text';
    if (this.#given && isNumber && !this.#areNumbers) {
      const index = Number(label);
      if (index >= 0 && index < this.#given.length) return index;
      throw this.#invalid(
        label,
        id,
        `an index of ${this.#given.length} classes, or one of their names`,
      );
    }
    if (this.#given) {
      const place = this.#places!.find(name);
      if (place !== undefined) return place;
      throw this.#invalid(label, id, `one of ${listed(this.#given)}`);
    }
    const code = this.#codes.get(name);
    this.#kind ??= kind;
    if (this.#kind !== kind)
      throw this.#invalid(label, id, `a ${this.#kind}, like those before it`);
    if (code !== undefined) return code;
    this.#codes.set(name, this.#codes.size);
    return this.#codes.size - 1;
  }

  #invalid(label: unknown, id: unknown, expected: string): LetheError {
    const found = typeof label === 'string' ? JSON.stringify(label) : describeValue(label);
    return new LetheError(
      'ERR_INVALID_ARGUMENT',
      `the label of ${rowName(this.#rows, id)} must be ${expected}, but is ${found}`,
    );
  }

  /** The names in order, see namesInOrder; and the class of each row, an index into them. */
  finish(): { readonly classNames: readonly string[]; readonly labels: Uint32Array } {
    const labels = this.#labels.slice(0, this.#rows);
    if (this.#given) return { classNames: this.#given, labels };
    const found = [...this.#codes.keys()];
    const classNames = namesInOrder(found);
    const places = new NamePlaces(classNames);
    const classOf = Uint32Array.from(found, (name) => places.find(name)!);
    return {
      classNames: Object.freeze(classNames),
      labels: labels.map((code) => classOf[code]!),
    };
  }
}
