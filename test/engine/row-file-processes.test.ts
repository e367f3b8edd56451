import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { PhiloxStream } from '#lethe/base/philox';
import { Dataset } from '#lethe/engine/dataset';
import { temporaryFolder } from '../support/temporary-folder.js';
import { toyData } from '../support/toy.js';

const rows = 2000;
const ids = Array.from({ length: rows }, (_, row) => `id ${row + 10_000}`);
const dataset = new Dataset({ ...toyData({ rows }), ids, subjects: ids.map((id) => `of ${id}`) });

function start(script: string, path: string) {
  const file = fileURLToPath(new URL(`children/${script}.mjs`, import.meta.url));
  const child = spawn(process.execPath, [file, path], { stdio: ['pipe', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const line = async () => (await lines.next()).value as string | undefined;
  return { child, line };
}

async function savedRows(): Promise<string> {
  const path = join(await temporaryFolder(), 'rows');
  await dataset.save(path);
  return path;
}

describe('a row file of several processes', () => {
  it('is read by all of them, and says to the others that one has erased', async () => {
    const path = await savedRows();
    const own = await Dataset.open(path);
    const other = start('share-rows', path);
    expect(await other.line()).toBe(await dataset.digest());
    other.child.stdin.write('1\n');
    expect(await other.line()).toBe('trained');
    other.child.stdin.write('1000000000\n');
    await own.erase([ids[3]!]);
    expect(await other.line()).toBe('ERR_FILE_CHANGED true');
    other.child.stdin.end();
    expect(await once(other.child, 'exit')).toEqual([0, null]);
  });

  it('ends no process when another truncates it', async () => {
    const path = await savedRows();
    const other = start('share-rows', path);
    await other.line();
    other.child.stdin.write('1000000000\n');
    await truncate(path, 5000);
    expect(await other.line()).toBe('ERR_FILE_CHANGED true');
    other.child.stdin.end();
    expect(await once(other.child, 'exit')).toEqual([0, null]);
  });

  it('has each row whole or erased, whenever an erasing process is killed', async () => {
    const random = new PhiloxStream(1, 0);
    let finished = 0;
    for (let run = 0; run < 12; run++) {
      const path = await savedRows();
      const eraser = start('erase-rows', path);
      await eraser.line();
      const wait = random.below(60_000) / 1000;
      const ended = once(eraser.child, 'exit');
      setTimeout(() => eraser.child.kill('SIGKILL'), wait);
      await ended;
      const left = await Dataset.open(path);
      // Opening it once more finds nothing to do: it has the same bytes.
      expect(await left.digest()).toBe(await (await Dataset.open(path)).digest());
      const positions = [...left.allRows()];
      const erased = rows - positions.length;
      expect(positions).toEqual(Array.from({ length: rows - erased }, (_, i) => erased + i));
      expect(await left.digest()).toBe(await dataset.digest(positions));
      if (erased > 0) finished++;
    }
    expect(finished).toBeGreaterThan(0);
  });
});
