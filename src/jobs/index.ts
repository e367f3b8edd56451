/** `lethe/jobs`: independent trainings side by side. */

export { shareMachine, sideBySide } from '../engine/side-by-side.js';
export {
  type EnsembleProgress,
  type TrainJob,
  type TrainManyOptions,
  trainMany,
} from './train-many.js';
