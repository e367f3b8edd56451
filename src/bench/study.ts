import type { LabelledData } from '../data/labelled-data.js';
import type { Dataset } from '../engine/dataset.js';
import { Model } from '../engine/model.js';
import type { RunOptions } from '../engine/pass.js';
import { openStore } from '../ownership/open-store.js';
import { fisherScrub } from '../unlearn/fisher-scrub.js';
import type { UnlearningRequest } from '../unlearn/method.js';
import { retrain } from '../unlearn/retrain.js';
import { type RowSet, type Verification, verify } from '../verify/verify.js';
import { weightDistance } from '../verify/weight-distance.js';
import { SETTINGS, type Setting, type SettingName, WIDTHS } from './settings.js';

export type ModelName = 'base' | 'M0' | 'M2';

/** What one model of one seed reached; accuracies in percent. */
export interface ModelFigures {
  readonly retain: number;
  readonly forget: number;
  readonly test: number;
  /** To M0 of the same seed. */
  readonly weightDistance: number;
  /** By phase: `train`, or `fisher` and `scrub`; `total` is their sum. */
  readonly seconds: Readonly<Record<string, number>>;
}

export interface SeedFigures {
  readonly seed: number;
  readonly settings: Readonly<Record<SettingName, Readonly<Record<ModelName, ModelFigures>>>>;
  /** One verification for each model. */
  readonly verifications: readonly Verification[];
}

export interface StudyData {
  readonly train: Dataset;
  readonly test: Dataset;
  /** The training rows as read, for the assignment of owners. */
  readonly source: Pick<LabelledData, 'rows' | 'labels'>;
}

export interface StudyOptions extends Pick<RunOptions, 'signal'> {
  readonly threads: number;
  /** Says what is being done, e.g. `seed 42 · zipf · M0`. */
  readonly onStage: (stage: string) => void;
}

/** M0 starts from parameters of its own, as the study's does: it is a new model, not the base's twin. */
const RETRAIN_SEED_OFFSET = 1000;

/** Runs both experiments of the reference study for one seed: the base model is shared. */
export async function runSeed(
  data: StudyData,
  seed: number,
  options: StudyOptions,
): Promise<SeedFigures> {
  const run: RunOptions = {
    threads: options.threads,
    ...(options.signal && { signal: options.signal }),
  };
  const verifications: Verification[] = [];

  options.onStage(`seed ${seed} · training the base model`);
  const base = Model.create(WIDTHS, { seed });
  const { seconds } = await base.train(data.train, { ...run, seed });

  const settings: Partial<Record<SettingName, Record<ModelName, ModelFigures>>> = {};
  for (const setting of SETTINGS) {
    const stage = (text: string) => options.onStage(`seed ${seed} · ${setting.name} · ${text}`);
    stage('deleting the user');
    const split = await deleteTopUser(data.source, setting, seed);
    const request: UnlearningRequest = { model: base, dataset: data.train, ...split };
    stage('M0, retraining');
    const m0 = await retrain(request, { ...run, seed: seed + RETRAIN_SEED_OFFSET });
    stage('M2, Fisher scrub');
    const m2 = await fisherScrub(request, { ...run, ...setting.scrub, mode: 'paper', seed });

    const sets: RowSet[] = [
      { name: 'retain', dataset: data.train, rows: split.retain },
      { name: 'forget', dataset: data.train, rows: split.forget },
      { name: 'test', dataset: data.test, rows: data.test.allRows() },
    ];
    const models: [ModelName, Model, Record<string, number>][] = [
      ['base', base, { train: seconds }],
      ['M0', m0.model, m0.seconds],
      ['M2', m2.model, m2.seconds],
    ];
    const figures: Partial<Record<ModelName, ModelFigures>> = {};
    for (const [name, model, phases] of models) {
      stage(`${name}, verifying in ONNX Runtime`);
      verifications.push(await verify(model, sets, run));
      const accuracy: Record<string, number> = {};
      for (const set of sets) {
        accuracy[set.name] = (await model.evaluate(set.dataset, set.rows, run)).accuracy;
      }
      figures[name] = {
        retain: accuracy.retain!,
        forget: accuracy.forget!,
        test: accuracy.test!,
        weightDistance: weightDistance(model, m0.model),
        seconds: { ...phases, total: Object.values(phases).reduce((a, b) => a + b) },
      };
    }
    settings[setting.name] = figures as Record<ModelName, ModelFigures>;
  }
  return { seed, settings: settings as SeedFigures['settings'], verifications };
}

/** The user goes through a real database: the cascade decides which rows are forgotten. */
async function deleteTopUser(source: StudyData['source'], setting: Setting, seed: number) {
  const store = await openStore();
  try {
    const ownership = setting.assign(source, seed);
    await store.ingest(ownership, source.labels);
    return await store.delete(ownership.subjects[0]!);
  } finally {
    await store.close();
  }
}
