import { LetheError } from '../../base/errors.js';
import type { Dataset } from '../../engine/dataset.js';
import type { Shard } from './shard-training.js';
import type { OwnedRows } from './shards.js';

/** The place of a row that a data set has no more; no row has a position as large. */
export const GONE = 0xffffffff;

/**
 * The shards with the positions that their rows have in a data set: those of their ids, because rows that
 * came and went have moved the others. Rows keep their order within a slice. Without ids a row is where it
 * was. Rows that are missing, or erased, are GONE.
 *
 * @throws {LetheError} ERR_INVALID_ARGUMENT: the shards know ids, but the data set has none, or none of
 * these
 */
export function placedIn(dataset: Dataset, shards: readonly Shard[]): Shard[] {
  const hasIds = shards.some(({ slices }) => slices.some(({ ids }) => ids));
  if (hasIds && dataset.ids.arePositions) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `the shards know their rows by ids, but ${dataset.name} has none: give the ids of its rows`,
    );
  }
  const placed = shards.map((shard) => ({
    ...shard,
    slices: shard.slices.map((slice) => ({ ...slice, rows: positionsIn(dataset, slice) })),
  }));
  const isThere = ({ slices }: Shard) =>
    slices.some(({ rows }) => rows.some((row) => row !== GONE));
  if (!hasIds || placed.some(isThere)) return placed;
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `${dataset.name} has none of the rows that the shards were trained on: give the data set with these ids`,
  );
}

function positionsIn(dataset: Dataset, { rows, ids }: OwnedRows): Uint32Array {
  if (!ids) return rows.map((row) => (dataset.live.isErased(row) ? GONE : row));
  return Uint32Array.from(ids, (id) => dataset.ids.find(id) ?? GONE);
}
