// Without the optional peers all loads but the subpath that needs them, which says what is missing.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const { exports: subpaths, peerDependencies } = createRequire(import.meta.url)(
  'lethe/package.json',
);
const missing = new RegExp(
  `Cannot find package '(${Object.keys(peerDependencies).join('|')})' imported from .*lethe`,
);
for (const subpath of Object.keys(subpaths)) {
  const name = `lethe${subpath.slice(1)}`;
  if (subpath === './package.json') continue;
  else if (subpath === './report') await assert.rejects(import(name), missing);
  else await import(name);
}
