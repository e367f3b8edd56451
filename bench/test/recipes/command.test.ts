import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../test/support/temporary-folder.js';
import type { RecipesReport } from '../../recipes/tables.js';
import { inLethe } from '../../support/places.js';
import { PYTHON } from '../support/pytorch.js';

const MAIN = inLethe('bench/dist/recipes/main.js');

const hasSklearn = spawnSync(PYTHON, ['-c', 'import sklearn']).status === 0;

function bench(cwd: string, ...flags: string[]) {
  return spawnSync(process.execPath, [MAIN, ...flags], { cwd, encoding: 'utf8' });
}

describe('bench:recipes', () => {
  it.each([
    [['--only', 'irises'], 'ERR_UNKNOWN_DATA'],
    [['--recipes', 'slow'], 'ERR_UNKNOWN_RECIPE'],
    [['--seeds', 'x'], 'seeds look like'],
    [['--only', 'ring', '--peers', '--python', '/no/python'], 'ERR_PEER'],
  ])('refuses %j', async (flags, message) => {
    const { status, stdout, stderr } = bench(await temporaryFolder(), ...flags);
    expect([status, stdout]).toEqual([1, '']);
    expect(stderr).toContain(message);
  });

  it('says what is skipped, and goes on', async () => {
    const folder = await temporaryFolder();
    const flags = ['--only', 'mnist,groups-200', '--seeds', '3', '--data', folder];
    const { status, stdout } = bench(folder, ...flags);
    expect(status).toBe(0);
    expect(stdout).toContain('groups-200');
    expect(stdout).toContain('Skipped:\n  mnist: MNIST is not at hand');
    expect(stdout).toContain('exact.any: steady was not measured');
    const page = await readFile(join(folder, 'bench-results', 'recipes.html'), 'utf8');
    expect(page).toContain('<b>mnist</b>: MNIST is not at hand');
  });

  it('prints what it writes', async () => {
    const folder = await temporaryFolder();
    const flags = ['--only', 'ring', '--seeds', '3,4', '--recipes', 'plain', '--json'];
    const { status, stdout } = bench(folder, ...flags);
    expect(status).toBe(0);
    const written = await readFile(join(folder, 'bench-results', 'recipes.json'), 'utf8');
    expect(written).toBe(stdout);
    const { sets, environment, goals } = JSON.parse(stdout) as RecipesReport;
    expect(environment).toMatchObject({ seeds: [3, 4], recipes: ['plain'], peer: null });
    expect(sets[0]).toMatchObject({
      name: 'ring',
      changes: { plain: { choices: ['plain', 'plain'] } },
    });
    expect(goals.map(({ id }) => id)).toEqual(['exact.any', 'exact.choice', 'exact.small']);
  });

  it.skipIf(!hasSklearn)('runs scikit-learn on the same rows', async () => {
    const flags = [
      '--only',
      'groups-200',
      '--seeds',
      '3',
      '--recipes',
      'plain',
      '--peers',
      '--json',
    ];
    const { status, stdout } = bench(await temporaryFolder(), ...flags);
    expect(status).toBe(0);
    const { sets, environment } = JSON.parse(stdout) as RecipesReport;
    expect(environment.peer).toMatch(/^scikit-learn \d/);
    expect(sets[0]!.peer!.test).toBeGreaterThan(60);
    expect(sets[0]!.peer!.epochs).toBeGreaterThan(1);
  });
});
