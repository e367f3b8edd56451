/** Lethe: delete a user's rows, make the network forget them, prove it. */

export { type CsvOptions, loadCsv } from './data/csv.js';
export { type IdxArray, type IdxOptions, readIdx } from './data/idx.js';
export type { AffineMap, LabelledData } from './data/labelled-data.js';
export { type LabelledIdx, labelledFromIdx } from './data/labelled-idx.js';
export { loadMnist, type Mnist, type MnistOptions } from './data/mnist.js';
export {
  type DownloadOptions,
  type DownloadProgress,
  downloadMnist,
} from './data/mnist-download.js';
export type { OwnedData, Ownership } from './data/owned-data.js';
export { loadParquet } from './data/parquet.js';
export { type DigitsOptions, syntheticDigits } from './data/synthetic-digits.js';
export type { TableOptions } from './data/table.js';
export { type Activations, hiddenActivations } from './engine/activations.js';
export { availableThreads } from './engine/available-threads.js';
export { Dataset, type Rows } from './engine/dataset.js';
export { Ensemble, type EnsembleMember } from './engine/ensemble.js';
export type { Evaluation } from './engine/evaluation.js';
export {
  type StateDictOptions,
  saveOnnx,
  saveSafetensors,
  toOnnx,
  toSafetensors,
} from './engine/formats/export-model.js';
export {
  fromOnnx,
  fromSafetensors,
  type ImportedModel,
  loadOnnx,
  loadSafetensors,
  type SafetensorsImportOptions,
} from './engine/formats/import-model.js';
export { type KroneckerSystem, kroneckerSolve } from './engine/kronecker.js';
export {
  type FoldOptions,
  foldLinearMap,
  type LinearMap,
  type MapOptions,
  mapDataset,
} from './engine/linear-map.js';
export {
  type FisherOptions,
  Model,
  type TrainResult,
} from './engine/model.js';
export {
  type CudaStatus,
  type Devices,
  device,
  devices,
  type PassOutcome,
  type Progress,
} from './engine/native.js';
export { parameterHash } from './engine/parameter-hash.js';
export { type Objective, type Plan, pass, type Sink } from './engine/pass.js';
export type { Exportable, Predictor } from './engine/predictor.js';
export type { ComputeOptions, RunOptions } from './engine/run.js';
export type { Schedule } from './engine/schedule.js';
export {
  type EnsembleProgress,
  type TrainJob,
  type TrainManyOptions,
  trainMany,
} from './engine/train-many.js';
export type { TrainOptions } from './engine/training-pass.js';
export { LetheError, type LetheErrorCode } from './errors.js';
export { accuracy, gap, type Share, share } from './metrics/accuracy.js';
export {
  areaUnderCurve,
  type Calibrated,
  calibratedAuc,
  entropyAuc,
  type MembershipAttack,
  membershipAttack,
} from './metrics/attacks.js';
export { centredKernelAlignment } from './metrics/cka.js';
export {
  completeness,
  jensenShannon,
  predictiveEntropy,
  zeroRetrainForgetting,
} from './metrics/divergence.js';
export { type LabelledActivations, linearProbe } from './metrics/linear-probe.js';
export type { Metric } from './metrics/metric.js';
export {
  entropies,
  type LabelledPredictions,
  losses,
  margins,
  type Predictions,
} from './metrics/predictions.js';
export { type RelearnOptions, relearnSteps } from './metrics/relearn.js';
export { parameterDistance, weightDistance } from './metrics/weight-distance.js';
export {
  assignExclusive,
  assignZipf,
  type ExclusiveOptions,
  type ZipfOptions,
} from './ownership/assignment.js';
export { openStore, type StoreOptions } from './ownership/open-store.js';
export type { Deletion, Store } from './ownership/store.js';
export type { FastOptions } from './training/recipe.js';
export { type TrainedModel, type TrainModelOptions, trainModel } from './training/train-model.js';
export { type AmnesiacOptions, type AmnesiacResult, amnesiac } from './unlearn/amnesiac.js';
export { type BadTeacherOptions, badTeacher } from './unlearn/bad-teacher.js';
export { type ExactRetrainResult, exactRetrain } from './unlearn/exact-retrain.js';
export { fineTune } from './unlearn/fine-tune.js';
export { type FisherForgetOptions, fisherForget } from './unlearn/fisher-forget.js';
export { type FisherScrubOptions, fisherScrub } from './unlearn/fisher-scrub.js';
export type { Forgotten } from './unlearn/forgotten-rows.js';
export { gradientAscent } from './unlearn/gradient-ascent.js';
export { type KfacOptions, kfac } from './unlearn/kfac.js';
export { type LowRankOptions, lowRank } from './unlearn/low-rank.js';
export type {
  UnlearningMethod,
  UnlearningOptions,
  UnlearningProgress,
  UnlearningRequest,
  UnlearningResult,
} from './unlearn/method.js';
export { type NegGradPlusOptions, negGradPlus } from './unlearn/neg-grad-plus.js';
export { type RandomLabelOptions, randomLabel } from './unlearn/random-label.js';
export { type RetrainOptions, retrain } from './unlearn/retrain.js';
export { type RowRemovalOptions, rowRemoval } from './unlearn/row-removal.js';
export { type SalunOptions, salun } from './unlearn/salun.js';
export { type ScrubOptions, scrub } from './unlearn/scrub.js';
export type { SgdOptions } from './unlearn/sgd.js';
export type { Checkpoint, Shard, ShardRecipe } from './unlearn/shard-training.js';
export type { OwnedRows } from './unlearn/shards.js';
export {
  Sisa,
  type SisaOptions,
  type SisaProgress,
  type SisaResult,
  type SisaRunOptions,
} from './unlearn/sisa.js';
export { type SsdOptions, ssd } from './unlearn/ssd.js';
export {
  type RowSet,
  type Verification,
  type VerifiedSet,
  type VerifyOptions,
  verify,
} from './verify/verify.js';
export { version } from './version.js';
