/** How many of possibly very many names a message shows. */
const SHOWN = 20;

/** Names as a message lists them. */
export function listed(names: readonly string[]): string {
  return `${names.slice(0, SHOWN).join(', ')}${names.length > SHOWN ? ', ...' : ''}`;
}
