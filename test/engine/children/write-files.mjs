// Replaces a file again and again by 100,000 times its letter, or with `slowly` once and never to the end.
import { replaceFile } from '../../../build/source/base/files/replace-file.js';

const [path, letter, how] = process.argv.slice(2);
const bytes = Buffer.from(letter.repeat(100_000));

async function* slowly() {
  yield bytes;
  process.stdout.write('writing\n');
  await new Promise((resolve) => setTimeout(resolve, 600_000));
}

if (how === 'slowly') await replaceFile(path, slowly());
for (;;) {
  await replaceFile(path, bytes);
  process.stdout.write('written\n');
}
