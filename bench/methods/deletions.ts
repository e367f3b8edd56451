import type { Dataset, RowSet } from 'lethe';
import { assignZipf } from 'lethe/datasets';
import type { BenchData } from '../support/data.js';

/** Whose rows are deleted: a class, or a user by the rank of their number of rows. */
export type Deletion =
  | { readonly kind: 'class'; readonly label: number }
  | { readonly kind: 'user'; readonly rank: number };

/** The rows of a deletion and, of the test set, rows of the kind that is left. */
export interface DeletedRows {
  readonly title: string;
  readonly kind: Deletion['kind'];
  readonly forget: RowSet;
  readonly retain: RowSet;
  readonly test: RowSet;
}

const USERS = 100;
/** Ownership is the same for all seeds, so that they share what they are compared with. */
const OWNERSHIP_SEED = 42;

export function deletedRows({ train, test }: BenchData, deletion: Deletion): DeletedRows {
  if (deletion.kind === 'class') {
    const { label } = deletion;
    return {
      title: `class ${label}`,
      kind: 'class',
      ...parted(train, (row) => train.labels[row] === label),
      test: test.allRows().filter((row) => test.labels[row] !== label),
    };
  }
  const { rank } = deletion;
  const { owners } = assignZipf({ rows: train.rows, users: USERS, seed: OWNERSHIP_SEED });
  const { forget, retain } = parted(train, (row) => owners[row] === rank);
  return {
    title: `user ${rank + 1} of ${USERS}, ${forget.length} rows`,
    kind: 'user',
    forget,
    retain,
    test: test.allRows(),
  };
}

function parted(dataset: Dataset, isForgotten: (row: number) => boolean) {
  const rows = dataset.allRows();
  return {
    forget: rows.filter((row) => isForgotten(row)),
    retain: rows.filter((row) => !isForgotten(row)),
  };
}
