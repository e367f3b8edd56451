import { LetheError } from '../base/errors.js';

/**
 * How a model was trained from the beginning, as its file records it: the name of a recipe, and
 * hyper-parameters. No statistic of any row belongs here, because it would outlive the row.
 */
export type RecordedRecipe = Readonly<Record<string, string | number | boolean>> & {
  readonly name: string;
};

/** Many times what any recipe needs: a larger record was not written by Lethe. */
const MOST_CHARACTERS = 4096;

/** A frozen copy. @throws {LetheError} ERR_INVALID_MODEL: not a name with hyper-parameters. */
export function checkRecordedRecipe(value: unknown): RecordedRecipe {
  const entries = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  const valid =
    entries.some(([key, entry]) => key === 'name' && typeof entry === 'string') &&
    entries.every(([, entry]) => isHyperParameter(entry)) &&
    JSON.stringify(value).length <= MOST_CHARACTERS;
  if (!valid) {
    throw new LetheError(
      'ERR_INVALID_MODEL',
      'a recorded recipe must be an object of a name and hyper-parameters: texts, finite numbers, ' +
        'true or false',
    );
  }
  return Object.freeze(Object.fromEntries(entries)) as RecordedRecipe;
}

function isHyperParameter(value: unknown): boolean {
  if (typeof value === 'number') return Number.isFinite(value);
  return typeof value === 'string' || typeof value === 'boolean';
}
