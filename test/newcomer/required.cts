// TypeScript that becomes CommonJS: its compilers know since 5.8 that require() takes ES modules.

import lethe = require('lethe');
import methods = require('lethe/methods');

const Same: typeof lethe.Sisa = methods.Sisa;
if (Same !== lethe.Sisa) throw new Error('require() gives another class in each subpath');
const cpu: string = lethe.devices().cpu;
if (!cpu.startsWith('cpu ')) throw new Error(cpu);
