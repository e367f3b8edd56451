import {
  amnesiac,
  badTeacher,
  exactRetrain,
  fineTune,
  fisherForget,
  fisherScrub,
  gradientAscent,
  kfac,
  lowRank,
  negGradPlus,
  randomLabel,
  retrain,
  rowRemoval,
  salun,
  scrub,
  ssd,
  type UnlearningRequest,
  type UnlearningResult,
} from '../../index.js';
import { EPOCHS, SETTINGS } from '../settings.js';
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
  readonly threads: number;
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
    run: (request, { seed, threads }) => exactRetrain(request, { seed: seed + FRESH, threads }),
  },
  {
    name: 'retrain',
    isExact: true,
    run: (request, { seed, threads }) => retrain(request, { seed: seed + 2 * FRESH, threads }),
  },
  {
    name: 'fisherScrub paper',
    isExact: false,
    run: (request, { seed, threads, kind }) => {
      const { scrub } = kind === 'class' ? SETTINGS.exclusive : SETTINGS.zipf;
      return fisherScrub(request, { ...scrub, mode: 'paper', seed, threads });
    },
  },
  { name: 'rowRemoval', isExact: false, only: 'class', run: (request) => rowRemoval(request) },
  {
    name: 'amnesiac',
    isExact: false,
    run: (request, { seed, threads }) =>
      amnesiac(request, { training: { seed, epochs: EPOCHS }, threads }),
  },
  {
    name: 'fineTune',
    isExact: false,
    run: (request, { seed, threads }) => fineTune(request, { seed, threads }),
  },
  {
    name: 'gradientAscent',
    isExact: false,
    run: (request, { seed, threads }) => gradientAscent(request, { seed, threads }),
  },
  {
    name: 'negGradPlus',
    isExact: false,
    run: (request, { seed, threads }) => negGradPlus(request, { seed, threads }),
  },
  {
    name: 'kfac',
    isExact: false,
    run: (request, { seed, threads }) => kfac(request, { seed, threads }),
  },
  {
    name: 'lowRank',
    isExact: false,
    run: (request, { seed, threads }) => lowRank(request, { seed, threads }),
  },
  {
    name: 'randomLabel',
    isExact: false,
    run: (request, { seed, threads }) => randomLabel(request, { seed, threads }),
  },
  {
    name: 'salun',
    isExact: false,
    run: (request, { seed, threads }) => salun(request, { seed, threads }),
  },
  {
    name: 'badTeacher',
    isExact: false,
    run: (request, { seed, threads }) => badTeacher(request, { seed, threads }),
  },
  {
    name: 'scrub',
    isExact: false,
    run: (request, { seed, threads }) => scrub(request, { seed, threads }),
  },
  {
    name: 'ssd',
    isExact: false,
    run: (request, { seed, threads }) => ssd(request, { seed, threads }),
  },
  {
    name: 'fisherForget',
    isExact: false,
    run: (request, { seed, threads }) => fisherForget(request, { seed, threads }),
  },
];
