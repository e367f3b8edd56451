import { spawnSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { failure, wrong } from '../../../test/support/errors.js';
import { temporaryFolder } from '../../../test/support/temporary-folder.js';
import { CATALOG } from '../../methods/catalog.js';
import { type Selection, selectMethods } from '../../methods/selection.js';
import { BenchError } from '../../support/bench-error.js';
import { inLethe } from '../../support/places.js';

async function moduleOf(source: string, name = 'mine.mjs'): Promise<string> {
  const path = join(await temporaryFolder(), name);
  await writeFile(path, source);
  return path;
}

const namesOf = async (selection: Selection) =>
  (await selectMethods(selection)).map(({ name }) => name);

async function refusal(selection: Selection): Promise<BenchError> {
  const error = await failure(() => selectMethods(selection));
  expect(error).toBeInstanceOf(BenchError);
  return error as BenchError;
}

describe('the methods that are judged', () => {
  it('are those of the catalogue', async () => {
    expect(await selectMethods({ files: [] })).toEqual(CATALOG);
  });

  it('are some of them, and retrain, beside which they are judged', async () => {
    const only = ['lowRank', 'kfac'];
    expect(await namesOf({ files: [], only })).toEqual(['retrain', 'kfac', 'lowRank']);
  });

  it("are a module's default export, by the name of the file", async () => {
    const files = [
      await moduleOf('export default async () => {}; export const helper = () => {};'),
      await moduleOf('export default async function run() {}', 'better.mjs'),
    ];
    const names = CATALOG.map(({ name }) => name);
    expect(await namesOf({ files })).toEqual([...names, 'mine', 'better']);
    expect(await namesOf({ files, only: ['ssd'] })).toEqual(['retrain', 'ssd', 'mine', 'better']);
  });

  it('are all functions of a module that it exports by name', async () => {
    const file = await moduleOf('export const a = () => {}, b = () => {}, limit = 3;');
    expect(await namesOf({ files: [file], only: ['a'] })).toEqual(['retrain', 'a', 'b']);
  });

  it('are none that there is not: the refusal lists those that there are', async () => {
    const file = await moduleOf('export const mine = () => {};');
    const { code, message } = await refusal({ files: [file], only: ['kfac', 'kfca'] });
    expect(code).toBe('ERR_UNKNOWN_METHOD');
    expect(message).toContain('"kfca"');
    for (const { name } of CATALOG) expect(message).toContain(name);
    expect(message).toContain('mine');
  });

  it.each([
    ['export default 3;', 'exports no method'],
    ['export const a = 3;', 'exports no method'],
    ['export const kfac = () => {};', 'two methods called kfac'],
    ['import "no-such-package";', 'cannot load'],
  ])('are not what %j is', async (source, message) => {
    const error = await refusal({ files: [await moduleOf(source)] });
    expect(error.code).toBe('ERR_METHOD');
    expect(error.message).toContain(message);
  });

  it('answer what methods do', async () => {
    const file = await moduleOf('export const a = async () => ({}), b = async () => {};');
    const entries = await selectMethods({ files: [file], only: [] });
    for (const { run } of entries.slice(-2)) {
      const error = await failure(() => run(wrong({}), { seed: 1, compute: {}, kind: 'class' }));
      expect((error as Error).message).toContain('must answer {model');
    }
  });

  it('are refused by the command before anything is read', () => {
    const main = inLethe('bench/dist/methods/main.js');
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [main, '--synthetic', '--only', 'nonsense'],
      { encoding: 'utf8', cwd: inLethe('build') },
    );
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/^ERR_UNKNOWN_METHOD: there is no method "nonsense", but: nothing, /);
  });
});
