import { LetheError } from '../../base/errors.js';
import type { RowId } from '../../engine/packed-ids.js';

/** Rows of a data set, and the owner and the id of each: lists of equal length. */
export interface OwnedRows {
  /** Positions. */
  readonly rows: Uint32Array;
  readonly owners: Uint32Array;
  /** Only where the data set has ids. */
  readonly ids?: readonly RowId[];
}

/**
 * Divides the rows into parts of similar size, with all rows of an owner in the same part: owners
 * with more rows come first, and each goes to the part with the fewest rows; ties go to the lower
 * owner and the first part (Graham, "Bounds on multiprocessing timing anomalies", SIAM J. Appl.
 * Math. 17, 1969). The assignment depends only on the owners' row counts. Within a part the rows
 * keep their order.
 *
 * @param name what the parts are called in error messages
 * @throws {LetheError} ERR_INVALID_ARGUMENT: fewer owners than parts.
 */
export function partByOwner(owned: OwnedRows, parts: number, name: string): OwnedRows[] {
  const counts = new Map<number, number>();
  for (const owner of owned.owners) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  if (counts.size < parts) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `there are ${counts.size} owners for ${parts} ${name}, but each needs at least one: use fewer ${name}`,
    );
  }
  const loads = new Array<number>(parts).fill(0);
  const partOf = new Map<number, number>();
  for (const [owner, rows] of [...counts].sort((a, b) => b[1] - a[1] || a[0] - b[0])) {
    const lightest = loads.reduce((best, load, part) => (load < loads[best]! ? part : best), 0);
    loads[lightest]! += rows;
    partOf.set(owner, lightest);
  }
  return loads.map((_, part) => selectRows(owned, (_row, owner) => partOf.get(owner) === part));
}

/** The rows that pass, in the same order. */
export function selectRows(
  { rows, owners, ids }: OwnedRows,
  passes: (row: number, owner: number) => boolean,
): OwnedRows {
  const kept = (_: unknown, i: number) => passes(rows[i]!, owners[i]!);
  return {
    rows: rows.filter(kept),
    owners: owners.filter(kept),
    ...(ids && { ids: ids.filter(kept) }),
  };
}
