import { isUtf8 } from 'node:buffer';
import { LetheError } from '../base/errors.js';
import { uint32FromLittleEndian } from '../base/little-endian.js';
import { requireName } from './packed-ids.js';
import { NAME_KINDS, requireEnds, type TensorName } from './row-file.js';
import {
  type Codes,
  type LeavingSubjects,
  type Subject,
  type SubjectTable,
  stretch,
} from './row-subjects.js';

/** The subjects of a row file. */
export interface StoredSubjects {
  /** Without what is left of erased rows. */
  readonly table: SubjectTable;
  readonly nameEnds: Uint32Array;
  /** Whether the file still has the subjects of an erased row. */
  readonly isDirty: (row: number) => boolean;
  /** What goes with these erased rows, and the names that no row has and the file still holds. */
  readonly leaving: (rows: Uint32Array) => LeavingSubjects;
}

/** @throws {LetheError} ERR_INVALID_DATA, without the file's name */
export async function readSubjects(
  tensor: (name: TensorName) => Promise<Uint8Array>,
  rows: number,
  isErased: Uint8Array,
): Promise<StoredSubjects> {
  const codes = uint32FromLittleEndian(await tensor('subjects'));
  const ends = uint32FromLittleEndian(await tensor('subject_ends'));
  const bytes = await tensor('subject_names');
  const nameEnds = uint32FromLittleEndian(await tensor('subject_name_ends'));
  const kinds = await tensor('subject_name_kinds');
  requireEnds('subject_ends', ends, codes.length);
  requireEnds('subject_name_ends', nameEnds, bytes.length);
  const dirtyRows = wipeErased({ ends, codes }, isErased);
  const isUsed = usedNames({ ends, codes }, rows, nameEnds.length, isErased);
  const dirtyNames = new Set<number>();
  const names = Array.from(nameEnds, (end, code) => {
    const own = bytes.subarray(code === 0 ? 0 : nameEnds[code - 1]!, end);
    if (isUsed[code]) return nameIn(own, kinds[code]!, code);
    if (own.some((byte) => byte !== 0)) dirtyNames.add(code);
    return undefined;
  });
  requireAscending(names);
  return {
    table: { names, ends, codes },
    nameEnds,
    isDirty: (row) => dirtyRows.has(row),
    leaving: (erased) => ({
      memberships: Array.from(erased, (row) => stretch({ ends, codes }, row)),
      names: dirtyNames,
    }),
  };
}

/** The erased rows that had codes other than 0. */
function wipeErased({ ends, codes }: Codes, isErased: Uint8Array): Set<number> {
  const dirty = new Set<number>();
  for (let row = 0; row < isErased.length; row++) {
    if (!isErased[row]) continue;
    const own = codes.subarray(...stretch({ ends, codes }, row));
    if (own.some((code) => code !== 0)) dirty.add(row);
    own.fill(0);
  }
  return dirty;
}

/** One byte for each name: 1 if a live row has it. */
function usedNames(table: Codes, rows: number, names: number, isErased: Uint8Array): Uint8Array {
  const isUsed = new Uint8Array(names);
  for (let row = 0; row < rows; row++) {
    if (isErased[row]) continue;
    const [begin, end] = stretch(table, row);
    for (let i = begin; i < end; i++) {
      const code = table.codes[i]!;
      if (code >= names || (i > begin && code <= table.codes[i - 1]!)) {
        throw invalid(`tensor subjects: those of row ${row} must ascend below ${names}`);
      }
      isUsed[code] = 1;
    }
  }
  return isUsed;
}

function nameIn(bytes: Uint8Array, kind: number, code: number): Subject {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString();
  const isNumber = kind === NAME_KINDS.number && /^(0|-?[1-9]\d*)$/.test(text);
  if (!isUtf8(bytes) || !(isNumber || kind === NAME_KINDS.text)) {
    throw invalid(`tensor subject_names: name ${code} is no UTF-8 text and no whole number`);
  }
  try {
    return requireName(`name ${code}`, isNumber ? BigInt(text) : text);
  } catch (cause) {
    throw invalid(`tensor subject_names: ${(cause as Error).message}`);
  }
}

/** Whole numbers before texts, each in the order of ids; names that are erased have no place. */
function requireAscending(names: readonly (Subject | undefined)[]): void {
  let last = -1;
  for (const [code, name] of names.entries()) {
    if (name === undefined) continue;
    const before = names[last];
    if (before !== undefined && !comesBefore(before, name)) {
      throw invalid(`tensor subject_names: names ${last} and ${code} do not ascend`);
    }
    last = code;
  }
}

function comesBefore(name: Subject, other: Subject): boolean {
  if (typeof name === 'string' && typeof other === 'string') {
    return Buffer.compare(Buffer.from(name), Buffer.from(other)) < 0;
  }
  return typeof other === 'string' || (typeof name !== 'string' && name < other);
}

function invalid(message: string): LetheError {
  return new LetheError('ERR_INVALID_DATA', message);
}
