// Saves the Sisas that it finds in folders into another one, in turns, for ever.
import { Sisa } from '../../../build/source/unlearn/sharded/sisa.js';

const [target, ...sources] = process.argv.slice(2);
const all = await Promise.all(sources.map((folder) => Sisa.load(folder)));
for (let i = 0; ; i++) {
  try {
    await all[i % all.length].save(target);
  } catch (error) {
    if (error.code !== 'ERR_BUSY') throw error;
  }
  process.stdout.write('saved\n');
}
