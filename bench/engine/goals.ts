import type { EngineFigures } from './measure.js';

/** A figure that the engine is held to; null where it was not measured. */
export interface Goal {
  readonly id: string;
  readonly value: number | null;
}

/** What each figure is to reach. */
export const BOUNDS = {
  'step.dense.vs_pytorch': '>= 2',
  'step.mnist.vs_pytorch': '>= 3.5',
  'step.dense.share_of_peak': '>= 0.90',
  'step.wide.share_of_peak': '>= 0.88',
  'step.large_batch.share_of_peak': '>= 0.90',
  'fisher.per_row.vs_backward': '<= 1.05',
  'fisher.per_row.vs_pytorch': '>= 2',
  'evaluate.vs_onnxruntime': '>= 1.4',
  'evaluate.vs_onnxruntime.wide': '>= 1.4',
  'predict.one_row.vs_onnxruntime': '>= 2',
  'predict.one_row.vs_onnxruntime.wide': '>= 1.2',
  'predict.p99_during_update.ms': '<= 5',
  'ensemble.two_on_two': '<= 1.05',
  'import.ms': '<= 12',
  'train.mb': '<= 70',
} as const;

export function goalsOf(figures: EngineFigures): Goal[] {
  const { step, profiles, fisher, latency } = figures;
  const { narrow, wide } = figures.inference;
  const values: Record<keyof typeof BOUNDS, number | undefined> = {
    'step.dense.vs_pytorch': step.dense.peerRatio?.median,
    'step.mnist.vs_pytorch': step.mnist.peerRatio?.median,
    'step.dense.share_of_peak': profiles.dense.shareOfPeak,
    'step.wide.share_of_peak': profiles.wide.shareOfPeak,
    'step.large_batch.share_of_peak': profiles.largeBatch.shareOfPeak,
    'fisher.per_row.vs_backward': fisher.backwardRatio.median,
    'fisher.per_row.vs_pytorch': fisher.peerRatio?.median,
    'evaluate.vs_onnxruntime': narrow.evaluate.peerRatio?.median,
    'evaluate.vs_onnxruntime.wide': wide.evaluate.peerRatio?.median,
    'predict.one_row.vs_onnxruntime': narrow.predictOneRow.peerRatio?.median,
    'predict.one_row.vs_onnxruntime.wide': wide.predictOneRow.peerRatio?.median,
    'predict.p99_during_update.ms': latency.updatingP99 - latency.idleP99,
    'ensemble.two_on_two': figures.twoOnTwo.median,
    'import.ms': figures.importing.milliseconds,
    'train.mb': figures.trainingMegabytes,
  };
  return Object.entries(values).map(([id, value]) => ({ id, value: value ?? null }));
}
