import { forwardWork } from '../../engine/cost.js';
import { labelsOf } from '../../engine/dataset.js';
import type { Model } from '../../engine/model.js';
import type { PhasedOptions } from '../../engine/phases.js';
import type { RowSet } from '../../engine/row-set.js';
import { withoutProgress } from '../../engine/run.js';
import type { RecordedRecipe } from '../../engine/training-recipe.js';
import { isDivergence } from '../divergence.js';
import { checkFast } from '../fast/check.js';
import { trainFast } from '../fast/fast.js';
import { hitsOf, qualityOf } from '../quality.js';
import { FAST, STEADY } from '../recipes.js';
import { STEADY_EPOCHS, steadyLength, trainSteadily } from '../steady.js';
import type { TrainingRun } from '../training-run.js';
import { gains, type TriedRung } from './rungs.js';

/** The lengths of the steady recipe, each tried where the one before gained. */
const LENGTHS: readonly RecordedRecipe[] = [
  STEADY,
  Object.freeze({ name: 'steady', epochs: 5 }),
  Object.freeze({ name: 'steady', epochs: 10 }),
];

/** Recipes that were tried on some rows and judged on others, from the cheapest. */
export class Ladder {
  readonly tried: TriedRung[] = [];
  readonly reasons: string[] = [];
  /** Of all that was trained, checked and judged. */
  multiplyAdds = 0;
  readonly #run: TrainingRun;
  readonly #validation: RowSet;
  readonly #sample: RowSet;
  readonly #options: PhasedOptions;

  /** @param sample of the run's rows, to look at what has been learnt */
  constructor(run: TrainingRun, validation: RowSet, sample: RowSet, options: PhasedOptions) {
    this.#run = run;
    this.#validation = validation;
    this.#sample = sample;
    this.#options = options;
  }

  /** Tries the fast recipe where its check passes. */
  async tryFast(): Promise<void> {
    const check = await checkFast(this.#run, this.#options);
    this.multiplyAdds += check.multiplyAdds;
    this.reasons.push(`fast ${check.passes ? 'is tried' : 'is not tried'}: ${check.reason}`);
    if (!check.passes) return;
    const fast = await trainFast(this.#run, {}, this.#options, check.projection);
    this.multiplyAdds += fast.multiplyAdds;
    if (fast.model) await this.#judge(FAST, fast.model, fast.multiplyAdds);
  }

  /** Tries the steady recipe for longer and longer, until held-out accuracy stops growing. */
  async trySteady(): Promise<void> {
    const lengths = new Set<number>();
    let shorter: TriedRung | undefined;
    for (const recipe of LENGTHS) {
      const epochs = epochsOf(recipe);
      // Few rows are visited so often that a longer recipe is the same.
      const { steps } = steadyLength(this.#run.rows.length, epochs);
      if (lengths.has(steps)) continue;
      lengths.add(steps);
      let steady: Awaited<ReturnType<typeof trainSteadily>>;
      try {
        steady = await trainSteadily(this.#run, epochs, this.#options);
      } catch (error) {
        if (!shorter || !isDivergence(error)) throw error;
        this.reasons.push(`steady for ${epochs} epochs diverged`);
        return;
      }
      this.multiplyAdds += steady.multiplyAdds;
      const rung = await this.#judge(recipe, steady.model, steady.multiplyAdds);
      if (shorter && !gains(shorter, rung)) return;
      shorter = rung;
    }
  }

  async #judge(recipe: RecordedRecipe, model: Model, multiplyAdds: number): Promise<TriedRung> {
    const { dataset } = this.#run;
    const silent = withoutProgress(this.#options);
    const hits = await hitsOf(model, dataset, this.#validation, silent);
    const seen = await hitsOf(model, dataset, this.#sample, silent);
    this.multiplyAdds += (hits.length + seen.length) * forwardWork(model.widths);
    const quality = (of: Uint8Array, rows: RowSet) =>
      qualityOf(of, rows.gather(labelsOf(dataset)), model.classes);
    const rung = {
      ...{ recipe, hits, multiplyAdds },
      validation: quality(hits, this.#validation),
      training: quality(seen, this.#sample),
    };
    this.tried.push(rung);
    return rung;
  }
}

/** The epochs of a steady recipe. */
export function epochsOf({ epochs }: RecordedRecipe): number {
  return typeof epochs === 'number' ? epochs : STEADY_EPOCHS;
}
