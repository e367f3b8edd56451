// One class, whatever the subpath that it is imported by, and whether it is imported or required.

import assert from 'node:assert/strict';
import { createRequire } from 'node:module';

const require = createRequire(import.meta.url);
const seen = new Map();
let shared = 0;
for (const subpath of Object.keys(require('lethe/package.json').exports)) {
  if (subpath === './package.json') continue;
  const name = `lethe${subpath.slice(1)}`;
  const imported = await import(name);
  const required = require(name);
  for (const [key, value] of Object.entries(imported)) {
    assert.equal(required[key], value, `${key} of require('${name}')`);
    if (seen.has(key)) shared++;
    else seen.set(key, value);
    assert.equal(seen.get(key), value, `${key} of ${name}`);
  }
}
assert.equal((await import('lethe/methods')).Sisa, (await import('lethe')).Sisa);
assert.ok(shared > 1);
