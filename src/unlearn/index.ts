/** `lethe/methods`: all unlearning methods, exact ones and approximate ones for comparison. */

export { type AmnesiacOptions, type AmnesiacResult, amnesiac } from './approximate/amnesiac.js';
export { type BadTeacherOptions, badTeacher } from './approximate/bad-teacher.js';
export { fineTune } from './approximate/fine-tune.js';
export { type FisherForgetOptions, fisherForget } from './approximate/fisher-forget.js';
export { type FisherScrubOptions, fisherScrub } from './approximate/fisher-scrub.js';
export { gradientAscent } from './approximate/gradient-ascent.js';
export { type KfacOptions, kfac } from './approximate/kfac.js';
export { type LowRankOptions, lowRank } from './approximate/low-rank.js';
export { type NegGradPlusOptions, negGradPlus } from './approximate/neg-grad-plus.js';
export { type RandomLabelOptions, randomLabel } from './approximate/random-label.js';
export { type RowRemovalOptions, rowRemoval } from './approximate/row-removal.js';
export { type SalunOptions, salun } from './approximate/salun.js';
export { type ScrubOptions, scrub } from './approximate/scrub.js';
export { type SsdOptions, ssd } from './approximate/ssd.js';
export { type ExactRetrainResult, exactRetrain } from './exact/exact-retrain.js';
export { type RetrainOptions, retrain } from './exact/retrain.js';
export type {
  UnlearningMethod,
  UnlearningOptions,
  UnlearningProgress,
  UnlearningRequest,
  UnlearningResult,
} from './method.js';
export type { Forgotten } from './sharded/forget-set.js';
export type { Checkpoint, Shard } from './sharded/shard-training.js';
export type { OwnedRows } from './sharded/shards.js';
export {
  Sisa,
  type SisaOptions,
  type SisaProgress,
  type SisaResult,
  type SisaRunOptions,
} from './sharded/sisa.js';
export type { SgdOptions } from './steps/sgd.js';
export type { ClassOrRowsOptions } from './steps/whole-classes.js';
