// Erases one row after the other of a row file, until it is killed or none is left.

import { Dataset } from '#lethe/engine/dataset';

const dataset = await Dataset.open(process.argv[2]);
process.stdout.write('open\n');
for (const id of [...dataset.ids]) await dataset.erase([id]);
