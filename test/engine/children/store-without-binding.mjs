// Opens a store where better-sqlite3's native binding is missing, or was built for another Node.

import Module from 'node:module';
import { openStore } from '#lethe/index';

const BINDING = /better_sqlite3\.node$/;
if (process.argv[2] === 'missing') {
  const resolve = Module._resolveFilename;
  Module._resolveFilename = (name, ...rest) => {
    if (!BINDING.test(name)) return resolve(name, ...rest);
    throw Object.assign(new Error(`Cannot find module '${name}'`), { code: 'MODULE_NOT_FOUND' });
  };
} else {
  const { dlopen } = process;
  process.dlopen = (module, file, ...rest) => {
    if (!BINDING.test(file)) return dlopen(module, file, ...rest);
    const message = `The module '${file}'\nwas compiled against a different Node.js version`;
    throw Object.assign(new Error(message), { code: 'ERR_DLOPEN_FAILED' });
  };
}
const { code, message } = await openStore().catch((error) => error);
console.log(JSON.stringify({ code, message }));
