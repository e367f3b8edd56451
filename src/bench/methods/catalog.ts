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
  readonly run: (
    request: UnlearningRequest,
    seed: number,
    kind: Deletion['kind'],
  ) => Promise<UnlearningResult>;
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
    run: (request, seed) => exactRetrain(request, { seed: seed + FRESH }),
  },
  {
    name: 'retrain',
    isExact: true,
    run: (request, seed) => retrain(request, { seed: seed + 2 * FRESH }),
  },
  {
    name: 'fisherScrub paper',
    isExact: false,
    run: (request, seed, kind) => {
      const { scrub } = kind === 'class' ? SETTINGS.exclusive : SETTINGS.zipf;
      return fisherScrub(request, { ...scrub, mode: 'paper', seed });
    },
  },
  { name: 'rowRemoval', isExact: false, only: 'class', run: (request) => rowRemoval(request) },
  {
    name: 'amnesiac',
    isExact: false,
    run: (request, seed) => amnesiac(request, { training: { seed, epochs: EPOCHS } }),
  },
  { name: 'fineTune', isExact: false, run: (request, seed) => fineTune(request, { seed }) },
  {
    name: 'gradientAscent',
    isExact: false,
    run: (request, seed) => gradientAscent(request, { seed }),
  },
  { name: 'negGradPlus', isExact: false, run: (request, seed) => negGradPlus(request, { seed }) },
  { name: 'kfac', isExact: false, run: (request, seed) => kfac(request, { seed }) },
  { name: 'lowRank', isExact: false, run: (request, seed) => lowRank(request, { seed }) },
  { name: 'randomLabel', isExact: false, run: (request, seed) => randomLabel(request, { seed }) },
  { name: 'salun', isExact: false, run: (request, seed) => salun(request, { seed }) },
  { name: 'badTeacher', isExact: false, run: (request, seed) => badTeacher(request, { seed }) },
  { name: 'scrub', isExact: false, run: (request, seed) => scrub(request, { seed }) },
  { name: 'ssd', isExact: false, run: (request, seed) => ssd(request, { seed }) },
  { name: 'fisherForget', isExact: false, run: (request, seed) => fisherForget(request, { seed }) },
];
