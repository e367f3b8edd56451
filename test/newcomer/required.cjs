const assert = require('node:assert/strict');
const { devices, LetheError, Model } = require('lethe');

assert.match(devices().cpu, /^cpu /);
assert.throws(() => Model.create([1]), LetheError);
