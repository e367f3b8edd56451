import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Browser, chromium } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { temporaryFolder } from '../../../test/support/temporary-folder.js';
import { FIGURE_NAMES, type Figures, POINTS } from '../../study/figures.js';
import { drawFigures, renderReport } from '../../study/report.js';
import type { Results } from '../../study/results.js';
import { toyResults } from './toy-results.js';

const CHROMIUM = process.env.CHROMIUM || '/usr/bin/chromium';

const curve = (slope: number) =>
  POINTS.map((x) => ({ x, M0: 3 + slope * x, M2: 0.1, exact: 0.3 + (slope * x) / 10 }));
const figures: Figures = { scalability: curve(0.5), deletion: curve(-0.03), zipf: curve(-0.02) };
const results: Results = { ...toyResults, figures };

describe('the report', () => {
  const report = renderReport(results, drawFigures(results));

  it('holds the tables, the data set, the machine and what limits the numbers', () => {
    for (const text of [
      ...['Toy digits', 'Toy CPU', 'toy runtime 1', '2 seeds', '21.00 ± 1.41', '98.47'],
      ...['exact, exactRetrain', 'exactRetrain</b> is exact', 'median of 3 runs'],
      ...['Table 1', 'Table 2', 'Figure 1', 'Figure 2', 'Figure 3', 'gives no guarantee'],
    ]) {
      expect(report).toContain(text);
    }
  });

  it('needs nothing beside itself', () => {
    const links = report.match(/(?:href|src)="[^"]*"|url\([^)]*\)|@import/g);
    expect(links).toEqual(['href="data:,"']);
  });

  it('escapes what comes from outside', () => {
    const dataset = { ...results.dataset, name: '<img src=x onerror=alert(1)>' };
    expect(renderReport({ ...results, dataset }, new Map())).not.toContain('<img');
  });

  it('does without figures', () => {
    expect(drawFigures(toyResults).size).toBe(0);
    const tables = renderReport(toyResults, new Map());
    expect(tables).toContain('Table 2');
    expect(tables).not.toContain('Figure');
  });
});

describe.skipIf(!existsSync(CHROMIUM))('the report in a browser', () => {
  let browser: Browser;
  beforeAll(async () => {
    browser = await chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox'] });
  });
  afterAll(() => browser.close());

  it.each(['light', 'dark'] as const)('draws every figure on a %s page', async (colorScheme) => {
    const path = join(await temporaryFolder(), 'report.html');
    await writeFile(path, renderReport(results, drawFigures(results)));
    const tab = await browser.newPage({ colorScheme, viewport: { width: 1000, height: 800 } });
    const complaints: string[] = [];
    tab.on('console', (message) => complaints.push(message.text()));
    tab.on('pageerror', (error) => complaints.push(error.message));
    const requests: string[] = [];
    tab.on('request', (request) => requests.push(request.url()));
    await tab.goto(pathToFileURL(path).href);

    for (const name of FIGURE_NAMES) {
      const svg = tab.locator(`#${name} svg`);
      const box = (await svg.boundingBox())!;
      expect(Math.min(box.width, box.height), name).toBeGreaterThan(300);
      expect(await svg.locator('circle').count()).toBe(3 * POINTS.length);
      const strokes = await svg.locator('path[stroke^="var(--series"]').evaluateAll((paths) =>
        paths.map((path) => {
          const { width } = path.getBoundingClientRect();
          return { width, stroke: getComputedStyle(path).stroke };
        }),
      );
      expect(strokes.map(({ width }) => width > 300)).toEqual([true, true, true]);
      expect(new Set(strokes.map(({ stroke }) => stroke)).size).toBe(3);
    }
    const brightness = await tab.evaluate(() =>
      Number(/\d+/.exec(getComputedStyle(document.body).backgroundColor)![0]),
    );
    expect(brightness > 128).toBe(colorScheme === 'light');
    const isCut = await tab.evaluate(() => document.body.scrollWidth > document.body.clientWidth);
    expect(isCut).toBe(false);
    expect(complaints).toEqual([]);
    expect(requests).toEqual([pathToFileURL(path).href]);
  });

  it('shows every column of its tables at once, with a peer too', async () => {
    const peer = { version: '1', tables: toyResults.tables };
    const path = join(await temporaryFolder(), 'report.html');
    await writeFile(path, renderReport({ ...results, peers: { PyTorch: peer } }, new Map()));
    const tab = await browser.newPage({ viewport: { width: 1200, height: 800 } });
    await tab.goto(pathToFileURL(path).href);
    const widths = await tab
      .locator('.table')
      .evaluateAll((tables) =>
        tables.map(({ scrollWidth, clientWidth }) => scrollWidth - clientWidth),
      );
    expect(widths).toEqual([0, 0]);
  });
});
