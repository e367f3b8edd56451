import { createHash } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Dataset } from 'lethe';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type BenchSet, type MadeSet, MissingData } from '../../data/bench-set.js';
import { BENCH_SETS } from '../../data/catalog.js';
import { inLethe } from '../../support/places.js';

/** Of the data sets as the recipes were first judged on them: none may change. */
const DIGESTS: Readonly<Record<string, string>> = JSON.parse(
  readFileSync(inLethe('bench/test/data/digests.json'), 'utf8'),
);
const isGenerated = ({ name }: BenchSet) => name in DIGESTS;
/** Rows at an end whose features are in the digest: the last ones depend on all that was drawn before. */
const ROWS = 200;

function digestOf({ train, test, deleted }: MadeSet): string {
  const hash = createHash('sha256').update(deleted.positions);
  for (const part of [train, test]) {
    const rows = part.allRows();
    hash.update(part.labels);
    hash.update(part.normalized(rows.slice(0, ROWS)));
    hash.update(part.normalized(rows.slice(-ROWS)));
  }
  return hash.digest('hex');
}

function classesIn({ labels }: Dataset): number {
  return new Set(labels).size;
}

describe('the data sets', () => {
  // Where R would write the tables that it converts.
  let cache: string;
  beforeAll(() => {
    cache = mkdtempSync(join(tmpdir(), 'lethe-tables-'));
    vi.stubEnv('XDG_CACHE_HOME', cache);
  });
  afterAll(() => rmSync(cache, { recursive: true }));

  it('have names of their own, as a shell takes them', () => {
    const names = BENCH_SETS.map(({ name }) => name);
    expect(new Set(names).size).toBe(names.length);
    expect(names.filter((name) => !/^[a-z0-9]+(-[a-z0-9]+)*$/.test(name))).toEqual([]);
    expect(names).toEqual(expect.arrayContaining(Object.keys(DIGESTS)));
  });

  it('are many, of every kind, without anything that is not at hand', () => {
    const generated = BENCH_SETS.filter(isGenerated);
    expect(generated.filter(({ kind }) => kind !== 'small').length).toBeGreaterThanOrEqual(30);
    expect(new Set(generated.map(({ kind }) => kind))).toEqual(
      new Set(BENCH_SETS.map(({ kind }) => kind)),
    );
  });

  it.each(BENCH_SETS.filter(isGenerated))('$name is what it was', async (entry) => {
    const made = await entry.make({});
    const { train, test, deleted } = made;
    expect(digestOf(made)).toBe(DIGESTS[entry.name]);
    expect(test.columns).toBe(train.columns);
    expect(classesIn(train)).toBe(train.classes);
    expect(classesIn(test)).toBe(train.classes);
    expect(test.rows / train.rows).toBeGreaterThan(0.24);
    expect(deleted.length / train.rows).toBeGreaterThan(0.09);
    expect(deleted.length / train.rows).toBeLessThan(0.41);
  });

  it.each(BENCH_SETS.filter((entry) => !isGenerated(entry)))(
    '$name has sensible rows, or says how to get it',
    async (entry) => {
      let made: MadeSet;
      try {
        made = await entry.make({});
      } catch (error) {
        expect(error).toBeInstanceOf(MissingData);
        expect((error as Error).message).toMatch(/apt-get install|--data DIR|npm ci/);
        return;
      }
      const { train, test } = made;
      expect(classesIn(train)).toBe(train.classes);
      expect(train.classes).toBeGreaterThan(1);
      expect(test.rows / train.rows).toBeGreaterThan(0.3);
    },
  );
});
