/** A decimal number without loss: sign 0.digits 10^exponent, where digits neither begin nor end with 0. */
interface Decimal {
  readonly sign: number;
  readonly exponent: number;
  readonly digits: string;
}

/** Longer texts are no numbers to us, because nobody writes them. */
const MOST_CHARACTERS = 400;

/**
 * The names of the classes, categories or owners that these texts name, in order. If all are numbers,
 * those of the same value, such as `1` and `1.0`, are one, which is called by its shortest spelling, and
 * they are in order of value; else in order of UTF-16 code units.
 *
 * @param texts distinct
 */
export function namesInOrder(texts: readonly string[]): string[] {
  const spellings = new Map<string, { name: string; value: Decimal }>();
  for (const text of texts) {
    const value = decimal(text);
    if (!value) return texts.toSorted();
    const key = valueKey(value)!;
    const name = text.trim();
    const known = spellings.get(key);
    if (!known || isSimpler(name, known.name)) spellings.set(key, { name, value });
  }
  const ordered = [...spellings.values()].sort((a, b) => compare(a.value, b.value));
  return ordered.map(({ name }) => name);
}

/**
 * As namesInOrder; if all are numbers, whole ones are called as such, because one file writes `2.0` and
 * another 2.
 */
export function categoriesInOrder(texts: readonly string[]): string[] {
  const names = namesInOrder(texts);
  const areNumbers = texts.every((text) => decimal(text) !== undefined);
  return areNumbers ? names.map((name) => wholeNumber(name) ?? name) : names;
}

const WHOLE = /^(-?(?:0|[1-9]\d*))(?:\.0+)?$/;

/** A whole number, which a file may write as a decimal where the column has an empty cell; else undefined. */
export function wholeNumber(text: string): string | undefined {
  const whole = WHOLE.exec(text)?.[1];
  return whole === '-0' ? '0' : whole;
}

/** Finds names by their texts, and, if all are numbers of different values, by their value. */
export class NamePlaces {
  readonly #byName: ReadonlyMap<string, number>;
  readonly #byValue: ReadonlyMap<string | undefined, number> | undefined;

  constructor(names: readonly string[]) {
    this.#byName = new Map(names.map((name, place) => [name, place]));
    const byValue = new Map(names.map((name, place) => [valueKey(decimal(name)), place]));
    const areNumbers = byValue.size === names.length && !byValue.has(undefined);
    this.#byValue = areNumbers ? byValue : undefined;
  }

  /** The place of the name that the text is; undefined if it is none. */
  find(text: string): number | undefined {
    return this.#byName.get(text) ?? this.#byValue?.get(valueKey(decimal(text)));
  }
}

/** Whatever the order of the rows, the same spelling wins. */
function isSimpler(a: string, b: string): boolean {
  return a.length === b.length ? a < b : a.length < b.length;
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
