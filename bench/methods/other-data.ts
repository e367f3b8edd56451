import { type ComputeOptions, Dataset, exactRetrain, Model, type RowSet, retrain } from 'lethe';
import { hiddenActivations } from 'lethe/engine';
import { WIDTHS } from '../study/settings.js';
import type { BenchData } from '../support/data.js';
import { benchStream } from '../support/random.js';
import { summarize, totalSeconds } from '../support/statistics.js';
import { M0_SEED } from './reference.js';

/** The automatic rules of exactRetrain on data that they were not made for, against M0 of the same rows. */
export interface OtherDataFigures {
  readonly name: string;
  /** In % of M0's, means over the seeds. */
  readonly costPercent: number;
  readonly secondsPercent: number;
  /** Differences of accuracies to M0's, in percentage points, means over the seeds. */
  readonly retain: number;
  readonly test: number;
  /** The smallest of these differences, of any seed. */
  readonly worst: number;
  /** What the cost is to stay below. */
  readonly mostCost: number;
}

interface OtherData {
  readonly name: string;
  readonly mostCost: number;
  readonly widths: readonly number[];
  readonly train: Dataset;
  readonly test: Dataset;
}

type MakeData = (data: BenchData, compute: ComputeOptions) => Promise<OtherData>;

/** A part of the training set is enough for every kind of data, and half the memory. */
const ROWS = 30_000;
const FEW_UNITS = 64;
/** Fewer rows are visited more often: their cost is bounded by the clock alone. */
const FEW_ROWS = 2000;
const MOST_OF_FEW = 1000;
/** Deleted from every training set. */
const DELETED_SHARE = 0.4;
const SEED = 7;

export async function measureOtherData(
  data: BenchData,
  seeds: readonly number[],
  compute: ComputeOptions,
  onStage: (stage: string) => void,
): Promise<OtherDataFigures[]> {
  const figures: OtherDataFigures[] = [];
  for (const make of OTHER_DATA) {
    const other = await make(data, compute);
    onStage(`other data · ${other.name}`);
    figures.push(await measure(other, seeds, compute));
  }
  return figures;
}

async function measure(
  { name, mostCost, widths, train, test }: OtherData,
  seeds: readonly number[],
  compute: ComputeOptions,
): Promise<OtherDataFigures> {
  const deleted = deletedOf(train.rows);
  const [forget, retain] = [train.allRows().slice(0, deleted), train.allRows().slice(deleted)];
  // Neither method reads anything of the original but its widths.
  const request = { model: Model.create(widths), dataset: train, forget, retain };
  const accuracyOf = async (model: Model, dataset: Dataset, rows: RowSet) =>
    (await model.evaluate(dataset, rows, compute)).accuracy;
  const runs: { cost: number; seconds: number; retain: number; test: number }[] = [];
  for (const seed of seeds) {
    const m0 = await retrain(request, { seed: seed + M0_SEED, ...compute });
    const exact = await exactRetrain(request, { seed, ...compute });
    const difference = async (dataset: Dataset, rows: RowSet) =>
      (await accuracyOf(exact.model, dataset, rows)) - (await accuracyOf(m0.model, dataset, rows));
    runs.push({
      cost: (100 * exact.multiplyAdds) / m0.multiplyAdds,
      seconds: (100 * totalSeconds(exact.seconds)) / totalSeconds(m0.seconds),
      retain: await difference(train, retain),
      test: await difference(test, test.allRows()),
    });
  }
  const mean = (column: 'cost' | 'seconds' | 'retain' | 'test') =>
    summarize(runs.map((run) => run[column])).mean;
  return {
    ...{ name, mostCost, costPercent: mean('cost'), secondsPercent: mean('seconds') },
    ...{ retain: mean('retain'), test: mean('test') },
    worst: Math.min(...runs.flatMap((run) => [run.retain, run.test])),
  };
}

function deletedOf(rows: number): number {
  return Math.floor(DELETED_SHARE * rows);
}

function firstRows(dataset: Dataset, count: number): RowSet {
  return dataset.allRows().slice(0, count);
}

/** Pictures without any structure to use. */
async function permuted({ train, test }: BenchData): Promise<OtherData> {
  const columns = Uint32Array.from({ length: train.columns }, (_, column) => column);
  benchStream(SEED).shuffle(columns);
  return {
    ...{ name: 'permuted columns', mostCost: 3, widths: WIDTHS },
    train: train.select(train.allRows(), { columns }),
    test: test.select(test.allRows(), { columns }),
  };
}

/** A head on what the first layer of another trained network gives. */
async function embeddings({ train, test }: BenchData, compute: ComputeOptions): Promise<OtherData> {
  const rows = firstRows(train, ROWS);
  const body = Model.create(WIDTHS, { seed: SEED });
  await body.train(train, { rows, seed: SEED, ...compute });
  const embed = async (dataset: Dataset, rows: RowSet) => {
    const { values, units } = await hiddenActivations(body, dataset, rows, {
      layer: 1,
      ...compute,
    });
    return withFeatures(dataset.select(rows), values, units);
  };
  return {
    ...{ name: 'a head on embeddings', mostCost: 50, widths: [WIDTHS[1], 256, WIDTHS[3]] },
    train: await embed(train, rows),
    test: await embed(test, test.allRows()),
  };
}

/** So many labels in a hundred replaced by others. */
const wrongLabels =
  (percent: number): MakeData =>
  async ({ train, test }) => {
    const rows = firstRows(train, ROWS);
    const stream = benchStream(SEED);
    const labels = rows.gather(train.labels).map((label) => {
      if (stream.uniform() >= percent / 100) return label;
      return (label + 1 + stream.below(train.classes - 1)) % train.classes;
    });
    const part = train.select(rows);
    return {
      ...{ name: `${percent} % wrong labels`, mostCost: 50, widths: WIDTHS, test },
      train: withFeatures(part, part.normalized(part.allRows()), part.columns, labels),
    };
  };

async function fewUnits({ train, test }: BenchData): Promise<OtherData> {
  const widths = [WIDTHS[0], FEW_UNITS, WIDTHS[3]];
  return {
    ...{ name: widths.join('-'), mostCost: 50, widths, test },
    train: train.select(firstRows(train, ROWS)),
  };
}

const fewRows =
  (most: number): MakeData =>
  async ({ train, test }) => {
    const rows = firstRows(train, most);
    const left = rows.length - deletedOf(rows.length);
    return {
      ...{
        name: `${left} rows left of ${rows.length}`,
        mostCost: left < FEW_ROWS ? MOST_OF_FEW : 110,
      },
      ...{ widths: WIDTHS, test, train: train.select(rows) },
    };
  };

const OTHER_DATA: readonly MakeData[] = [
  permuted,
  embeddings,
  wrongLabels(20),
  wrongLabels(40),
  fewUnits,
  fewRows(5000),
  fewRows(2000),
];

/** The same rows with other features. */
function withFeatures(
  { name, rows, classes, labels }: Dataset,
  features: Float32Array,
  columns: number,
  otherLabels = labels,
): Dataset {
  const affine = { scale: 1, offset: 0 };
  return new Dataset({ name, rows, columns, classes, affine, features, labels: otherLabels });
}
