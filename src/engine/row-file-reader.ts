import { isUtf8 } from 'node:buffer';
import { requirePath } from '../base/arguments.js';
import { LetheError } from '../base/errors.js';
import { foreignKind, KIND_BYTES } from '../base/file-kind.js';
import { invalidData } from '../base/invalid-data.js';
import { int64FromLittleEndian, uint32FromLittleEndian } from '../base/little-endian.js';
import { regularStats } from '../base/regular-file.js';
import type { DatasetFacts, MadeDataset } from './dataset-contents.js';
import { missingColumns } from './encoding/column-encoding.js';
import { type NativeDataset, type NativeMappedFile, promiseNative } from './native.js';
import { columnOf, type PackedIds } from './packed-ids.js';
import {
  decodeRowFacts,
  type RowFileShape,
  requireEnds,
  requireRowFile,
  shapeIn,
  type TensorName,
} from './row-file.js';
import { erasureIn, type RowFilePlaces } from './row-file-erasure.js';
import { readSubjects, type StoredSubjects } from './row-file-subjects.js';
import { NO_SUBJECTS } from './row-subjects.js';
import { decodeHeader, headerBytes, LENGTH_BYTES, type SafetensorsHeader } from './safetensors.js';

/** Facts about rows, and where their file has them. */
export interface OpenedRows extends MadeDataset {
  readonly file: RowFilePlaces;
}

/**
 * Opens a row file: features stay in it, all else comes into memory. An erasure that was interrupted
 * is finished.
 *
 * @throws {LetheError} ERR_IO, ERR_INVALID_DATA, ERR_FILE_CHANGED, ERR_OUT_OF_MEMORY
 */
export async function openRows(path: string): Promise<OpenedRows> {
  requirePath('path', path);
  await requireContents(path);
  const file = await promiseNative((addon) => addon.openMappedFile({ path }));
  let start: Uint8Array = new Uint8Array(0);
  try {
    start = await read(file, 0, Math.min(KIND_BYTES, file.size()));
    return await new RowFileReader(path, file).open(start);
  } catch (cause) {
    if (!(cause instanceof LetheError) || cause.code !== 'ERR_INVALID_DATA') throw cause;
    const kind = foreignKind(start, 'safetensors');
    throw invalidData(path, kind === undefined ? cause.message : `this is ${kind}`, cause);
  } finally {
    file.close();
  }
}

/** The addon would say of these in fewer words what is wrong. */
async function requireContents(path: string): Promise<void> {
  const { size } = await regularStats(path);
  if (size === 0) throw invalidData(path, 'it is empty');
}

function read(file: NativeMappedFile, begin: number, size: number): Promise<Uint8Array> {
  return promiseNative(() => file.read({ begin, size }));
}

class RowFileReader {
  readonly #path: string;
  readonly #file: NativeMappedFile;

  constructor(path: string, file: NativeMappedFile) {
    this.#path = path;
    this.#file = file;
  }

  async open(start: Uint8Array): Promise<OpenedRows> {
    const { header, begin } = await this.#header(start);
    requireRowFile(header);
    const shape = shapeIn(header);
    const { rows, columns, storage } = shape;
    const facts = decodeRowFacts(header, columns, storage);
    const tensor = async (name: TensorName) => {
      const { begin: first, end } = header.tensors.get(name)!;
      return read(this.#file, begin + first, end - first);
    };
    const isErased = erasedIn(await tensor('live'));
    const storedLabels = uint32FromLittleEndian(await tensor('labels'));
    const labels = labelsOf(storedLabels, isErased, facts.classes);
    const ids = await readIds(shape, tensor, isErased);
    const subjects = shape.subjects && (await readSubjects(tensor, rows, isErased));
    const begins = Object.fromEntries(
      [...header.tensors].map(([name, { begin: first }]) => [name, begin + first]),
    );
    const handle = await this.#map({
      ...{ begin: begins.features!, bytes: storage === 'bytes', labels, columns },
      ...{ classes: facts.classes, ...facts.affine },
      ...(facts.encoding && { missing: missingColumns(facts.encoding) }),
    });
    const file: RowFilePlaces = { begins, nameEnds: subjects?.nameEnds ?? new Uint32Array(0) };
    await this.#finishErasure(file, handle, {
      isErased,
      isDirty: (row) => storedLabels[row] !== 0 || ids?.isDirty(row) || subjects?.isDirty(row),
      ids: ids?.ids,
      subjects,
    });
    const made: DatasetFacts = {
      ...{ ...facts, rows, columns, labels },
      ...(isErased.includes(1) && { isErased }),
      ids: ids?.ids,
      subjects: subjects?.table ?? NO_SUBJECTS,
    };
    return { facts: made, handle, file };
  }

  async #header(start: Uint8Array): Promise<{ header: SafetensorsHeader; begin: number }> {
    const size = this.#file.size();
    const length = headerBytes(start, size);
    const begin = LENGTH_BYTES + length;
    const bytes = await read(this.#file, LENGTH_BYTES, length);
    return { header: decodeHeader(bytes, size - begin), begin };
  }

  async #map(request: Parameters<NativeMappedFile['dataset']>[0]): Promise<NativeDataset> {
    try {
      return await promiseNative(() => this.#file.dataset(request));
    } catch (cause) {
      if (!(cause instanceof LetheError) || cause.code !== 'ERR_INVALID_ARGUMENT') throw cause;
      throw new LetheError('ERR_INVALID_DATA', `tensor features: ${cause.message}`, { cause });
    }
  }

  /** Overwrites what is left of rows that are marked as erased. */
  async #finishErasure(
    file: RowFilePlaces,
    handle: NativeDataset,
    { isErased, isDirty, ids, subjects }: Leftovers,
  ): Promise<void> {
    const erased = indicesOf(isErased);
    const left = await promiseNative((addon) =>
      addon.rowsWithContent({ dataset: handle, rows: erased }),
    );
    const rows = Uint32Array.from(new Set([...left, ...erased.filter(isDirty)])).sort();
    const leaving = subjects?.leaving(rows) ?? { memberships: [], names: new Set() };
    if (rows.length === 0 && leaving.names.size === 0) return;
    const { others } = erasureIn(file, rows, ids, leaving);
    try {
      await promiseNative((addon) => addon.eraseRows({ dataset: handle, rows, others }));
    } catch (cause) {
      handle.close();
      if (!(cause instanceof LetheError) || cause.code !== 'ERR_IO') throw cause;
      throw new LetheError(
        'ERR_IO',
        `${this.#path}: the erasure of ${rows.length} rows was interrupted, and cannot be finished: ` +
          `${cause.message}: let this user write to it, and open it again`,
        { cause },
      );
    }
  }
}

