/** `lethe/engine`: the parts that methods are built from. */

export { availableThreads } from '../base/available-threads.js';
export { PhiloxPurpose, PhiloxStream } from '../base/philox.js';
export { type ActivationOptions, type Activations, hiddenActivations } from './activations.js';
export { fitInputMap } from './encoding/fit-input-map.js';
export type { Evaluation } from './evaluation.js';
export { type KroneckerSystem, kroneckerSolve } from './kronecker.js';
export type { AffineMap, LabelledData } from './labelled-data.js';
export { type LayerLayout, layersOf } from './layout.js';
export {
  type FoldOptions,
  foldLinearMap,
  type LinearMap,
  type MapOptions,
  mapDataset,
} from './linear-map.js';
export type { FisherOptions, TrainResult } from './model.js';
export type { NamedRows } from './named-rows.js';
export {
  type CudaStatus,
  type Devices,
  device,
  type PassOutcome,
  type Progress,
} from './native.js';
export type { Network } from './network.js';
export { parameterHash } from './parameter-hash.js';
export { Parameters } from './parameters.js';
export { type InputScaling, type Objective, type Plan, pass, type Sink } from './pass.js';
export type { PhasedOptions, PhaseProgress } from './phases.js';
export type { Exportable, Predictor } from './predictor.js';
export { RowSet, type RowSpace, type Rows } from './row-set.js';
export type { ComputeOptions, RunOptions } from './run.js';
export type { Schedule } from './schedule.js';
export type { TrainOptions } from './training-pass.js';
export type { RecordedRecipe } from './training-recipe.js';
