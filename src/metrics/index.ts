/** `lethe/metrics`: how well a method has forgotten, as functions of predictions and models. */

export { accuracy, gap, type Proportion, proportion } from './accuracy.js';
export {
  areaUnderCurve,
  type Calibrated,
  calibratedAuc,
  entropyAuc,
  type MembershipAttack,
  membershipAttack,
} from './attacks.js';
export { centredKernelAlignment } from './cka.js';
export {
  completeness,
  jensenShannon,
  predictiveEntropy,
  zeroRetrainForgetting,
} from './divergence.js';
export { type LabelledActivations, linearProbe } from './linear-probe.js';
export type { Metric } from './metric.js';
export {
  entropies,
  type LabelledPredictions,
  losses,
  margins,
  type Predictions,
} from './predictions.js';
export { type RelearnOptions, relearnSteps } from './relearn.js';
export { parameterDistance, weightDistance } from './weight-distance.js';
