import { basename, extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { UnlearningMethod, UnlearningOptions, UnlearningResult } from 'lethe/methods';
import { BenchError } from '../support/bench-error.js';
import { CATALOG, type CatalogEntry } from './catalog.js';

/** Which methods are judged. */
export interface Selection {
  /** Modules with methods of the user's own, which are judged too. */
  readonly files: readonly string[];
  /** Names of the catalogue's; all of them where none is given. */
  readonly only?: readonly string[];
}

/** What a method of one's own is given. */
type OwnMethod = UnlearningMethod<UnlearningOptions & { readonly seed: number }>;

/** The others are judged beside it. */
const ALWAYS = 'retrain';

/** @throws {BenchError} ERR_UNKNOWN_METHOD, and ERR_METHOD as entriesOf */
export async function selectMethods({ files, only }: Selection): Promise<CatalogEntry[]> {
  const own = (await Promise.all(files.map(entriesOf))).flat();
  const all = [...CATALOG, ...own];
  const names = all.map(({ name }) => name);
  const twice = names.find((name, i) => names.indexOf(name) !== i);
  if (twice !== undefined) {
    throw new BenchError('ERR_METHOD', `there are two methods called ${twice}: rename yours`);
  }
  const unknown = only?.find((name) => !names.includes(name));
  if (unknown !== undefined) {
    const known = names.join(', ');
    throw new BenchError('ERR_UNKNOWN_METHOD', `there is no method "${unknown}", but: ${known}`);
  }
  if (!only) return all;
  return [...CATALOG.filter(({ name }) => name === ALWAYS || only.includes(name)), ...own];
}

/**
 * The methods of a module: its default export, by the name of the file, or else every function that it
 * exports by name.
 *
 * @throws {BenchError} ERR_METHOD: the module cannot be loaded, or exports no function.
 */
async function entriesOf(file: string): Promise<CatalogEntry[]> {
  let exported: Record<string, unknown>;
  try {
    exported = await import(pathToFileURL(resolve(file)).href);
  } catch (cause) {
    const { message } = cause as Error;
    throw new BenchError('ERR_METHOD', `cannot load ${file}: ${message}`, { cause });
  }
  const { default: main, ...named } = exported;
  if (isFunction(main)) return [entry(basename(file, extname(file)), main)];
  const entries = Object.entries(named).flatMap(([name, value]) =>
    isFunction(value) ? [entry(name, value)] : [],
  );
  if (entries.length === 0) {
    throw new BenchError('ERR_METHOD', `${file} exports no method: no function at all`);
  }
  return entries;
}

function isFunction(value: unknown): value is OwnMethod {
  return typeof value === 'function';
}

/** Nothing is known of a method of one's own: it is judged as an approximate one. */
function entry(name: string, method: OwnMethod): CatalogEntry {
  return {
    name,
    isExact: false,
    run: async (request, { seed, compute }) => {
      // What the type promises, a module in JavaScript need not keep.
      const result: Partial<UnlearningResult> = await method(request, { seed, ...compute });
      const { model, seconds, multiplyAdds } = result ?? {};
      if (!model || typeof seconds !== 'object' || typeof multiplyAdds !== 'number') {
        throw new BenchError(
          'ERR_METHOD',
          `${name} must answer {model, steps, seconds, multiplyAdds}: see the type UnlearningResult`,
        );
      }
      return result as UnlearningResult;
    },
  };
}
