import {
  type ComputeOptions,
  type Deletion,
  exactRetrain,
  Model,
  openStore,
  retrain,
  type UnlearningRequest,
  type Verification,
  type VerificationSet,
  verify,
} from 'lethe';
import { fisherScrub } from 'lethe/methods';
import { weightDistance } from 'lethe/metrics';
import type { BenchData } from '../support/data.js';
import { totalSeconds } from '../support/statistics.js';
import { SETTINGS, type Setting, type SettingName, studyWidths } from './settings.js';

/** The study's own models, which other frameworks train too. */
export type StudyModel = 'base' | 'M0' | 'M2';
/** `exact` is what exactRetrain makes: the study has no such method. */
export type ModelName = StudyModel | 'exact';

/** What one model of one seed reached; accuracies in percent. */
export interface ModelFigures {
  readonly retain: number;
  readonly forget: number;
  readonly test: number;
  /** To M0 of the same seed. */
  readonly weightDistance: number;
  /** By phase, e.g. `train`, or `fisher` and `scrub`; `total` is their sum. */
  readonly seconds: Readonly<Record<string, number>>;
}

export type SettingFigures<Name extends ModelName = ModelName> = Readonly<
  Record<SettingName, Readonly<Record<Name, ModelFigures>>>
>;

export interface SeedFigures {
  readonly seed: number;
  readonly settings: SettingFigures;
  /** One verification for each model. */
  readonly verifications: readonly Verification[];
}

export interface StudyOptions extends ComputeOptions {
  /** Says what is being done, e.g. `seed 42 · zipf · M0`. */
  readonly onStage: (stage: string) => void;
}

/** Retrained models start from parameters of their own, as the study's M0 does: neither is another's twin. */
const RETRAIN_SEED_OFFSET = 1000;
const EXACT_SEED_OFFSET = 2000;

interface TrainedModel {
  readonly model: Model;
  readonly seconds: Readonly<Record<string, number>>;
}

/** Runs both experiments of the reference study for one seed: the base model is shared. */
export async function runSeed(
  data: BenchData,
  seed: number,
  { onStage, ...run }: StudyOptions,
): Promise<SeedFigures> {
  const verifications: Verification[] = [];
  const verified = async (what: string, model: Model) => {
    onStage(`seed ${seed} · ${what}, verifying in ONNX Runtime`);
    // The training rows are the retain and the forget set of either experiment.
    const sets: VerificationSet[] = [
      { name: 'train', dataset: data.train, rows: data.train.allRows() },
      { name: 'test', dataset: data.test, rows: data.test.allRows() },
    ];
    // The model is verified, not the precision that it was trained in.
    verifications.push(await verify(model, sets, { ...run, precision: 'exact' }));
  };

  onStage(`seed ${seed} · training the base model`);
  const start = performance.now();
  const model = Model.create(studyWidths(data.train), { seed });
  await model.train(data.train, { ...run, seed });
  const base: TrainedModel = { model, seconds: { train: (performance.now() - start) / 1000 } };
  await verified('base', model);

  const runSetting = async (setting: Setting) => {
    const stage = (text: string) => onStage(`seed ${seed} · ${setting.name} · ${text}`);
    stage('deleting the user');
    const split = await deleteTopUser(data.source, setting, seed);
    const request: UnlearningRequest = { model, dataset: data.train, ...split };
    stage('M0, retraining');
    const m0 = await retrain(request, { ...run, seed: seed + RETRAIN_SEED_OFFSET });
    stage('M2, Fisher scrub');
    const m2 = await fisherScrub(request, { ...run, ...setting.scrub, mode: 'paper', seed });
    stage('exact, retraining fast');
    const exact = await exactRetrain(request, { ...run, seed: seed + EXACT_SEED_OFFSET });
    await verified(`${setting.name} · M0`, m0.model);
    await verified(`${setting.name} · M2`, m2.model);
    await verified(`${setting.name} · exact`, exact.model);
    const figures = (trained: TrainedModel) => evaluate(trained, m0.model, data, split, run);
    return {
      base: await figures(base),
      M0: await figures(m0),
      M2: await figures(m2),
      exact: await figures(exact),
    };
  };
  const settings = {
    zipf: await runSetting(SETTINGS.zipf),
    exclusive: await runSetting(SETTINGS.exclusive),
  };
  return { seed, settings, verifications };
}

async function evaluate(
  { model, seconds }: TrainedModel,
  reference: Model,
  { train, test }: BenchData,
  { retain, forget }: Pick<Deletion, 'retain' | 'forget'>,
  run: ComputeOptions,
): Promise<ModelFigures> {
  return {
    retain: (await model.evaluate(train, retain, run)).accuracy,
    forget: (await model.evaluate(train, forget, run)).accuracy,
    test: (await model.evaluate(test, test.allRows(), run)).accuracy,
    weightDistance: weightDistance(model, reference),
    seconds: { ...seconds, total: totalSeconds(seconds) },
  };
}

/** The user goes through a real database: the cascade decides which rows are forgotten. */
async function deleteTopUser(source: BenchData['source'], setting: Setting, seed: number) {
  const store = await openStore();
  try {
    const ownership = setting.assign(source, seed);
    await store.ingest(ownership, source.labels);
    return await store.delete(ownership.subjects[0]!);
  } finally {
    await store.close();
  }
}
