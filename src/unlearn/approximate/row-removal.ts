import { type KnownFields, requireFinite, requireKnownFields } from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import { Stopwatch } from '../../base/stopwatch.js';
import { Parameters } from '../../engine/parameters.js';
import { checkRunOptions, RUN_OPTIONS } from '../../engine/run.js';
import { type UnlearningOptions, unlearningMethod } from '../method.js';
import { clearClasses, requireForgottenClasses } from '../steps/whole-classes.js';

export interface RowRemovalOptions extends UnlearningOptions {
  /** The logit of a removed class for every input; default -20. */
  readonly bias?: number;
}

const OPTIONS: KnownFields<RowRemovalOptions> = { ...RUN_OPTIONS, bias: true };

/**
 * Removes classes that no retain row has from the last layer: their weights become 0, their biases
 * `bias`. There is no training, and nothing for a CUDA device to compute.
 *
 * Approximate, without any guarantee, and the least that class deletion can do: the hidden layers
 * still hold all that was learnt of the class, and a probe finds it.
 */
export const rowRemoval = unlearningMethod<RowRemovalOptions>(
  async ({ model, dataset, ...split }, options) => {
    const { bias = -20, ...run } = requireKnownFields('options', options, OPTIONS);
    const { signal } = checkRunOptions(run);
    if (signal?.aborted) throw new LetheError('ERR_ABORTED', 'the run was aborted before it began');
    requireFinite('bias', bias);
    const removed = requireForgottenClasses(dataset, split, 'row removal');
    const watch = new Stopwatch();
    const parameters = new Parameters(model.widths, model.parameters());
    clearClasses(parameters, removed, bias);
    const result = model.withParameters(parameters.values);
    watch.lap('remove');
    return { model: result, steps: 0, seconds: watch.seconds, multiplyAdds: 0 };
  },
);