interface Leftovers {
  readonly isErased: Uint8Array;
  /** Whether an erased row has something else than features left. */
  readonly isDirty: (row: number) => boolean | undefined;
  readonly ids: PackedIds | undefined;
  readonly subjects: StoredSubjects | undefined;
}

function invalid(message: string): LetheError {
  return new LetheError('ERR_INVALID_DATA', message);
}

function erasedIn(live: Uint8Array): Uint8Array {
  return live.map((mark, row) => {
    if (mark > 1) throw invalid(`tensor live: row ${row} has ${mark}, but must have 0 or 1`);
    return 1 - mark;
  });
}

function indicesOf(marks: Uint8Array): Uint32Array {
  const indices: number[] = [];
  for (let i = 0; i < marks.length; i++) if (marks[i]) indices.push(i);
  return Uint32Array.from(indices);
}

function labelsOf(stored: Uint32Array, isErased: Uint8Array, classes: number): Uint32Array {
  return stored.map((label, row) => {
    if (isErased[row]) return 0;
    if (label < classes) return label;
    throw invalid(`tensor labels: row ${row} has ${label}, but there are ${classes} classes`);
  });
}

interface StoredIds {
  /** Those of erased rows are wiped. */
  readonly ids: PackedIds;
  readonly isDirty: (row: number) => boolean;
}

async function readIds(
  { ids: kind, rows }: RowFileShape,
  tensor: (name: TensorName) => Promise<Uint8Array>,
  isErased: Uint8Array,
): Promise<StoredIds | undefined> {
  if (kind === undefined) return undefined;
  const bytes = await tensor('ids');
  const ends = kind === 'numbers' ? undefined : uint32FromLittleEndian(await tensor('id_ends'));
  if (ends) requireEnds('id_ends', ends, bytes.length);
  const ids = columnOf(ends ? { bytes, ends } : { numbers: int64FromLittleEndian(bytes) });
  const dirty = new Set<number>();
  for (let row = 0; row < rows; row++) {
    if (!isErased[row]) continue;
    if (bytes.subarray(...ids.extent(row)).some((byte) => byte !== 0)) dirty.add(row);
    ids.wipe(row);
  }
  // After the wiping, because half of a text that was being erased need not be UTF-8.
  if (ends) requireTexts('ids', bytes, ids, isErased);
  let last = -1;
  for (let row = 0; row < rows; row++) {
    if (isErased[row]) continue;
    if (last >= 0 && ids.compare(last, row) >= 0) {
      throw invalid(`tensor ids: the ids of rows ${last} and ${row} do not ascend`);
    }
    last = row;
  }
  return { ids, isDirty: (row) => dirty.has(row) };
}

function requireTexts(
  name: TensorName,
  bytes: Uint8Array,
  texts: PackedIds,
  isErased: Uint8Array,
): void {
  const isWhole = isUtf8(bytes);
  for (let row = 0; row < texts.length; row++) {
    if (isErased[row]) continue;
    const [begin, end] = texts.extent(row);
    // Where the whole is UTF-8, a text is unless it begins within a character.
    const isText = isWhole ? (bytes[begin]! & 0xc0) !== 0x80 : isUtf8(bytes.subarray(begin, end));
    if (end > begin && isText) continue;
    throw invalid(
      `tensor ${name}: the text of row ${row} is ${end > begin ? 'no UTF-8' : 'empty'}`,
    );
  }
}
