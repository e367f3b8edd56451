/** `lethe/jobs`: independent trainings side by side. */

export { shareMachine, sideBySide } from '../engine/side-by-side.js';
export {
  type TrainJob,
  type TrainManyOptions,
  type TrainManyProgress,
  trainMany,
} from './train-many.js';
