/**
 * The option `encode` for a column, as a message tells to give it.
 *
 * @param options of the column, as in a program
 */
export function encodeRemedy(column: string, options: string): string {
  const key = /^[A-Za-z_$][\w$]*$/.test(column) ? column : JSON.stringify(column);
  return `give encode: {columns: {${key}: {${options}}}}`;
}

/** What to do about texts in a column of numbers. */
export function categoryRemedy(column: string): string {
  return `if it is a category, ${encodeRemedy(column, "categories: 'found'")}`;
}
