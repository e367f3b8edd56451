import type { ComputeOptions, Dataset, Model, RowSet } from 'lethe';
import { hiddenActivations } from 'lethe/engine';
import { shareMachine } from 'lethe/jobs';
import {
  accuracy,
  calibratedAuc,
  completeness,
  entropyAuc,
  gap,
  jensenShannon,
  type LabelledPredictions,
  linearProbe,
  type Metric,
  membershipAttack,
  parameterDistance,
  predictiveEntropy,
  relearnSteps,
} from 'lethe/metrics';
import type { BenchData } from '../support/data.js';
import { benchStream } from '../support/random.js';
import type { DeletedRows } from './deletions.js';
import { predict } from './predict.js';

/** The columns of the tables; accuracies, gap, completeness and probe in percent. */
export const METRICS = [
  'retain',
  'forget',
  'test',
  'gap',
  'jsForget',
  'jsTest',
  'entropy',
  'entropyAuc',
  'membershipExcess',
  'calibratedAuc',
  'completeness',
  'relearn',
  'probe',
  'distance',
] as const;
export type MetricName = (typeof METRICS)[number];
export type Judgement = Readonly<Record<MetricName, Metric>>;

/** What depends on the model that is compared with; the other metrics are of a model alone. */
export type Comparison = Pick<
  Judgement,
  'jsForget' | 'jsTest' | 'entropyAuc' | 'calibratedAuc' | 'completeness' | 'distance'
>;

/** The metrics that are read off predictions at once. */
export type LightJudgement = Pick<Judgement, 'retain' | 'forget' | 'test' | 'gap' | 'jsForget'>;

/** A model and what it predicts on the three sets. */
export interface SeenModel {
  readonly model: Model;
  readonly retain: LabelledPredictions;
  readonly forget: LabelledPredictions;
  readonly test: LabelledPredictions;
}

/** Rows of the retain set that accuracies and attacks are computed on, for speed. */
const RETAIN_ROWS = 10_000;
const PROBE = { shots: 5, draws: 10 };
const RELEARN = {
  class: { goal: 50, learningRate: 0.002 },
  user: { goal: 98, learningRate: 0.01, momentum: 0.9 },
};
const MOST_RELEARN_STEPS = 400;

/** Judges models of one deletion against M0 and, where difficulty counts, against other retrains. */
export class Judge {
  readonly #data: BenchData;
  readonly #rows: DeletedRows;
  readonly #retain: RowSet;
  /** Models are judged side by side. */
  readonly #run: ComputeOptions;
  readonly #mostRelearnSteps: number;
  #references: readonly SeenModel[] = [];

  /**
   * @param compute of all that are judged side by side
   * @param mostRelearnSteps after which relearning is given up
   */
  constructor(
    data: BenchData,
    rows: DeletedRows,
    compute: ComputeOptions,
    mostRelearnSteps = MOST_RELEARN_STEPS,
  ) {
    this.#data = data;
    this.#rows = rows;
    this.#run = shareMachine(compute, Number.MAX_SAFE_INTEGER).each;
    this.#mostRelearnSteps = mostRelearnSteps;
    const stream = benchStream(0);
    this.#retain = rows.retain.shuffled(stream).slice(0, RETAIN_ROWS);
  }

  /** Models of the recipe that is compared with: they calibrate the membership attack. */
  async calibrateWith(models: readonly Model[]): Promise<void> {
    this.#references = await Promise.all(models.map((model) => this.see(model)));
  }

