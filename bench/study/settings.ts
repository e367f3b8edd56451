import type { LabelledData, Ownership } from 'lethe';
import { assignExclusive, assignZipf } from 'lethe/datasets';
import type { FisherScrubOptions } from 'lethe/methods';

export type SettingName = 'zipf' | 'exclusive';

/** One of the reference study's experiments: who owns what, and how it scrubs. */
export interface Setting {
  readonly name: SettingName;
  readonly title: string;
  readonly assign: (data: Pick<LabelledData, 'rows' | 'labels'>, seed: number) => Ownership;
  readonly scrub: Pick<FisherScrubOptions, 'learningRate' | 'alpha' | 'fisherSamples'>;
  /** The study's recorded run (CUDA on Colab): accuracies in percent, the whole run in seconds. */
  readonly recorded: Readonly<Record<'M0' | 'M2', RecordedFigures>>;
}

export interface RecordedFigures {
  readonly retain: number;
  readonly forget: number;
  readonly weightDistance: number;
  readonly seconds: number;
}

const USERS = 100;

export const WIDTHS = [784, 512, 128, 10] as const;

/** The study's network for other data than MNIST: those inputs and classes, the same hidden layers. */
export function studyWidths({ columns, classes }: Pick<LabelledData, 'columns' | 'classes'>) {
  return [columns, WIDTHS[1], WIDTHS[2], classes] as const;
}

/** How long the models are trained that methods are compared on; all else is as by default. */
export const EPOCHS = 5;

export const SETTINGS: Readonly<Record<SettingName, Setting>> = {
  zipf: {
    name: 'zipf',
    title: 'Table 1: the top user of 100 leaves, ownership by Zipf (notebook 1)',
    assign: ({ rows }, seed) => assignZipf({ rows, users: USERS, seed, order: 'contiguous' }),
    scrub: { learningRate: 0.002, alpha: 1, fisherSamples: 500 },
    recorded: {
      M0: { retain: 98.47, forget: 96.9, weightDistance: 0, seconds: 36.37 },
      M2: { retain: 91.61, forget: 91.03, weightDistance: 39.37, seconds: 1.53 },
    },
  },
  exclusive: {
    name: 'exclusive',
    title: 'Table 2: the only owner of class 0 leaves (notebook 3)',
    assign: ({ labels }) => assignExclusive({ labels, users: USERS }),
    scrub: { learningRate: 0.02, alpha: 0.5, fisherSamples: 1000 },
    recorded: {
      M0: { retain: 98.91, forget: 0, weightDistance: 0, seconds: 53.53 },
      M2: { retain: 95.63, forget: 0.03, weightDistance: 39.82, seconds: 1.6 },
    },
  },
};
