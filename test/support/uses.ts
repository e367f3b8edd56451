import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** That one file imports or includes another; both are paths from the repository's root. */
export interface Use {
  readonly from: string;
  readonly to: string;
}

/** The files of a folder and of those in it whose paths match. */
export function filesOf(folder: string, path: RegExp): string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((file) => path.test(file));
}

export function textOf(file: string): string {
  return readFileSync(join(ROOT, file), 'utf8');
}

/**
 * Steps of rooms, which are folders or files: a file may use its own room and those of earlier steps,
 * but not the neighbours of its own step.
 */
export type Order = readonly (readonly string[])[];

/** The uses that go against an order, and those from or to a file that is in no room. */
export function usesAgainst(order: Order, uses: readonly Use[]): string[] {
  const rooms = order.flatMap((names, step) => names.map((name) => ({ name, step })));
  // The longest name is the innermost room.
  rooms.sort((a, b) => b.name.length - a.name.length);
  const roomOf = (file: string) =>
    rooms.find(({ name }) => file === name || file.startsWith(`${name}/`));
  return uses
    .filter(({ from, to }) => {
      const [user, used] = [roomOf(from), roomOf(to)];
      return !user || !used || (user !== used && user.step <= used.step);
    })
    .map(({ from, to }) => `${from} uses ${to}`);
}

/** The starts and every file that is used on their behalf. */
export function reachedFrom(starts: readonly string[], uses: readonly Use[]): Set<string> {
  const reached = new Set(starts);
  for (const file of reached) {
    for (const { from, to } of uses) {
      if (from === file) reached.add(to);
    }
  }
  return reached;
}

/** The files that use themselves by way of others. */
export function filesInCircles(uses: readonly Use[]): string[] {
  const users = new Set(uses.map(({ from }) => from));
  return [...users].filter((file) => {
    const used = uses.filter(({ from }) => from === file).map(({ to }) => to);
    return reachedFrom(used, uses).has(file);
  });
}
