import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Dataset, exactRetrain, Model } from 'lethe';
import { assignZipf, syntheticDigits } from 'lethe/datasets';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CATALOG, type CatalogEntry, FRESH } from '../../methods/catalog.js';
import { deletedRows } from '../../methods/deletions.js';
import { goalsOf } from '../../methods/goals.js';
import { METRICS } from '../../methods/judge.js';
import { type DeletionFigures, measureMethods } from '../../methods/measure.js';
import { measureOtherData } from '../../methods/other-data.js';
import { renderMethodsPage } from '../../methods/report.js';
import { selectMethods } from '../../methods/selection.js';
import { measureSequence } from '../../methods/sequence.js';
import { measureSharded } from '../../methods/sharded.js';
import { type MethodsReport, methodRows, renderMethods, TABLE_HEAD } from '../../methods/tables.js';
import { WIDTHS } from '../../study/settings.js';

const digits = syntheticDigits({ trainRows: 1200, testRows: 240 });
const train = new Dataset(digits.train);
const test = new Dataset(digits.test);
const compute = { threads: 2 };
const data = { train, test, source: { rows: train.rows, labels: train.labels } };

/** A module as a user would write it. */
async function ownMethod(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'lethe-method-'));
  afterAll(() => rm(folder, { recursive: true }));
  const path = join(folder, 'ownWay.mjs');
  await writeFile(
    path,
    `export default async ({ model }, { seed, threads }) => {
      if (seed !== 45 || threads !== 2) throw new Error('a method is told its seed and its threads');
      return { model, steps: 0, seconds: { nothing: 0 }, multiplyAdds: 0 };
    };`,
  );
  return path;
}

describe('the rows of a deletion', () => {
  it('are a class, and test rows of the others', () => {
    const { forget, retain, test: tested } = deletedRows(data, { kind: 'class', label: 3 });
    expect(forget.positions.every((row) => train.labels[row] === 3)).toBe(true);
    expect(retain.positions.every((row) => train.labels[row] !== 3)).toBe(true);
    expect(forget.length + retain.length).toBe(train.rows);
    expect(tested.positions.every((row) => test.labels[row] !== 3)).toBe(true);
  });

  it('are those of a user by rank, and all test rows', () => {
    const [top, second] = [0, 1].map((rank) => deletedRows(data, { kind: 'user', rank }));
    expect(top!.forget.length).toBeGreaterThan(second!.forget.length);
    expect(new Set([...top!.forget, ...top!.retain]).size).toBe(train.rows);
    expect(top!.test.length).toBe(test.rows);
  });
});

