/** Lethe: delete a user's rows, make the network forget them, prove it. */
export type { AffineMap, LabelledData } from './data/labelled-data.js';
export { loadMnist } from './data/mnist.js';
export { Dataset, type Rows } from './engine/dataset.js';
export type { Evaluation } from './engine/evaluation.js';
export {
  type FisherOptions,
  Model,
  type TrainOptions,
  type TrainResult,
} from './engine/model.js';
export type { PassOutcome, Progress } from './engine/native.js';
export { parameterHash } from './engine/parameter-hash.js';
export { type Objective, type Plan, pass, type RunOptions, type Sink } from './engine/pass.js';
export { LetheError, type LetheErrorCode } from './errors.js';
export { assignExclusive, assignZipf, type Ownership } from './ownership/assignment.js';
export { openStore } from './ownership/open-store.js';
export type { Deletion, Store } from './ownership/store.js';
export { type FisherScrubOptions, fisherScrub } from './unlearn/fisher-scrub.js';
export type { UnlearningMethod, UnlearningRequest, UnlearningResult } from './unlearn/method.js';
export { type RetrainOptions, retrain } from './unlearn/retrain.js';
export { saveOnnx, toOnnx } from './verify/onnx-file.js';
export {
  type RowSet,
  type Verification,
  type VerifiedSet,
  type VerifyOptions,
  verify,
} from './verify/verify.js';
export { weightDistance } from './verify/weight-distance.js';
export { version } from './version.js';
