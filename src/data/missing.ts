import { invalidData } from '../base/invalid-data.js';

/** What pandas reads as a missing value, and how MySQL and PostgreSQL export NULL. */
const MISSING = [
  ...['NULL', 'null', 'NaN', 'nan', 'None', '<NA>', 'NA', 'N/A', 'n/a', '#N/A', '#N/A N/A', '#NA'],
  ...['-NaN', '-nan', '1.#IND', '-1.#IND', '1.#QNAN', '-1.#QNAN', '\\N'],
];

/** What a cell names: a class, a subject, or the row itself. */
export type NameRole = 'label' | 'owner' | 'id';

/** Where a name stands. */
export interface CellPlace {
  readonly file: string;
  /** The first row is 0. */
  readonly row: number;
  readonly column: string;
  readonly role: NameRole;
}

/** Tells texts that stand for nothing from those that name something or are a value. */
export class MissingTexts {
  readonly #texts: ReadonlySet<string>;

  constructor(texts: readonly string[] = MISSING) {
    this.#texts = new Set(texts);
  }

  /** Whether the text is blank, or one of those that mean a missing value. */
  means(text: string): boolean {
    const trimmed = text.trim();
    return trimmed === '' || this.#texts.has(trimmed);
  }

  /**
   * Passes a text that names something.
   *
   * @throws {LetheError} ERR_INVALID_DATA: it is blank, or one of those that mean a missing value.
   */
  require(text: string, { file, row, column, role }: CellPlace): string {
    if (!this.means(text)) return text;
    const trimmed = text.trim();
    const found = trimmed === '' ? 'is empty' : `holds "${trimmed}"`;
    const remedy =
      trimmed === ''
        ? 'leave the row out, or fill the cell'
        : 'leave the row out, or, if this is a name, list with the option missing what means none';
    throw invalidData(
      file,
      `row ${row + 1} has no ${role}, its column ${column} ${found}: ${remedy}`,
    );
  }
}
