import { beforeEach, describe, expect, it, vi } from 'vitest';
import { Stopwatch } from '#lethe/base/stopwatch';
import { Dataset } from '#lethe/engine/dataset';
import { Model } from '#lethe/engine/model';
import type { RowSet } from '#lethe/engine/row-set';
import { chooseRecipe } from '#lethe/training/choose/choose-recipe';
import { checkFast } from '#lethe/training/fast/check';
import { trainFast } from '#lethe/training/fast/fast';
import { hitsOf } from '#lethe/training/quality';
import { trainSteadily } from '#lethe/training/steady';
import { range } from '../../support/toy.js';

// What is trained and how well it does is told to the choice, to see what it makes of it.
vi.mock(import('#lethe/training/fast/check'), async (original) => ({
  ...(await original()),
  checkFast: vi.fn(),
}));
vi.mock(import('#lethe/training/fast/fast'), async (original) => ({
  ...(await original()),
  trainFast: vi.fn(),
}));
vi.mock(import('#lethe/training/steady'), async (original) => ({
  ...(await original()),
  trainSteadily: vi.fn(),
}));
vi.mock(import('#lethe/training/quality'), async (original) => ({
  ...(await original()),
  hitsOf: vi.fn(),
}));

const ROWS = 4000;
/** A tenth of them. */
const HELD_OUT = 400;
const WIDTHS = [1, 2, 3];
/** The last class is a rare one, of every twentieth row. */
const labels = Uint32Array.from({ length: ROWS }, (_, row) => (row % 20 === 19 ? 2 : row % 2));
const dataset = new Dataset({
  ...{ name: 'rows', rows: ROWS, columns: 1, classes: 3, labels },
  features: new Float32Array(ROWS),
});
const run = (rows = dataset.allRows()) => ({
  ...{ widths: WIDTHS, dataset, rows, seed: 3, watch: new Stopwatch() },
});
const model = Model.create(WIDTHS);

/**
 * Which of the held-out rows a network misses, by their positions, labels and places among those of their
 * label; and how many of a hundred others.
 */
interface Told {
  readonly misses: (position: number, label: number, place: number) => boolean;
  readonly others?: number;
}
const nothing: Told = { misses: () => false };
const first = (count: number): Told => ({ misses: (position) => position < count });

/** Tells the choice how well each of the networks does, from the cheapest. */
function tell(...networks: readonly Told[]): void {
  let looks = 0;
  vi.mocked(hitsOf).mockImplementation(async (_model, of, rows: RowSet) => {
    const { misses, others = 0 } = networks[looks >> 1]!;
    const own = rows.gather(of.labels);
    const held = looks++ % 2 === 0;
    const seen = new Map<number, number>();
    return Uint8Array.from(own, (label, position) => {
      if (!held) return Number(position % 100 >= others);
      const place = seen.get(label) ?? 0;
      seen.set(label, place + 1);
      return Number(!misses(position, label, place));
    });
  });
}

const trainings = () =>
  vi.mocked(trainSteadily).mock.calls.map(([{ rows }, epochs]) => [rows.length, epochs]);

beforeEach(() => {
  vi.clearAllMocks();
  vi.mocked(checkFast).mockResolvedValue({ passes: false, reason: 'no', multiplyAdds: 7 });
  vi.mocked(trainFast).mockResolvedValue({ model, steps: 1, multiplyAdds: 100, reasons: [] });
  vi.mocked(trainSteadily).mockImplementation(async (_, epochs) => ({
    ...{ model, steps: 1, multiplyAdds: 1000 * epochs, reasons: [] },
  }));
});
const fastIsTried = () =>
  vi.mocked(checkFast).mockResolvedValue({ passes: true, reason: 'yes', multiplyAdds: 7 });

describe('the length of the steady recipe', () => {
  it('is the shortest where five epochs gain nothing, and ten are not tried', async () => {
    // Three rows better and two worse: 0.25 points, less than the chance of 0.56.
    tell(first(3), { misses: (position) => position === 3 || position === 4 });
    const { recipe, rungs, reasons } = await chooseRecipe(run(), undefined, {});
    expect(recipe).toEqual({ name: 'steady' });
    expect(trainings()).toEqual([
      [3600, 1.9],
      [3600, 5],
    ]);
    expect(rungs.map((rung) => rung.validation.accuracy)).toEqual([99.25, 99.5]);
    expect(reasons).toEqual([
      'fast is not tried: no',
      'steady for 1.9 epochs: 99.3 % of the held-out rows, 100.0 % of the others',
      'steady for 5 epochs: 99.5 % of the held-out rows, 100.0 % of the others',
    ]);
  });

  it('is five epochs where ten gain nothing more', async () => {
    tell(first(20), first(8), first(8));
    const { recipe, rungs } = await chooseRecipe(run(), undefined, {});
    expect(recipe).toEqual({ name: 'steady', epochs: 5 });
    expect(rungs.length).toBe(3);
  });

  it('is ten epochs where these gain again', async () => {
    tell(first(30), first(15), first(5));
    expect((await chooseRecipe(run(), undefined, {})).recipe).toEqual({
      name: 'steady',
      epochs: 10,
    });
  });

  it('is not asked for where every length is the same', async () => {
    tell(nothing);
    const { recipe, rungs, validationRows } = await chooseRecipe(
      run(dataset.rowSet(range(0, 300))),
      undefined,
      {},
    );
    expect(recipe).toEqual({ name: 'steady' });
    expect([rungs.length, validationRows]).toEqual([1, 30]);
  });
});

