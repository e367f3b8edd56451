import {
  type ComputeOptions,
  exactRetrain,
  retrain,
  type UnlearningRequest,
  type UnlearningResult,
} from 'lethe';
import {
  amnesiac,
  badTeacher,
  fineTune,
  fisherForget,
  fisherScrub,
  gradientAscent,
  kfac,
  lowRank,
  negGradPlus,
  randomLabel,
  rowRemoval,
  salun,
  scrub,
  ssd,
} from 'lethe/methods';
import { EPOCHS, SETTINGS } from '../study/settings.js';
import type { Deletion } from './deletions.js';

/** A method as the bench runs it. */
export interface CatalogEntry {
  readonly name: string;
  /** Whether no parameter of its result depends on a forgotten row. */
  readonly isExact: boolean;
  /** What it can delete; default: both. */
  readonly only?: Deletion['kind'];
  readonly run: (request: UnlearningRequest, options: CatalogOptions) => Promise<UnlearningResult>;
}

export interface CatalogOptions {
  readonly seed: number;
  readonly compute: ComputeOptions;
  readonly kind: Deletion['kind'];
}

/** Models that begin where the original did would share its initial parameters. */
export const FRESH = 1000;

/** With the defaults of each method: those of kfac and lowRank were tuned on MNIST. */
export const CATALOG: readonly CatalogEntry[] = [
  {
    name: 'nothing',
    isExact: false,
    run: async ({ model }) => ({ model, steps: 0, seconds: {}, multiplyAdds: 0 }),
  },
  {
    name: 'exactRetrain',
    isExact: true,
    run: (request, { seed, compute }) => exactRetrain(request, { seed: seed + FRESH, ...compute }),
  },
  {
    name: 'exactRetrain steady',
    isExact: true,
    run: (request, { seed, compute }) =>
      exactRetrain(request, { recipe: 'steady', seed: seed + FRESH, ...compute }),
  },
  {
    name: 'retrain',
    isExact: true,
    run: (request, { seed, compute }) => retrain(request, { seed: seed + 2 * FRESH, ...compute }),
  },
  {
    name: 'fisherScrub paper',
    isExact: false,
    run: (request, { seed, compute, kind }) => {
      const { scrub } = kind === 'class' ? SETTINGS.exclusive : SETTINGS.zipf;
      return fisherScrub(request, { ...scrub, mode: 'paper', seed, ...compute });
    },
  },
  { name: 'rowRemoval', isExact: false, only: 'class', run: (request) => rowRemoval(request) },
  {
    name: 'amnesiac',
    isExact: false,
    run: (request, { seed, compute }) =>
      amnesiac(request, { training: { seed, epochs: EPOCHS }, ...compute }),
  },
  {
    name: 'fineTune',
    isExact: false,
    run: (request, { seed, compute }) => fineTune(request, { seed, ...compute }),
  },
  {
    name: 'gradientAscent',
    isExact: false,
    run: (request, { seed, compute }) => gradientAscent(request, { seed, ...compute }),
  },
  {
    name: 'negGradPlus',
    isExact: false,
    run: (request, { seed, compute }) => negGradPlus(request, { seed, ...compute }),
  },
  {
    name: 'kfac',
    isExact: false,
    run: (request, { seed, compute }) => kfac(request, { seed, ...compute }),
  },
  {
    name: 'lowRank',
    isExact: false,
    run: (request, { seed, compute }) => lowRank(request, { seed, ...compute }),
  },
  {
    name: 'randomLabel',
    isExact: false,
    run: (request, { seed, compute }) => randomLabel(request, { seed, ...compute }),
  },
  {
    name: 'salun',
    isExact: false,
    run: (request, { seed, compute }) => salun(request, { seed, ...compute }),
  },
  {
    name: 'badTeacher',
    isExact: false,
    run: (request, { seed, compute }) => badTeacher(request, { seed, ...compute }),
  },
  {
    name: 'scrub',
    isExact: false,
    run: (request, { seed, compute }) => scrub(request, { seed, ...compute }),
  },
  {
    name: 'ssd',
    isExact: false,
    run: (request, { seed, compute }) => ssd(request, { seed, ...compute }),
  },
  {
    name: 'fisherForget',
    isExact: false,
    run: (request, { seed, compute }) => fisherForget(request, { seed, ...compute }),
  },
];
