/** Lethe: deletes a user's rows, makes a neural network forget them, and proves it. */

export { LetheError, type LetheErrorCode } from './base/errors.js';
export { version } from './base/version.js';
export { loadArrow } from './data/arrow.js';
export { type CsvOptions, loadCsv } from './data/csv.js';
export { loadNumpy, type NumpyOptions } from './data/numpy.js';
export { loadParquet } from './data/parquet.js';
export type { TableOptions } from './data/table.js';
export { Dataset, type RowQuery, type SelectOptions } from './engine/dataset.js';
export type { DatasetFromOptions, LabelledRow } from './engine/dataset-from.js';
export type {
  CategoryColumn,
  ColumnEncoding,
  NumberColumn,
} from './engine/encoding/column-encoding.js';
export type {
  CategoryEncoding,
  EncodeOptions,
  NumberEncoding,
} from './engine/encoding/encode-options.js';
export type { FittedColumn, FittedNumber, InputMap } from './engine/encoding/input-map.js';
export type { Cell, FeatureRecord } from './engine/encoding/records.js';
export { Ensemble, type EnsembleMember } from './engine/ensemble.js';
export type { Evaluation } from './engine/evaluation.js';
export type {
  AffineMap,
  DatasetContents,
  FeatureMap,
  LabelledData,
} from './engine/labelled-data.js';
export { type FisherOptions, Model, type TrainResult } from './engine/model.js';
export type { ModelFacts } from './engine/model-facts.js';
export { type Devices, devices, type Progress } from './engine/native.js';
export type { RowId } from './engine/packed-ids.js';
export type { PhasedOptions, PhaseProgress } from './engine/phases.js';
export type { PredictInputs } from './engine/predict-inputs.js';
export type { Storage } from './engine/row-file.js';
export type { RowIds } from './engine/row-ids.js';
export type { RowSet, Rows } from './engine/row-set.js';
export type { Ownership, RowSubjects, Subject } from './engine/row-subjects.js';
export type { ComputeOptions, RunOptions } from './engine/run.js';
export type { Schedule } from './engine/schedule.js';
export type { TrainOptions } from './engine/training-pass.js';
export type { RecordedRecipe } from './engine/training-recipe.js';
export { openStore, type StoreOptions } from './stores/open-store.js';
export type {
  Deletion,
  FileErasure,
  IdentifiedRows,
  InDataset,
  IngestOptions,
  RowDeletion,
  RowsOfOptions,
  Store,
  StoredOwnership,
} from './stores/store.js';
export type { RecipeChoice } from './training/choose/choose-recipe.js';
export type { Rung } from './training/choose/rungs.js';
export type { FastOptions } from './training/fast/options.js';
export type { Quality } from './training/quality.js';
export type { HyperParameters, RecipeName, SteadyOptions } from './training/recipes.js';
export { type TrainedModel, type TrainModelOptions, trainModel } from './training/train-model.js';
export {
  type ExactRetrainOptions,
  type ExactRetrainResult,
  exactRetrain,
} from './unlearn/exact/exact-retrain.js';
export { type RetrainOptions, retrain } from './unlearn/exact/retrain.js';
export type {
  UnlearningOptions,
  UnlearningProgress,
  UnlearningRequest,
  UnlearningResult,
} from './unlearn/method.js';
export {
  Sisa,
  type SisaOptions,
  type SisaProgress,
  type SisaResult,
  type SisaRunOptions,
} from './unlearn/sharded/sisa.js';
export {
  type Verification,
  type VerificationSet,
  type VerifiedSet,
  type VerifyOptions,
  verify,
} from './verify/verify.js';
