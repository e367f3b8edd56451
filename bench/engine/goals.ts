import { SETTINGS } from '../study/settings.js';
import type { EngineFigures } from './measure.js';

/** A figure that the engine is held to; null where it was not measured. */
export interface Goal {
  readonly id: string;
  readonly value: number | null;
}

/** What each figure is to reach. */
export const BOUNDS = {
  'step.dense.vs_pytorch': '>= 1.5',
  'step.mnist.vs_pytorch': '>= 3',
  'step.dense.share_of_peak': '>= 0.90',
  'step.wide.share_of_peak': '>= 0.85',
  'fisher.per_row.vs_backward': '<= 1.05',
  'fisher.per_row.vs_pytorch': '>= 1.4',
  'evaluate.vs_pytorch': '>= 1.3',
  'predict.one_row.us': '<= 25',
  'import.ms': '<= 5',
  'import.mb': '<= 5',
  'train.mb': '<= 110',
  'ensemble.two_on_two': '<= 1.05',
  'study.retrain.speedup': '>= 19, stretch 40',
  'study.scrub.speedup': '>= 20',
} as const;

export function goalsOf(figures: EngineFigures): Goal[] {
  const { step, profiles, fisher, evaluate, predictOneRow, importing, study } = figures;
  const { M0, M2 } = SETTINGS.exclusive.recorded;
  const values: Record<keyof typeof BOUNDS, number | undefined> = {
    'step.dense.vs_pytorch': step.dense.peerRatio?.median,
    'step.mnist.vs_pytorch': step.mnist.peerRatio?.median,
    'step.dense.share_of_peak': profiles.dense.shareOfPeak,
    'step.wide.share_of_peak': profiles.wide.shareOfPeak,
    'fisher.per_row.vs_backward': fisher.backwardRatio.median,
    'fisher.per_row.vs_pytorch': fisher.peerRatio?.median,
    'evaluate.vs_pytorch': evaluate.peerRatio?.median,
    'predict.one_row.us': predictOneRow.median,
    'import.ms': importing.milliseconds,
    'import.mb': importing.megabytes,
    'train.mb': figures.trainingMegabytes,
    'ensemble.two_on_two': figures.twoOnTwo.median,
    'study.retrain.speedup': M0.seconds / study.retrain,
    'study.scrub.speedup': M2.seconds / study.scrub,
  };
  return Object.entries(values).map(([id, value]) => ({ id, value: value ?? null }));
}
