import type { DataType, Decimal, Vector } from 'apache-arrow';
import type { Arrow } from './arrow-file.js';

/** What the types of Arrow can be in a table, and their values in JavaScript. */
export class ArrowTypes {
  readonly #arrow: Arrow;

  constructor(arrow: Arrow) {
    this.#arrow = arrow;
  }

  isList(type: DataType): boolean {
    const { DataType: types } = this.#arrow;
    return types.isList(type) || types.isLargeList(type) || types.isFixedSizeList(type);
  }

  /** A number, a boolean, or a list of these, with or without a dictionary. */
  isFeature(type: DataType): boolean {
    const item = this.isList(type) ? type.children![0]?.type : type;
    const value = item && this.#withoutDictionary(item);
    const { DataType: types } = this.#arrow;
    return [types.isInt, types.isFloat, types.isBool, types.isDecimal].some((is) => is(value));
  }

  /** A text, a number, a boolean, or a list of these, with or without a dictionary. */
  isCategory(type: DataType): boolean {
    const item = this.isList(type) ? type.children![0]?.type : type;
    return this.isFeature(type) || (item !== undefined && this.isName(item));
  }

  /** A text, a number or a boolean, with or without a dictionary. */
  isName(type: DataType): boolean {
    const value = this.#withoutDictionary(type);
    const { DataType: types } = this.#arrow;
    return this.isText(type) || [types.isInt, types.isFloat, types.isBool].some((is) => is(value));
  }

  isText(type: DataType): boolean {
    const value = this.#withoutDictionary(type);
    const { DataType: types } = this.#arrow;
    return [types.isUtf8, types.isLargeUtf8, types.isUtf8View].some((is) => is(value));
  }

  /**
   * All values of a vector of numbers, booleans or texts; null where there is none.
   *
   * @throws {Error} it is said to be longer than what it is made of
   */
  valuesOf(vector: Vector): ArrayLike<unknown> {
    const { type, length } = vector;
    // Texts have an offset each, also where all of them are empty.
    const bits = vector.data.reduce(
      (sum, { values, valueOffsets: offsets }) =>
        sum + 8 * ((values?.byteLength ?? 0) + (offsets?.byteLength ?? 0)),
      0,
    );
    if (length > bits) throw new Error(`${length} values do not fit into ${bits} bits`);
    // Of other types the memory does not hold the values themselves.
    if (vector.nullCount === 0 && this.#isStoredAsSuch(type)) return vector.toArray();
    const values = Array.from(vector);
    return this.#arrow.DataType.isDecimal(type)
      ? values.map((value) => value && this.#decimal(value, type))
      : values;
  }

  #withoutDictionary(type: DataType): DataType {
    return this.#arrow.DataType.isDictionary(type) ? type.dictionary : type;
  }

  #isStoredAsSuch(type: DataType): boolean {
    const { DataType: types, Precision } = this.#arrow;
    if (types.isFloat(type)) return type.precision !== Precision.HALF;
    return types.isInt(type);
  }

  /** The library gives the unscaled number, in words of 32 bits, the lowest first. */
  #decimal(words: Uint32Array, { scale }: Decimal): number {
    const unscaled = words.reduceRight((sum, word) => (sum << 32n) | BigInt(word), 0n);
    return Number(BigInt.asIntN(32 * words.length, unscaled)) / 10 ** scale;
  }
}
