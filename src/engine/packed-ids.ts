import { describeValue } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { requireMemory, withRoom } from '../base/memory.js';
import { isWellFormed } from '../base/well-formed.js';
import type { NativeIds } from './native.js';

/** The name of a row: a text, or a whole number. 17 and 17n are the same id, '17' is another one. */
export type RowId = string | number | bigint;

/**
 * A column of ids of one kind, packed: millions of strings would be millions of objects for the
 * garbage collector.
 */
export interface PackedIds {
  readonly length: number;
  /** Whether each id so far is above the one before. */
  readonly isAscending: boolean;
  push(id: RowId): void;
  at(place: number): RowId;
  /** Below 0 if the id at this place comes before the other one, 0 if it is that one. */
  compareTo(place: number, id: RowId): number;
  /** Below 0 if the id at place a comes before that at place b, 0 if they are the same. */
  compare(a: number, b: number): number;
  /** A column of the ids at these places, where they are in ascending order. */
  pick(places: Uint32Array): PackedIds;
  wipe(place: number): void;
  /** Where the bytes of the id at this place begin and end in what `sortable` gives. */
  extent(place: number): [begin: number, end: number];
  /** All ids, in memory that is theirs: to be read. */
  sortable(): NativeIds;
  /** The ids at these places as a digest reads them. */
  encoded(places: Uint32Array): Uint8Array;
}

/** Whether 64 bits hold it, as databases do. */
export function isInt64(number: bigint): boolean {
  return BigInt.asIntN(64, number) === number;
}

/**
 * Requires an id, or the name of a subject, and makes one value of 17 and 17n.
 *
 * @param what the name's place in a message, e.g. `the id of row 3`
 * @throws {LetheError} ERR_INVALID_ARGUMENT
 */
export function requireName(what: string, name: unknown): RowId {
  if (typeof name === 'string' && name !== '' && isWellFormed(name)) return name;
  if (Number.isSafeInteger(name)) return (name as number) + 0;
  if (typeof name === 'bigint' && isInt64(name)) return exactNumber(name);
  throw new LetheError('ERR_INVALID_ARGUMENT', `${what} ${complaint(name)}`);
}

function complaint(name: unknown): string {
  if (name === '') return 'is empty: it must be a text or a whole number';
  if (typeof name === 'string') return 'holds half a surrogate pair, which no UTF-8 can store';
  if (typeof name === 'bigint') return `is ${name}, which is not a whole number of 64 bits`;
  if (Number.isInteger(name)) {
    return `is ${name}, which a number does not hold exactly: give a bigint or a text`;
  }
  return `must be a text or a whole number, but is ${describeValue(name)}`;
}

/** A whole number as callers see it: a bigint only where a number would be rounded. */
export function exactNumber(id: bigint): number | bigint {
  const number = Number(id);
  return Number.isSafeInteger(number) ? number : id;
}

/** An empty column for ids of this one's kind. */
export function columnFor(id: RowId): PackedIds {
  return typeof id === 'string' ? new TextIds() : new NumberIds();
}

/** A column of these ids, which takes their memory. They ascend; texts are well-formed UTF-8. */
export function columnOf(ids: NativeIds): PackedIds {
  return 'numbers' in ids ? NumberIds.of(ids.numbers) : TextIds.of(ids.bytes, ids.ends);
}

const FIRST_IDS = 2 ** 10;

/** Whole numbers of 64 bits. */
class NumberIds implements PackedIds {
  #numbers: BigInt64Array;
  #length = 0;
  isAscending = true;

  constructor(capacity = FIRST_IDS) {
    this.#numbers = new BigInt64Array(capacity);
  }

  static of(numbers: BigInt64Array): NumberIds {
    const column = new NumberIds(0);
    column.#numbers = numbers;
    column.#length = numbers.length;
    return column;
  }

  get length(): number {
    return this.#length;
  }