  /** Looks at a model that others are compared with: once, however many they are. */
  async see(model: Model): Promise<SeenModel> {
    const { train, test } = this.#data;
    return {
      model,
      retain: await predict(model, train, this.#retain, this.#run),
      forget: await predict(model, train, this.#rows.forget, this.#run),
      test: await predict(model, test, this.#rows.test, this.#run),
    };
  }

  async judge(model: Model, m0: SeenModel, seed: number): Promise<Judgement> {
    const own = await this.see(model);
    return {
      ...this.#accuracies(own),
      ...this.compare(own, m0),
      entropy: predictiveEntropy(own.forget),
      membershipExcess: this.#ofRows(() => {
        const attack = membershipAttack(own);
        return attack ? { value: attack.excess } : { reason: 'a set is empty' };
      }),
      relearn: await this.#relearn(model, seed),
      probe: await this.#probe(model, seed),
    };
  }

  async judgeLightly(model: Model, m0: SeenModel): Promise<LightJudgement> {
    const own = await this.see(model);
    return { ...this.#accuracies(own), jsForget: jensenShannon(own.forget, m0.forget) };
  }

  compare(own: SeenModel, theirs: SeenModel): Comparison {
    const references = this.#references;
    return {
      jsForget: jensenShannon(own.forget, theirs.forget),
      jsTest: jensenShannon(own.test, theirs.test),
      entropyAuc: entropyAuc(own.forget, theirs.forget),
      calibratedAuc: this.#ofRows(() =>
        calibratedAuc(
          { candidate: own.forget, references: references.map(({ forget }) => forget) },
          { candidate: own.test, references: references.map(({ test }) => test) },
        ),
      ),
      completeness: completeness(own.forget, theirs.forget),
      distance: { value: parameterDistance(own.model, theirs.model) },
    };
  }

  #accuracies({ retain, forget, test }: SeenModel) {
    return {
      retain: percentOf(retain),
      forget: percentOf(forget),
      test: percentOf(test),
      gap: this.#ofRows(() => gap(forget, test)),
    };
  }

  /** A class that is gone from the test rows has no test rows of its kind to compare with. */
  #ofRows(metric: () => Metric): Metric {
    return this.#rows.kind === 'user' ? metric() : { reason: 'a whole class was forgotten' };
  }

  #relearn(model: Model, seed: number): Promise<Metric> {
    const { forget, retain, kind } = this.#rows;
    return relearnSteps(model, this.#data.train, {
      ...this.#run,
      forget,
      seed,
      ...(kind === 'class' && { otherRows: retain }),
      ...RELEARN[kind],
      maxSteps: this.#mostRelearnSteps,
    });
  }

  /** Whether the last hidden layer still knows a forgotten class: a few rows of each class, drawn anew. */
  async #probe(model: Model, seed: number): Promise<Metric> {
    if (this.#rows.kind !== 'class') return { reason: 'no class was forgotten' };
    const { train, test } = this.#data;
    const [forgotten] = this.#rows.forget.gather(train.labels);
    const isForgotten = (dataset: Dataset, rows: RowSet) =>
      rows.gather(dataset.labels).map((label) => Number(label === forgotten));
    const everyone = test.allRows();
    const tested = {
      ...(await hiddenActivations(model, test, everyone, this.#run)),
      labels: isForgotten(test, everyone),
    };
    let sum = 0;
    for (let draw = 0; draw < PROBE.draws; draw++) {
      const rows = fewOfEachClass(train, seed * PROBE.draws + draw);
      const labels = isForgotten(train, rows);
      const shots = { ...(await hiddenActivations(model, train, rows, this.#run)), labels };
      const { value, reason } = await linearProbe(shots, tested, this.#run);
      if (value === undefined) return { reason };
      sum += value;
    }
    return { value: sum / PROBE.draws };
  }
}

function percentOf(predictions: LabelledPredictions): Metric {
  const share = accuracy(predictions);
  return share ? { value: share.percent } : { reason: 'the set is empty' };
}

function fewOfEachClass(dataset: Dataset, seed: number): RowSet {
  const stream = benchStream(seed);
  const missing = new Uint8Array(dataset.classes).fill(PROBE.shots);
  return dataset
    .allRows()
    .shuffled(stream)
    .filter((row) => {
      const label = dataset.labels[row]!;
      if (missing[label] === 0) return false;
      missing[label]!--;
      return true;
    });
}
