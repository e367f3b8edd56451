import { fieldsWithout, type KnownFields, requireOneOf } from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import { type Dataset, labelsOf } from '../../engine/dataset.js';
import type { Parameters } from '../../engine/parameters.js';
import type { Split } from '../method.js';
import { SGD_OPTIONS, type SgdOptions } from './sgd.js';

/**
 * Options of the methods that forget whole classes by one recipe and other rows by another, and
 * then repair the model on the retain set. Each method has its own defaults.
 */
export interface ClassOrRowsOptions extends Omit<SgdOptions, 'epochs' | 'maxSteps'> {
  /** Default: `class` if no retain row has a class of a forget row, else `rows`. */
  readonly recipe?: 'class' | 'rows';
  /** Added to the Fisher information. */
  readonly damping?: number;
  /** The factor applied to weights before the repair. */
  readonly shrink?: number;
  /** The repair's steps. */
  readonly steps?: number;
}

export const CLASS_OR_ROWS_OPTIONS: KnownFields<ClassOrRowsOptions> = {
  ...fieldsWithout(SGD_OPTIONS, { epochs: true, maxSteps: true }),
  ...{ recipe: true, damping: true, shrink: true, steps: true },
};

/** The classes of forget rows that no retain row has, ascending. */
function forgottenClasses(dataset: Dataset, { forget, retain }: Split): readonly number[] {
  const labels = labelsOf(dataset);
  const kept = new Set(retain.gather(labels));
  const forgotten = new Set(forget.gather(labels).filter((label) => !kept.has(label)));
  return [...forgotten].sort((a, b) => a - b);
}

/** As forgottenClasses. @throws {LetheError} ERR_INVALID_ARGUMENT if there is none */
export function requireForgottenClasses(
  dataset: Dataset,
  split: Split,
  method: string,
): readonly number[] {
  return requireSome(forgottenClasses(dataset, split), method);
}

function requireSome(classes: readonly number[], method: string): readonly number[] {
  if (classes.length > 0) return classes;
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `every class of the forget set also has retain rows, but ${method} forgets only whole classes`,
  );
}

/**
 * The wanted recipe, or by default `class` if the forget set consists of whole classes, else
 * `rows`; and the classes to remove (an empty list for `rows`).
 */
export function chooseRecipe(
  wanted: ClassOrRowsOptions['recipe'],
  dataset: Dataset,
  split: Split,
): { readonly name: 'class' | 'rows'; readonly classes: readonly number[] } {
  const classes = forgottenClasses(dataset, split);
  const labels = split.forget.gather(labelsOf(dataset));
  const isWhole = labels.every((label) => classes.includes(label));
  const name = wanted === undefined ? (isWhole ? 'class' : 'rows') : wanted;
  requireOneOf('recipe', name, ['class', 'rows']);
  return { name, classes: name === 'class' ? requireSome(classes, 'the recipe "class"') : [] };
}

/** The bias of a removed class in recipes that train afterwards: unlikely, but not impossible. */
export const FORGOTTEN_BIAS = -4;

/**
 * Gives classes a constant logit: their weights in the last layer become 0, their biases `bias`.
 */
export function clearClasses(
  parameters: Parameters,
  removed: readonly number[],
  bias: number,
): void {
  const last = parameters.layers.length - 1;
  for (const label of removed) {
    parameters.weightsOfUnit(last, label).fill(0);
    parameters.biases(last)[label] = bias;
  }
}
