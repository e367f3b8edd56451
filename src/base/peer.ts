import { LetheError } from './errors.js';

/**
 * Imports an optional package.
 *
 * @throws {LetheError} ERR_PEER_MISSING
 */
export async function importPeer<Module>(name: string): Promise<Module> {
  try {
    return await import(name);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw cause;
    throw new LetheError(
      'ERR_PEER_MISSING',
      `this needs the package ${name}, which is not installed: run \`npm install ${name}\``,
      { cause },
    );
  }
}
