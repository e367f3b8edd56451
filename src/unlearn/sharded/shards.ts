import { LetheError } from '../../base/errors.js';

/** Rows of a data set and who owns each of them: two lists of the same length. */
export interface OwnedRows {
  readonly rows: Uint32Array;
  readonly owners: Uint32Array;
}

/**
 * Parts the rows so that every owner's stay together and the parts hold about as many: the owner of
 * the most rows first, to the part that has the fewest; among equals the lower owner, the first part
 * (Graham, "Bounds on multiprocessing timing anomalies", SIAM J. Appl. Math. 17, 1969). Nothing but
 * how many rows each owner has decides. Within a part the rows keep their order.
 *
 * @param name of the parts, for the message
 * @throws {LetheError} ERR_INVALID_ARGUMENT: fewer owners than parts.
 */
export function partByOwner(owned: OwnedRows, parts: number, name: string): OwnedRows[] {
  const counts = new Map<number, number>();
  for (const owner of owned.owners) counts.set(owner, (counts.get(owner) ?? 0) + 1);
  if (counts.size < parts) {
    throw new LetheError(
      'ERR_INVALID_ARGUMENT',
      `there are ${counts.size} owners for ${parts} ${name}, and an owner cannot be in two: take fewer`,
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

/** Those rows that pass, in their order. */
export function selectRows(
  { rows, owners }: OwnedRows,
  passes: (row: number, owner: number) => boolean,
): OwnedRows {
  const kept = (_: number, i: number) => passes(rows[i]!, owners[i]!);
  return { rows: rows.filter(kept), owners: owners.filter(kept) };
}
