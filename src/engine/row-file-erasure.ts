import type { PackedIds } from './packed-ids.js';
import type { TensorName } from './row-file.js';
import type { LeavingSubjects } from './row-subjects.js';

/** Where the tensors of a row file lie. */
export interface RowFilePlaces {
  /** The byte of the file at which a tensor begins. */
  readonly begins: Readonly<Partial<Record<TensorName, number>>>;
  /** [subjects], where each name ends among the bytes of all. */
  readonly nameEnds: Uint32Array;
}

/** Ranges of a file, each its first byte and its size. */
export interface FileErasure {
  readonly marks: Float64Array;
  readonly others: Float64Array;
}

/** Everything that a row file says of these rows, except their features. */
export function erasureIn(
  { begins, nameEnds }: RowFilePlaces,
  rows: Uint32Array,
  ids: PackedIds | undefined,
  { memberships, names }: LeavingSubjects,
): FileErasure {
  const marks = new Ranges();
  const others = new Ranges();
  const add = (tensor: TensorName, begin: number, end: number) => {
    const ranges = tensor === 'live' ? marks : others;
    ranges.add(begins[tensor]! + begin, begins[tensor]! + end);
  };
  for (const row of rows) add('live', row, row + 1);
  for (const row of rows) add('labels', 4 * row, 4 * row + 4);
  if (ids) for (const row of rows) add('ids', ...ids.extent(row));
  for (const [begin, end] of memberships) {
    if (end > begin) add('subjects', 4 * begin, 4 * end);
  }
  for (const code of names) {
    add('subject_names', code === 0 ? 0 : nameEnds[code - 1]!, nameEnds[code]!);
  }
  return { marks: marks.packed(), others: others.packed() };
}

/** Joins ranges that follow each other: each of them is a call of the system. */
class Ranges {
  readonly #ranges: number[] = [];

  add(begin: number, end: number): void {
    const ranges = this.#ranges;
    const last = ranges.length - 2;
    if (last >= 0 && ranges[last]! + ranges[last + 1]! === begin) ranges[last + 1]! += end - begin;
    else ranges.push(begin, end - begin);
  }

  packed(): Float64Array {
    return Float64Array.from(this.#ranges);
  }
}
