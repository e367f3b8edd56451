import { PhiloxPurpose, PhiloxStream } from '../../base/philox.js';
import type { NetSeeds } from './narrow-nets.js';
import { MOST_NETS } from './options.js';

export interface RecipeSeeds {
  readonly projection: number;
  readonly scorer: number;
  readonly nets: readonly NetSeeds[];
  readonly check: number;
}

/** Independent seeds for everything random. */
export function recipeSeeds(seed: number): RecipeSeeds {
  const stream = new PhiloxStream(seed, PhiloxPurpose.recipeSeeds);
  const next = () => Math.floor(stream.uniform() * 2 ** 53);
  return {
    projection: next(),
    scorer: next(),
    nets: Array.from({ length: MOST_NETS }, () => ({
      ...{ parameters: next(), order: next(), laterOrder: next() },
    })),
    check: next(),
  };
}
