// Put into a bundle, in which lethe stays outside.

import assert from 'node:assert/strict';
import { devices, Sisa } from 'lethe';
import * as methods from 'lethe/methods';

assert.match(devices().cpu, /^cpu /);
assert.equal(methods.Sisa, Sisa);
