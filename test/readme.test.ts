import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from './support/temporary-folder.js';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

describe.skipIf(!process.env.MNIST_DIR)('the example of the README', () => {
  it('runs unchanged', async () => {
    const readme = await readFile(join(ROOT, 'README.md'), 'utf8');
    const [, code] = /```js\n([\s\S]*?)```/.exec(readme)!;
    // Inside the package, so that `lethe` resolves to what users import.
    const scripts = join(ROOT, 'build', 'readme');
    await mkdir(scripts, { recursive: true });
    await writeFile(join(scripts, 'example.mjs'), code!);
    const cwd = await temporaryFolder();
    const script = join(scripts, 'example.mjs');
    const { stderr } = await promisify(execFile)(process.execPath, [script], { cwd });
    expect(stderr).toBe('');
    expect(await readdir(cwd)).toEqual(['model.safetensors']);
  });
});
