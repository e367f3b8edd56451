import { requirePath } from '../base/arguments.js';
import { replaceFile } from '../base/files/replace-file.js';
import { littleEndianBytes } from '../base/little-endian.js';
import type { DatasetFacts } from './dataset-contents.js';
import { areFirst } from './dataset-digest.js';
import type { NativeDataset } from './native.js';
import {
  encodeRowFacts,
  NAME_KINDS,
  type RowFileShape,
  type Storage,
  type TensorName,
  tensorBytes,
  tensorsOf,
} from './row-file.js';
import { compacted, type SubjectTable } from './row-subjects.js';
import { encodeHeader } from './safetensors.js';
import { featureChunks, idChunks, labelChunks } from './stored-chunks.js';

/** Where features begin: at a cache line of the mapped file. */
const ALIGNMENT = 64;

/** What is written of a data set. */
export interface SavedRows extends Omit<DatasetFacts, 'rows' | 'subjects'> {
  readonly storage: Storage;
  readonly handle: NativeDataset;
  /** Positions of the rows to be written, ascending. */
  readonly rows: Uint32Array;
  /** Of these rows alone. */
  readonly subjects: SubjectTable;
}

type Chunks = Iterable<Uint8Array> | AsyncIterable<Uint8Array>;

/** The bytes of one or more tensors, and what the header must know of them. */
type Contents = Partial<Record<TensorName, Chunks>>;

/**
 * Writes rows chunk by chunk to a temporary file that then takes the place of `path`.
 *
 * @throws {LetheError} ERR_IO, ERR_FILE_CHANGED
 */
export async function saveRows(path: string, data: SavedRows): Promise<void> {
  requirePath('path', path);
  const { rows, columns, storage, handle, labels } = data;
  const [idShape, ids] = idContents(data);
  const [subjectShape, subjects] = subjectContents(data.subjects);
  const contents: Contents = {
    features: featureChunks(handle, columns, rows),
    labels: labelChunks(labels, rows),
    live: [new Uint8Array(rows.length).fill(1)],
    ...{ ...ids, ...subjects },
  };
  const shape = { rows: rows.length, columns, storage, ids: idShape, subjects: subjectShape };
  const tensors = tensorsOf(shape).map((tensor) => ({ ...tensor, bytes: tensorBytes(tensor) }));
  await replaceFile(
    path,
    (async function* () {
      yield encodeHeader(encodeRowFacts(data), tensors, ALIGNMENT);
      for (const { name } of tensors) yield* contents[name]!;
    })(),
  );
}

/** Where rows have been erased, the positions of the others are their ids from now on. */
function idContents({ ids, rows }: SavedRows): [RowFileShape['ids'], Contents] {
  if (!ids && areFirst(rows)) return [undefined, {}];
  if (typeof ids?.at(0) !== 'string') return ['numbers', { ids: idChunks(ids, rows) }];
  const texts = ids.pick(rows).sortable();
  if (!('ends' in texts)) throw new TypeError('ids of texts are texts');
  const { bytes, ends } = texts;
  return [{ textBytes: bytes.length }, { ids: [bytes], id_ends: [littleEndianBytes(ends)] }];
}

function subjectContents(table: SubjectTable): [RowFileShape['subjects'], Contents] {
  if (table.codes.length === 0) return [undefined, {}];
  const { names, codes, ends } = compacted(table);
  const texts = names.map((name) => Buffer.from(String(name)));
  let used = 0;
  const nameEnds = Uint32Array.from(texts, (text) => (used += text.length));
  const kinds = Uint8Array.from(names, (name) =>
    typeof name === 'string' ? NAME_KINDS.text : NAME_KINDS.number,
  );
  return [
    { memberships: codes.length, names: names.length, nameBytes: used },
    {
      subjects: [littleEndianBytes(codes)],
      subject_ends: [littleEndianBytes(ends)],
      subject_names: [Buffer.concat(texts)],
      subject_name_ends: [littleEndianBytes(nameEnds)],
      subject_name_kinds: [kinds],
    },
  ];
}
