import { beforeAll, describe, expect, it } from 'vitest';
import { Stopwatch } from '#lethe/base/stopwatch';
import { Dataset } from '#lethe/engine/dataset';
import { checkFast } from '#lethe/training/fast/check';

const ROWS = 30_000;
const COLUMNS = 128;
const WIDTHS = [COLUMNS, 512, 128, 2];
/** The columns that tell the class by their size, not by their sign: so no class mean shows it. */
const TELLING = 8;

/** Reproducible numbers in [-0.5, 0.5). */
const noise = (i: number) =>
  Math.imul(Math.imul(i + 1, 0x9e3779b1) ^ (i >>> 7), 0x85ebca6b) / 2 ** 32;

interface Shape {
  /** What the telling columns are multiplied by; the others vary by about 0.3. */
  readonly scale: number;
  readonly labelOf?: (row: number) => number;
  readonly columns?: number;
  /** Rows whose features are replaced by other numbers. */
  readonly garbledFrom?: number;
}

function datasetOf({
  scale,
  labelOf = (row) => row & 1,
  columns = COLUMNS,
  garbledFrom = ROWS,
}: Shape) {
  const labels = Uint32Array.from({ length: ROWS }, (_, row) => labelOf(row));
  const features = Float32Array.from({ length: ROWS * columns }, (_, i) => {
    const [row, column] = [Math.floor(i / columns), i % columns];
    if (row >= garbledFrom) return 1000 * noise(i);
    if (column >= TELLING) return noise(i);
    return scale * Math.sign(noise(i)) * (labels[row]! % 2);
  });
  return new Dataset({ ...{ name: 'rows', rows: ROWS, columns, classes: 2 }, features, labels });
}

const check = (dataset: Dataset, rows = dataset.allRows(), widths: readonly number[] = WIDTHS) =>
  checkFast({ ...{ widths, dataset, rows }, seed: 7, watch: new Stopwatch() }, {});

describe('the check for the recipe fast', () => {
  let loud: Dataset;
  let quiet: Dataset;
  beforeAll(() => {
    loud = datasetOf({ scale: 1 });
    quiet = datasetOf({ scale: 0.25 });
  });

  it('passes where the components hold what tells the classes apart', async () => {
    const { passes, reason, projection } = await check(loud);
    expect(reason).toMatch(/^small networks reach \S+ % on the features, \S+ % on the components$/);
    expect(passes).toBe(true);
    expect(projection!.map.weights.length).toBeLessThanOrEqual(COLUMNS * (100 + 32));
  });

  it('fails where columns that hardly vary tell them, though each mean is the same', async () => {
    const { passes, reason } = await check(quiet);
    const [onFeatures, onComponents] = reason.match(/\d+\.\d/g)!.map(Number);
    expect(onFeatures).toBeGreaterThan(onComponents! + 10);
    expect(passes).toBe(false);
  });

  it('costs about what its two networks and the components take', async () => {
    const { multiplyAdds, projection } = await check(loud);
    const training = (columns: number) => 3 * (columns * 32 + 32 * 2) - columns * 32;
    const components = projection!.map.weights.length / COLUMNS;
    const networks = 64 * (150 * training(COLUMNS) + 300 * training(components));
    expect(multiplyAdds).toBeGreaterThan(projection!.multiplyAdds + networks);
    // What is judged, projected and scaled is a small part.
    expect(multiplyAdds).toBeLessThan(projection!.multiplyAdds + 1.6 * networks);
  });

  it('reads the given rows alone, and draws them by the seed', async () => {
    const own = loud.allRows().slice(0, 29_000);
    const other = datasetOf({ scale: 1, garbledFrom: 29_000 });
    const [a, b] = await Promise.all([check(loud, own), check(other, other.rowSet(own.positions))]);
    expect(b.reason).toBe(a.reason);
    expect(b.projection!.map).toEqual(a.projection!.map);
  });

  it.each<[string, () => Promise<{ reason: string }>]>([
    ['under 1000 rows', () => check(loud, loud.allRows().slice(0, 999))],
    ['under 32 hidden units', () => check(loud, loud.allRows(), [COLUMNS, 31, 2])],
    [
      'a rare class',
      () => check(datasetOf({ scale: 1, labelOf: (row) => Number(row % 11 === 0) })),
    ],
    ['at most 64 features', () => narrow()],
  ])('costs nothing and fails with %s', async (reason, run) => {
    expect(await run()).toEqual({ passes: false, reason, multiplyAdds: 0 });
  });

  it('fails where it would cost over 6 % of the plain recipe', async () => {
    const { reason, ...rest } = await check(loud, loud.allRows().slice(0, 3000));
    expect(rest).toEqual({ passes: false, multiplyAdds: 0 });
    const [, percent] = reason.match(/^it would cost about (\d+) % of the plain recipe$/)!;
    expect(Number(percent)).toBeGreaterThan(6);
  });

  const narrow = () => {
    const dataset = datasetOf({ scale: 1, columns: 64 });
    return check(dataset, dataset.allRows(), [64, 512, 128, 2]);
  };
});