describe('the bench', () => {
  let own: CatalogEntry | undefined;
  let figures: DeletionFigures[];
  let report: MethodsReport;
  const stages: string[] = [];

  beforeAll(async () => {
    own = (await selectMethods({ files: [await ownMethod()], only: [] })).at(-1);
    figures = await measureMethods({
      ...{
        data,
        entries: [...CATALOG, own!],
        seeds: [45],
        compute,
        retrains: { calibrating: 1, floor: 2 },
      },
      // Fewer than the bench's: relearning takes longer than all the rest.
      mostRelearnSteps: 16,
      deletions: [
        { kind: 'class', label: 0 },
        { kind: 'user', rank: 0 },
      ],
      onStage: (stage) => stages.push(stage),
    });
    const otherData = await measureOtherData(data, [45], compute, (stage) => stages.push(stage));
    const sharded = await measureSharded(data, [45], compute, (stage) => stages.push(stage));
    report = {
      dataset: train.name,
      environment: {
        ...{ lethe: '0', node: 'v', platform: 'p', cpu: 'c', cores: 2, device: 'd' },
        ...{ threads: 2, seeds: [45], seconds: 1 },
      },
      deletions: figures,
      sequence: await measureSequence({
        ...{ data, requests: 4, every: 2, seed: 45, compute },
        onStage: (stage) => stages.push(stage),
      }),
      ...{ otherData, sharded },
      goals: goalsOf(figures, otherData, sharded),
    };
  }, 300_000);

  it('judges every method on what it can delete', () => {
    const names = (kind: string) =>
      [...CATALOG, own!].filter(({ only }) => !only || only === kind).map(({ name }) => name);
    expect(figures[0]!.methods.map(({ name }) => name)).toEqual(names('class'));
    expect(figures[1]!.methods.map(({ name }) => name)).toEqual(names('user'));
    expect(names('user')).not.toContain('rowRemoval');
    for (const { methods } of figures) {
      for (const { runs, diverged } of methods) expect(runs.length + diverged).toBe(1);
    }
  });

  it('measures nothing, and M0 against M0', () => {
    for (const { methods, floor } of figures) {
      const [nothing] = methods.find(({ name }) => name === 'nothing')!.runs;
      expect(nothing!.costPercent).toBe(0);
      const [m0] = methods.find(({ name }) => name === 'retrain')!.runs;
      expect(m0!.costPercent).toBeCloseTo(100, 9);
      expect(floor.length).toBe(2);
      expect(floor[0]!.jsForget.value).toBeLessThan(nothing!.judgement.jsForget.value!);
    }
  });

  it('answers every metric with a number or a reason', () => {
    for (const { methods, floor } of figures) {
      for (const judgement of [
        ...floor,
        ...methods.flatMap(({ runs }) => runs.map((r) => r.judgement)),
      ]) {
        expect(Object.keys(judgement).sort()).toEqual([...METRICS].sort());
        for (const { value, reason } of Object.values(judgement)) {
          if (value === undefined) expect(reason).toMatch(/\w/);
          else expect(Number.isFinite(value)).toBe(true);
        }
      }
    }
    const [byClass, byUser] = figures.map(({ floor: [first] }) => first!);
    expect(byClass!.gap.reason).toBe('a whole class was forgotten');
    expect(byUser!.probe.reason).toBe('no class was forgotten');
    const relearn = (method: string) =>
      figures[0]!.methods.find(({ name }) => name === method)!.runs[0]!.judgement.relearn;
    expect(relearn('nothing')).toEqual({ value: 0 });
    expect(relearn('retrain')).toEqual({ reason: 'not reached in 16 steps' });
  });

  it('knows exact retraining by the recipe fast at other costs, the usual one among them', async () => {
    const deletions = [{ kind: 'class', label: 0 } as const, { kind: 'user', rank: 0 } as const];
    const perRow = 2 * 784 * 512 + 3 * (512 * 128 + 128 * 10);
    for (const [i, { exactCurve, methods }] of figures.entries()) {
      const costs = exactCurve.map(({ costPercent }) => costPercent);
      expect(costs).toEqual([...costs].sort((a, b) => a - b));
      const { forget, retain, test: tested } = deletedRows(data, deletions[i]!);
      const usual = await exactRetrain(
        { model: Model.create(WIDTHS), dataset: train, forget, retain },
        { recipe: 'fast', seed: 45 + FRESH, ...compute },
      );
      // Of M0's five epochs.
      const costPercent = (100 * usual.multiplyAdds) / (5 * retain.length * perRow);
      const point = exactCurve.find((found) => Math.abs(found.costPercent - costPercent) < 1e-9);
      const { accuracy } = await usual.model.evaluate(test, tested);
      expect(point?.test).toBeCloseTo(accuracy, 9);
      for (const { isExact, runs, besideExact } of methods) {
        expect(besideExact === undefined).toBe(isExact || runs.length === 0);
      }
      const nothing = methods.find(({ name }) => name === 'nothing')!;
      expect(nothing.besideExact).toEqual({ isBeaten: 'no' });
    }
    const [byClass, byUser] = figures.map(({ exactCurve: [cheapest] }) => cheapest!);
    expect(byClass!.gap).toBeUndefined();
    expect(byUser!.gap).toBeCloseTo(byUser!.forget - byUser!.test, 9);
  });

  it('compares exact retraining with its own recipe, too', () => {
    for (const { ownRecipe, methods } of figures) {
      const [first, ...others] = ownRecipe;
      expect(others).toEqual([]);
      const { judgement } = methods.find(({ name }) => name === 'exactRetrain')!.runs[0]!;
      expect(first!.distance.value).toBeGreaterThan(0);
      expect(first!.jsForget.value).not.toBe(judgement.jsForget.value);
      expect(Object.keys(judgement)).toEqual(expect.arrayContaining(Object.keys(first!)));
    }
    const [head, floor, ...rows] = [TABLE_HEAD, ...methodRows(figures[0]!)];
    const own = rows.find(([name]) => name === 'exactRetrain, against its own recipe')!;
    const cellOf = (row: readonly string[], column: string) => row[head!.indexOf(column)];
    for (const column of ['cost %', 'retain %', 'relearn', 'probe %', 'beaten by exact']) {
      expect(cellOf(own, column), column).toBe('');
    }
    for (const column of ['JS forget', 'entropy AUC', 'agrees %']) {
      expect(cellOf(own, column), column).toMatch(/^[\d.]+$/);
      expect(cellOf(floor!, column), column).toMatch(/^[\d.]+ ± [\d.]+$/);
    }
  });

  it('looks at requests in a row as often as it was told', () => {
    const { sequence } = report;
    expect(sequence.map(({ name }) => name)).toEqual(
      ['exactRetrain', 'fineTune', 'fisherScrub'].flatMap((method) => [
        `${method}, one by one`,
        `${method}, 2 at once`,
      ]),
    );
    for (const { points } of sequence) {
      expect(points.map(({ requests }) => requests)).toEqual([2, 4]);
      expect(points[1]!.forgottenRows).toBeGreaterThan(points[0]!.forgottenRows);
    }
    const [oneByOne, atOnce] = sequence;
    expect(oneByOne!.retrains).toBeGreaterThan(1.2 * atOnce!.retrains);
    // An exact result depends on what is left and the seed alone, however it was asked for.
    const drift = ({ points }: (typeof sequence)[number]) => points.at(-1)!.jsForget;
    expect(drift(oneByOne!)).toBe(drift(atOnce!));
  });

  it('tries exact retraining on other data', () => {
    expect(report.otherData.map(({ name }) => name)).toEqual([
      'permuted columns',
      'a head on embeddings',
      '20 % wrong labels',
      '40 % wrong labels',
      '784-64-10',
      '720 rows left of 1200',
      '720 rows left of 1200',
    ]);
    for (const { costPercent, retain, test, worst } of report.otherData) {
      expect(costPercent).toBeGreaterThan(1);
      expect(worst).toBe(Math.min(retain, test));
    }
  });

  it('counts what a request to shards costs', () => {
    const [four, one, plain] = report.sharded.map(({ runs: [run] }) => run!);
    // One shard is trained anew whoever asks, on all rows but theirs.
    expect(one!.byRowsPercent).toBeCloseTo(one!.uniformPercent, 9);
    for (const run of [four!, plain!]) {
      expect(run.measuredPercent).toBeLessThan(run.measuredExpected);
      expect(run.measuredPercent).toBeGreaterThan(0.8 * run.measuredExpected);
    }
    // Below 2,000 rows a run of steady makes the more visits the fewer there are, by the square of their
    // number; four shards have so few that a run of theirs makes the most there are.
    const { owners } = assignZipf({ rows: train.rows, users: 100, seed: 45 });
    const left = owners.filter((owner) => owner !== 9).length;
    expect(one!.measuredPercent / one!.measuredExpected).toBeCloseTo((train.rows / left) ** 2, 2);
    // Alone in a shard, the top user costs nothing; the others share what is left of the work, in thirds.
    const rows = owners.filter((owner) => owner > 0).length;
    expect(plain!.byRowsPercent / 100).toBeCloseTo((rows / train.rows) ** 2 / 3, 3);
    expect(plain!.measuredExpected / 100).toBeCloseTo(rows / train.rows / 3, 2);
  });

  it('names all goals, and says which were not measured', () => {
    expect(report.goals.map(({ id }) => id)).toEqual([
      ...['exact.rows', 'exact.class', 'exact.other', 'approx.class', 'approx.rows', 'sisa'],
    ]);
    expect(report.goals.filter(({ value }) => value === null)).toEqual([]);
    expect(report.goals[0]).toMatchObject({ on: figures[1]!.title, elsewhere: [] });
    expect(report.goals[2]!.conditions!.length).toBe(4 * report.otherData.length);
    expect(goalsOf([]).every(({ value }) => value === null)).toBe(true);
    for (const { conditions } of report.goals) {
      for (const { name, isMet, value, bound } of conditions ?? []) {
        expect(typeof isMet, name).toBe('boolean');
        // Rows that are not relearnt in so few steps leave nothing to compare.
        if (/relearn/.test(name) && Number.isNaN(value)) expect(isMet).toBe(false);
        else expect(Number.isFinite(value) && Number.isFinite(bound), name).toBe(true);
      }
    }
  });

  it('shows all of it, as text and as a page', () => {
    const [text, html] = [renderMethods(report), renderMethodsPage(report)];
    for (const { name } of [...CATALOG, own!]) {
      expect(text).toContain(name);
      expect(html).toContain(name);
    }
    for (const { id } of report.goals) expect(text).toContain(id);
    for (const row of methodRows(figures[0]!)) expect(row.length).toBe(TABLE_HEAD.length);
    expect(`${text}${html}`).not.toMatch(/NaN|undefined|Infinity/);
    expect(html.match(/<svg/g)!.length).toBe(2);
    expect(stages[0]).toBe('training the original models');
  });

  it('says nothing of the parts that were not measured', () => {
    const part = { ...report, otherData: [], sequence: [], sharded: [] };
    for (const text of [renderMethods(part), renderMethodsPage(part)]) {
      expect(text).not.toMatch(
        /on other data<|on other data,|[Rr]equests in a row|Shards of whole/,
      );
      expect(text).toContain('ownWay');
    }
  });
});
