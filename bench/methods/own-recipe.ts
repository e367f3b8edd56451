import { type ComputeOptions, exactRetrain } from 'lethe';
import { shareMachine, sideBySide } from 'lethe/jobs';
import type { BenchData } from '../support/data.js';
import { FRESH } from './catalog.js';
import type { DeletedRows } from './deletions.js';
import { type Comparison, Judge } from './judge.js';
import type { Reference } from './reference.js';

/** Far from the seed of the retrain that is judged. */
const OTHER_SEED = 20_000;
const CALIBRATING_SEED = 50_000;

/**
 * exactRetrain against another exactRetrain, and calibrated with further ones: what differs from M0
 * because the recipe does is gone. One comparison for each reference.
 *
 * @param calibrating how many retrains calibrate the membership attack
 */
export async function compareWithOwnRecipe(
  { data, rows }: { readonly data: BenchData; readonly rows: DeletedRows },
  references: readonly Reference[],
  { calibrating, compute }: { readonly calibrating: number; readonly compute: ComputeOptions },
): Promise<Comparison[]> {
  const { atOnce, each } = shareMachine(compute, Math.max(calibrating, references.length));
  const retrained = async (request: Reference['request'], seed: number) =>
    (await exactRetrain(request, { seed, ...each })).model;
  const judge = new Judge(data, rows, compute);
  // A retrain reads nothing of a request's model but the widths: any request will do.
  const seeds = Array.from({ length: calibrating }, (_, i) => CALIBRATING_SEED + i);
  await judge.calibrateWith(
    await sideBySide(seeds, atOnce, (seed) => retrained(references[0]!.request, seed)),
  );
  return sideBySide(references, atOnce, async ({ seed, request }) => {
    const own = await judge.see(await retrained(request, seed + FRESH));
    return judge.compare(own, await judge.see(await retrained(request, seed + OTHER_SEED)));
  });
}
