// The API reference, from the doc comments of everything that package.json exports: `npm run docs:api`.
// TypeDoc reads TypeScript up to 6.0, the project is compiled by 7: hence a workspace of its own.

import { readFileSync } from 'node:fs';
import { Comment, Converter, ReflectionKind } from 'typedoc';

const ROOT = new URL('../../', import.meta.url);
const { version, exports: published } = JSON.parse(
  readFileSync(new URL('package.json', ROOT), 'utf8'),
);

/** What applications import: its name, its source, and what the first comment there says of it. */
const modules = Object.entries(published).flatMap(([subpath, target]) => {
  if (typeof target === 'string') return [];
  const source = target.default.replace(/^\.\/lib\/(.*)\.js$/, 'src/$1.ts');
  const [, comment] = /^\/\*\* (.*) \*\/$/m.exec(readFileSync(new URL(source, ROOT), 'utf8'));
  const folder = source.replace(/^src\/(.*?)(\/index)?\.ts$/, '$1');
  return [{ name: `lethe${subpath.slice(1)}`, source, folder, comment }];
});

/** TypeDoc names a module by its path; readers know it by what they import. */
function nameModules(app) {
  app.converter.on(Converter.EVENT_CREATE_DECLARATION, (_, reflection) => {
    if (!reflection.kindOf(ReflectionKind.Module)) return;
    const { name, comment } = modules.find(({ folder }) => folder === reflection.name);
    reflection.name = name;
    reflection.comment = new Comment([{ kind: 'text', text: comment }]);
  });
}

export default {
  name: `Lethe ${version}`,
  tsconfig: '../../tsconfig.json',
  entryPoints: modules.map(({ source }) => `../../${source}`),
  readme: 'none',
  out: '../api',
  plugin: [nameModules],
  excludeInternal: true,
  excludePrivate: true,
  disableSources: true,
  treatWarningsAsErrors: true,
};