  push(id: RowId): void {
    const number = BigInt(id);
    this.#numbers = withRoom('the ids', this.#numbers, this.#length);
    if (this.#length > 0 && number <= this.#numbers[this.#length - 1]!) this.isAscending = false;
    this.#numbers[this.#length++] = number;
  }

  at(place: number): RowId {
    return exactNumber(this.#numbers[place]!);
  }

  compareTo(place: number, id: RowId): number {
    const [own, other] = [this.#numbers[place]!, BigInt(id)];
    return own < other ? -1 : Number(own > other);
  }

  compare(a: number, b: number): number {
    const [own, other] = [this.#numbers[a]!, this.#numbers[b]!];
    return own < other ? -1 : Number(own > other);
  }

  pick(places: Uint32Array): NumberIds {
    const picked = new NumberIds(Math.max(1, places.length));
    for (const place of places) picked.#numbers[picked.#length++] = this.#numbers[place]!;
    return picked;
  }

  wipe(place: number): void {
    this.#numbers[place] = 0n;
  }

  extent(place: number): [begin: number, end: number] {
    return [8 * place, 8 * place + 8];
  }

  sortable(): NativeIds {
    return { numbers: this.#numbers.subarray(0, this.#length) };
  }

  encoded(places: Uint32Array): Uint8Array {
    const bytes = Buffer.allocUnsafe(8 * places.length);
    places.forEach((place, i) => {
      bytes.writeBigInt64LE(this.#numbers[place]!, 8 * i);
    });
    return bytes;
  }
}

/** The most bytes of a column of texts, whose ends are uint32 numbers. */
const MOST_BYTES = 2 ** 32 - 1;
const FIRST_BYTES = 2 ** 14;

/** Texts in UTF-8, one after the other. */
class TextIds implements PackedIds {
  #bytes: Buffer;
  #ends: Uint32Array;
  #length = 0;
  isAscending = true;

  constructor(capacity = FIRST_IDS, bytes = FIRST_BYTES) {
    this.#ends = new Uint32Array(capacity);
    this.#bytes = Buffer.alloc(bytes);
  }

  static of(bytes: Uint8Array, ends: Uint32Array): TextIds {
    const column = new TextIds(0, 0);
    column.#bytes = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    column.#ends = ends as Uint32Array<ArrayBuffer>;
    column.#length = ends.length;
    return column;
  }

  get length(): number {
    return this.#length;
  }

  push(id: RowId): void {
    const text = id as string;
    const start = this.#reserve(Buffer.byteLength(text));
    this.#append(start, start + this.#bytes.write(text, start));
  }

  at(place: number): RowId {
    return this.#bytes.toString('utf8', this.#start(place), this.#ends[place]);
  }

  compareTo(place: number, id: RowId): number {
    const other = Buffer.from(id as string);
    return this.#bytes.compare(other, 0, other.length, this.#start(place), this.#ends[place]);
  }

  /** In a loop of its own, because Buffer.compare takes longer to be called than to compare. */
  compare(a: number, b: number): number {
    const [bytes, ends] = [this.#bytes, this.#ends];
    const start = a === 0 ? 0 : ends[a - 1]!;
    const other = b === 0 ? 0 : ends[b - 1]!;
    const length = ends[a]! - start;
    const otherLength = ends[b]! - other;
    const common = Math.min(length, otherLength);
    for (let i = 0; i < common; i++) {
      const difference = bytes[start + i]! - bytes[other + i]!;
      if (difference !== 0) return difference;
    }
    return length - otherLength;
  }

  pick(places: Uint32Array): TextIds {
    const [from, ends] = [this.#bytes, this.#ends];
    let size = 0;
    for (const place of places) size += ends[place]! - this.#start(place);
    const picked = new TextIds(Math.max(1, places.length), size);
    const [to, toEnds] = [picked.#bytes, picked.#ends];
    let used = 0;
    for (let i = 0; i < places.length; i++) {
      const place = places[i]!;
      const end = ends[place]!;
      for (let b = place === 0 ? 0 : ends[place - 1]!; b < end; b++) to[used++] = from[b]!;
      toEnds[i] = used;
    }
    picked.#length = places.length;
    return picked;
  }

  wipe(place: number): void {
    this.#bytes.fill(0, ...this.extent(place));
  }

  extent(place: number): [begin: number, end: number] {
    return [this.#start(place), this.#ends[place]!];
  }

  sortable(): NativeIds {
    const bytes = this.#bytes.subarray(0, this.#start(this.#length));
    return { bytes, ends: this.#ends.subarray(0, this.#length) };
  }

  encoded(places: Uint32Array): Uint8Array {
    const parts = Array.from(places, (place) => {
      const part = Buffer.allocUnsafe(4 + this.#ends[place]! - this.#start(place));
      part.writeUInt32LE(part.length - 4);
      this.#bytes.copy(part, 4, this.#start(place), this.#ends[place]);
      return part;
    });
    return Buffer.concat(parts);
  }

  #start(place: number): number {
    return place === 0 ? 0 : this.#ends[place - 1]!;
  }

  /** Makes room for another text and returns where it begins. */
  #reserve(size: number): number {
    const start = this.#start(this.#length);
    const needed = start + size;
    if (needed > MOST_BYTES) {
      throw new LetheError(
        'ERR_INVALID_ARGUMENT',
        `the ids have more than ${MOST_BYTES} bytes: name the rows by whole numbers or shorter texts`,
      );
    }
    if (needed > this.#bytes.length) {
      requireMemory('the ids', 2 * needed);
      const grown = Buffer.alloc(Math.min(MOST_BYTES, 2 * needed));
      this.#bytes.copy(grown);
      this.#bytes = grown;
    }
    this.#ends = withRoom('the ids', this.#ends, this.#length);
    return start;
  }

  #append(start: number, end: number): void {
    this.#ends[this.#length++] = end;
    if (start > 0 && this.compare(this.#length - 2, this.#length - 1) >= 0) {
      this.isAscending = false;
    }
  }
}
