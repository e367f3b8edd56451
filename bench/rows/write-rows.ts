/** Run by main.ts in a process of its own: writes a row file of made-up rows. */
import { Dataset } from 'lethe';

const [path, count, width] = process.argv.slice(2) as [string, string, string];
const [rows, columns, classes] = [Number(count), Number(width), 10];

/** Noise, and one brighter stretch of columns for each class. */
function* madeRows() {
  const features = new Float32Array(columns);
  let state = 1;
  for (let row = 0; row < rows; row++) {
    const label = (row * 7) % classes;
    for (let k = 0; k < columns; k++) {
      state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
      features[k] = state / 2 ** 32 + (k % classes === label ? 0.5 : 0);
    }
    yield { label, features };
  }
}

const dataset = await Dataset.from(madeRows(), { name: 'made-up rows' });
await dataset.save(path);
