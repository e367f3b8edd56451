import { createRequire } from 'node:module';
import { isOutOfDescriptors, requireDescriptors } from './descriptors.js';
import { ioError } from './io-error.js';

const require = createRequire(import.meta.url);

/** A package's description and its files, which require() reads one after another. */
const REQUIRE_DESCRIPTORS = 4;

/** The files of our own modules and of what they import, which Node 20 reads side by side. */
const IMPORT_DESCRIPTORS = 32;

/**
 * A CommonJS package that is loaded when it is first needed. By require(), which does all of it at once:
 * Node 20 takes a package whose files it could once not open for missing until it ends, so there must be
 * descriptors for them before it begins, and while it goes on nobody else in this thread can take them.
 *
 * @returns throws ERR_IO while there are too few descriptors, and what require() throws
 */
export function lazyPackage<Module>(name: string): () => Module {
  let module: Module | undefined;
  return () => {
    if (module === undefined) {
      requireDescriptors('load', `the package ${name}`, REQUIRE_DESCRIPTORS);
      module = require(name) as Module;
    }
    return module;
  };
}

/**
 * A module of our own that is imported when it is first needed. It is not tried while there are too few
 * descriptors, because Node 20 remembers an import that has failed.
 *
 * @param name for error messages, e.g. `the ONNX export`
 * @returns throws ERR_IO while there are too few descriptors
 */
export function lazyModule<Module>(
  name: string,
  load: () => Promise<Module>,
): () => Promise<Module> {
  let module: Module | undefined;
  return async () => {
    if (module === undefined) {
      requireDescriptors('load', name, IMPORT_DESCRIPTORS);
      try {
        module = await load();
      } catch (cause) {
        throw isOutOfDescriptors(cause) ? ioError('load', name, cause) : cause;
      }
    }
    return module;
  };
}
