import { PhiloxPurpose, PhiloxStream } from '../../data/philox.js';
import {
  accuracy,
  calibratedAuc,
  completeness,
  type Dataset,
  entropyAuc,
  gap,
  hiddenActivations,
  jensenShannon,
  type LabelledPredictions,
  linearProbe,
  type Metric,
  type Model,
  membershipAttack,
  parameterDistance,
  predictiveEntropy,
  relearnSteps,
} from '../../index.js';
import type { StudyData } from '../study.js';
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

/** What a model predicts on the three sets. */
interface SetPredictions {
  readonly retain: LabelledPredictions;
  readonly forget: LabelledPredictions;
  readonly test: LabelledPredictions;
}

/** Rows of the retain set that accuracies and attacks are computed on, for speed. */
const RETAIN_ROWS = 10_000;
const PROBE = { shots: 5, draws: 10 };
const RELEARN = {
  class: { goal: 50, learningRate: 0.002, maxSteps: 400 },
  user: { goal: 98, learningRate: 0.01, momentum: 0.9, maxSteps: 400 },
};

/** Judges models of one deletion against M0 and, where difficulty counts, against other retrains. */
export class Judge {
  readonly #data: StudyData;
  readonly #rows: DeletedRows;
  readonly #retain: Uint32Array;
  #references: readonly SetPredictions[] = [];

  constructor(data: StudyData, rows: DeletedRows) {
    this.#data = data;
    this.#rows = rows;
    const stream = new PhiloxStream(0, PhiloxPurpose.benchRows);
    this.#retain = stream.shuffle(rows.retain.slice()).subarray(0, RETAIN_ROWS);
  }

  /** Models of M0's recipe that calibrate the membership attack. */
  async calibrateWith(models: readonly Model[]): Promise<void> {
    this.#references = await Promise.all(models.map((model) => this.#predict(model)));
  }

  async judge(model: Model, m0: Model, seed: number): Promise<Judgement> {
    const [own, theirs] = [await this.#predict(model), await this.#predict(m0)];
    const references = this.#references;
    // A class that is gone from the test rows has no test rows of its kind to compare with.
    const { kind } = this.#rows;
    const ofRows = (metric: () => Metric): Metric =>
      kind === 'user' ? metric() : { reason: 'a whole class was forgotten' };
    return {
      retain: percentOf(own.retain),
      forget: percentOf(own.forget),
      test: percentOf(own.test),
      gap: ofRows(() => gap(own.forget, own.test)),
      jsForget: jensenShannon(own.forget, theirs.forget),
      jsTest: jensenShannon(own.test, theirs.test),
      entropy: predictiveEntropy(own.forget),
      entropyAuc: entropyAuc(own.forget, theirs.forget),
      membershipExcess: ofRows(() => {
        const attack = membershipAttack(own);
        return attack ? { value: attack.excess } : { reason: 'a set is empty' };
      }),
      calibratedAuc: ofRows(() =>
        calibratedAuc(
          { candidate: own.forget, references: references.map(({ forget }) => forget) },
          { candidate: own.test, references: references.map(({ test }) => test) },
        ),
      ),
      completeness: completeness(own.forget, theirs.forget),
      relearn: await this.#relearn(model, seed),
      probe: await this.#probe(model, seed),
      distance: { value: parameterDistance(model, m0) },
    };
  }

  async #predict(model: Model): Promise<SetPredictions> {
    const { train, test } = this.#data;
    return {
      retain: await predict(model, train, this.#retain),
      forget: await predict(model, train, this.#rows.forget),
      test: await predict(model, test, this.#rows.test),
    };
  }

  #relearn(model: Model, seed: number): Promise<Metric> {
    const { forget, retain, kind } = this.#rows;
    return relearnSteps(model, this.#data.train, {
      forget,
      seed,
      ...(kind === 'class' && { beside: retain }),
      ...RELEARN[kind],
    });
  }

  /** Whether the last hidden layer still knows a forgotten class: a few rows of each class, drawn anew. */
  async #probe(model: Model, seed: number): Promise<Metric> {
    if (this.#rows.kind !== 'class') return { reason: 'no class was forgotten' };
    const { train, test } = this.#data;
    const forgotten = train.labels[this.#rows.forget[0]!]!;
    const isForgotten = (dataset: Dataset, rows: Uint32Array) =>
      rows.map((row) => Number(dataset.labels[row] === forgotten));
    const everyone = test.allRows();
    const tested = {
      ...(await hiddenActivations(model, test, everyone)),
      labels: isForgotten(test, everyone),
    };
    let sum = 0;
    for (let draw = 0; draw < PROBE.draws; draw++) {
      const rows = fewOfEachClass(train, seed * PROBE.draws + draw);
      const labels = isForgotten(train, rows);
      const shots = { ...(await hiddenActivations(model, train, rows)), labels };
      const { value, reason } = await linearProbe(shots, tested);
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

function fewOfEachClass(dataset: Dataset, seed: number): Uint32Array {
  const stream = new PhiloxStream(seed, PhiloxPurpose.benchRows);
  const missing = new Uint8Array(dataset.classes).fill(PROBE.shots);
  return stream.shuffle(dataset.allRows()).filter((row) => {
    const label = dataset.labels[row]!;
    if (missing[label] === 0) return false;
    missing[label]!--;
    return true;
  });
}