describe('the recipe fast', () => {
  it('is taken where it is as good, whatever it costs to know', async () => {
    fastIsTried();
    tell(first(4), first(4), first(4));
    const { recipe, rungs, multiplyAdds } = await chooseRecipe(run(), undefined, {});
    expect(recipe).toEqual({ name: 'fast' });
    expect(rungs.map((rung) => [rung.recipe, rung.multiplyAdds])).toEqual([
      [{ name: 'fast' }, 100],
      [{ name: 'steady' }, 1900],
      [{ name: 'steady', epochs: 5 }, 5000],
    ]);
    // Each network looks at 400 rows and at 3,600 others, through 1 x 2 and 2 x 3 weights.
    expect(multiplyAdds).toBe(7 + 100 + 1900 + 5000 + 3 * 4000 * 8);
  });

  it('is taken where it is the best', async () => {
    fastIsTried();
    tell(nothing, first(4), first(4));
    expect((await chooseRecipe(run(), undefined, {})).recipe).toEqual({ name: 'fast' });
  });

  it.each<[string, Told]>([
    // A point, with a chance of half a one.
    ['on held-out rows', first(4)],
    ['on the rows it is trained on', { ...nothing, others: 2 }],
  ])('is not taken where it loses %s', async (_, fast) => {
    fastIsTried();
    tell(fast, nothing, nothing);
    expect((await chooseRecipe(run(), undefined, {})).recipe).toEqual({ name: 'steady' });
  });

  it('is not taken where it loses a rare class, however it makes up for that elsewhere', async () => {
    fastIsTried();
    const others: Told = { misses: (position, label) => label !== 2 && position < 8 };
    tell({ misses: (_, label, place) => label === 2 && place < 5 }, others, others);
    const { recipe, rungs } = await chooseRecipe(run(), undefined, {});
    expect(rungs[0]!.validation.accuracy).toBeGreaterThanOrEqual(rungs[1]!.validation.accuracy);
    expect(rungs[0]!.validation.macroRecall).toBeLessThan(rungs[1]!.validation.macroRecall - 5);
    expect(recipe).toEqual({ name: 'steady' });
  });

  it('is not taken where a longer run is better still', async () => {
    fastIsTried();
    tell(first(20), first(20), first(5), first(5));
    const { recipe } = await chooseRecipe(run(), undefined, {});
    expect(recipe).toEqual({ name: 'steady', epochs: 5 });
  });

  it('is paid for where it comes to nothing', async () => {
    fastIsTried();
    vi.mocked(trainFast).mockResolvedValue({ steps: 1, multiplyAdds: 100, reasons: ['diverged'] });
    tell(nothing, nothing);
    const { recipe, rungs, multiplyAdds } = await chooseRecipe(run(), undefined, {});
    expect(recipe).toEqual({ name: 'steady' });
    expect(rungs.length).toBe(2);
    expect(multiplyAdds).toBe(7 + 100 + 1900 + 5000 + 2 * 4000 * 8);
  });
});

describe('the held-out rows', () => {
  /** The rows that are trained on, and those held out, as the choice asks for them. */
  async function partsOf(rows: RowSet, owners?: Uint32Array) {
    tell(nothing, nothing, nothing);
    const { validationRows } = await chooseRecipe(run(rows), owners, {});
    const [[{ rows: training } = { rows }] = []] = vi.mocked(trainSteadily).mock.calls;
    const [[, , heldOut = dataset.rowSet([])] = []] = vi.mocked(hitsOf).mock.calls;
    return { validationRows, training: [...training], heldOut: [...heldOut] };
  }

  it('are a tenth, and the others keep their order', async () => {
    const rows = dataset.rowSet(range(100, 1100).reverse());
    const { training, heldOut, validationRows } = await partsOf(rows);
    expect(validationRows).toBe(100);
    expect(new Set(heldOut).size).toBe(100);
    expect(training).toEqual([...rows].filter((row) => !heldOut.includes(row)));
    // Neither the first nor every tenth.
    expect(Math.max(...heldOut) - Math.min(...heldOut)).toBeGreaterThan(800);
    expect(new Set(heldOut.map((row) => row % 10)).size).toBeGreaterThan(5);
  });

  it('are whole owners', async () => {
    const owners = Uint32Array.from({ length: ROWS }, (_, row) => (row * 13) % 140);
    const { training, heldOut } = await partsOf(dataset.allRows(), owners);
    // 28 or 29 rows each: six or seven owners.
    expect(heldOut.length).toBeGreaterThan(HELD_OUT - 29);
    expect(heldOut.length).toBeLessThanOrEqual(HELD_OUT);
    const seen = new Set(training.map((row) => owners[row]));
    for (const row of heldOut) expect(seen).not.toContain(owners[row]);
    expect(training.length + heldOut.length).toBe(ROWS);
  });

  it('are none where one owner has all rows, and then nothing is chosen', async () => {
    const { recipe, rungs, reasons, validationRows, multiplyAdds } = await chooseRecipe(
      run(),
      new Uint32Array(ROWS).fill(5),
      {},
    );
    expect({ recipe, rungs, validationRows, multiplyAdds }).toEqual({
      ...{ recipe: { name: 'steady' }, rungs: [], validationRows: 0, multiplyAdds: 0 },
    });
    expect(reasons).toEqual(['0 rows could be held out: no choice was made']);
    expect(trainings()).toEqual([]);
  });

  it('are too few to say anything below 20', async () => {
    tell(nothing, nothing, nothing);
    const of = async (rows: number) =>
      (await chooseRecipe(run(dataset.rowSet(range(0, rows))), undefined, {})).validationRows;
    expect(await of(194)).toBe(0);
    expect(await of(195)).toBe(20);
  });
});
