import { LetheError } from '../base/errors.js';

/** How a file of texts writes its numbers. */
export interface NumberFormat {
  /** The decimal sign; default a dot. */
  readonly decimal?: '.' | ',';
  /** One character between groups of three digits before the decimal sign; default none. */
  readonly thousands?: string;
}

/** What pandas takes for booleans. */
const BOOLEANS = new Map<string, number>([
  ...['True', 'TRUE', 'true'].map((text) => [text, 1] as const),
  ...['False', 'FALSE', 'false'].map((text) => [text, 0] as const),
]);

/** @throws {LetheError} ERR_INVALID_ARGUMENT */
export function checkNumberFormat({ decimal = '.', thousands }: NumberFormat): void {
  if (decimal !== '.' && decimal !== ',') {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `decimal must be '.' or ',', but is ${String(decimal)}`,
    );
  }
  if (thousands === undefined) return;
  const isSign = typeof thousands === 'string' && /^[^0-9A-Za-z+\-"\r\n]$/u.test(thousands);
  if (!isSign || thousands === decimal) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `thousands must be one character other than the decimal sign, a letter, a digit, a plus, a minus ` +
        `or a quote, but is ${String(thousands)}`,
    );
  }
}

/** Reads the numbers of one format. */
export class NumberReader {
  /** Matches a number of this format. */
  readonly #number: RegExp;
  readonly #decimal: string;
  readonly #thousands: string | undefined;

  /** @param format one that checkNumberFormat has passed */
  constructor({ decimal = '.', thousands }: NumberFormat) {
    this.#decimal = decimal;
    this.#thousands = thousands;
    const point = escaped(decimal);
    const whole =
      thousands === undefined ? '\\d+' : `(?:\\d{1,3}(?:${escaped(thousands)}\\d{3})+|\\d+)`;
    this.#number = new RegExp(
      `^\\s*[+-]?(?:${whole}(?:${point}\\d*)?|${point}\\d+)(?:e[+-]?\\d+)?\\s*$`,
      'i',
    );
  }

  /** The value of a number, 1 or 0 for a boolean; NaN for any other text. */
  value(text: string): number {
    const plain = this.plain(text);
    return plain === undefined ? (BOOLEANS.get(text.trim()) ?? Number.NaN) : Number(plain);
  }

  /** A number as JavaScript writes it, with a decimal dot and no groups; undefined for any other text. */
  plain(text: string): string | undefined {
    if (!this.#number.test(text)) return undefined;
    const joined = this.#thousands === undefined ? text : text.replaceAll(this.#thousands, '');
    return this.#decimal === '.' ? joined : joined.replace(this.#decimal, '.');
  }
}

function escaped(sign: string): string {
  return sign.replace(/\W/, '\\$&');
}

/** Between groups of thousands in English, German, Swiss and French, there also as narrow or hard spaces. */
const SEPARATORS = [',', '.', "'", '\u2019', ' ', '\u00a0', '\u202f'];

const FORMATS = (['.', ','] as const).flatMap((decimal): NumberFormat[] => [
  { decimal },
  ...SEPARATORS.filter((sign) => sign !== decimal).map((thousands) => ({ decimal, thousands })),
]);

/** What to do about a text that would be a number in another format; empty if there is none. */
export function formatHint(text: string): string {
  const fits = FORMATS.find((format) => new NumberReader(format).plain(text) !== undefined);
  if (!fits) return '';
  const options = Object.entries(fits)
    .filter(([name, sign]) => name !== 'decimal' || sign !== '.')
    .map(([name, sign]) => `${name}: ${visible(sign)}`);
  return `; if this is how its numbers are written, give the options ${options.join(', ')}`;
}

/** As in a program; signs beyond ASCII, some of which look like a space, by their numbers. */
function visible(sign: string): string {
  const code = sign.charCodeAt(0);
  return code < 128 ? JSON.stringify(sign) : `'\\u${code.toString(16).padStart(4, '0')}'`;
}
