import { invalidData } from '../base/invalid-data.js';
import { columnFor, isInt64, type PackedIds, type RowId } from '../engine/packed-ids.js';
import { type CellPlace, MissingTexts, type NameRole } from './missing.js';
import { TextColumn } from './text-column.js';
import { toId, toName } from './typed-cells.js';

/** What the rows of a table are called: their classes, owners and ids. */
export interface NamesOfRows {
  readonly labels: TextColumn;
  readonly owners: TextColumn | undefined;
  readonly ids: Iterable<RowId> | undefined;
}

/** The columns that have a role, and the option `missing`. */
interface NameOptions extends Readonly<Partial<Record<NameRole, string>>> {
  readonly missing?: readonly string[];
}

/** Gathers the labels, owners and ids of a table's rows, each in the order of the rows. */
export class TableNames {
  /** The roles that a column of the table has. */
  readonly roles: readonly NameRole[];
  readonly #missing: MissingTexts;
  readonly #labels: TextColumn;
  readonly #owners: TextColumn;
  #ids: PackedIds | undefined;

  /** @param file appears in error messages */
  constructor(file: string, options: NameOptions) {
    const roles = ['label', 'owner', 'id'] as const;
    this.roles = roles.filter((role) => options[role] !== undefined);
    this.#missing = new MissingTexts(options.missing);
    this.#labels = new TextColumn(file);
    this.#owners = new TextColumn(file);
  }

  /**
   * @param cell a text, a whole number, or, other than an id, a boolean
   * @throws {LetheError} ERR_INVALID_DATA: it is missing, or is none of these. ERR_OUT_OF_MEMORY.
   */
  push(cell: unknown, place: CellPlace): void {
    if (place.role === 'id') this.#pushId(toId(cell, place, this.#missing), place);
    else this.#textsOf(place.role).push(toName(cell, place, this.#missing));
  }

  /** As push, for a label that is a number of another spelling. */
  pushLabel(text: string, place: CellPlace, spell: (text: string) => string | undefined): void {
    const label = this.#missing.require(text, place);
    this.#labels.push(spell(label) ?? label);
  }

  finish(): NamesOfRows {
    return {
      labels: this.#labels,
      owners: this.roles.includes('owner') ? this.#owners : undefined,
      ids: this.#ids && idsIn(this.#ids),
    };
  }

  /** As finish, where a whole number is a text too, because the table's cells have no types. */
  finishUntyped(): NamesOfRows {
    return { ...this.finish(), ids: this.#ids && untypedIds(this.#ids) };
  }

  #textsOf(role: 'label' | 'owner'): TextColumn {
    return role === 'label' ? this.#labels : this.#owners;
  }

  #pushId(id: RowId, { file, row, column }: CellPlace): void {
    this.#ids ??= columnFor(id);
    const isText = typeof id === 'string';
    if (this.#ids.length > 0 && isText !== (typeof this.#ids.at(0) === 'string')) {
      const [found, expected] = isText ? ['a text', 'whole numbers'] : ['a whole number', 'texts'];
      throw invalidData(
        file,
        `row ${row + 1}, column ${column} is ${found}, but the ids before it are ${expected}`,
      );
    }
    this.#ids.push(id);
  }
}

function* idsIn(ids: PackedIds): Generator<RowId> {
  for (let place = 0; place < ids.length; place++) yield ids.at(place);
}

/** The ids as whole numbers, if all of them are. */
function* untypedIds(texts: PackedIds): Generator<RowId> {
  let areNumbers = true;
  for (const text of idsIn(texts)) areNumbers &&= isWholeNumber(text as string);
  for (const text of idsIn(texts)) yield areNumbers ? BigInt(text) : text;
}

/** Written as a number is: 007 and -0 are texts, and so is what 64 bits do not hold. */
function isWholeNumber(text: string): boolean {
  return /^(0|-?[1-9]\d{0,18})$/.test(text) && isInt64(BigInt(text));
}
