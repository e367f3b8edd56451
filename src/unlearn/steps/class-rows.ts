import { requireOneOf } from '../../base/arguments.js';
import { LetheError } from '../../base/errors.js';
import type { Dataset } from '../../engine/dataset.js';
import type { Split } from '../method.js';

/** The classes that only forgotten rows have, ascending. */
export function forgottenClasses(
  { labels }: Dataset,
  forget: Uint32Array,
  retain: Uint32Array,
): readonly number[] {
  const kept = new Set(retain.map((row) => labels[row]!));
  const forgotten = new Set(forget.map((row) => labels[row]!).filter((label) => !kept.has(label)));
  return [...forgotten].sort((a, b) => a - b);
}

/** @throws {LetheError} ERR_INVALID_ARGUMENT if there are none */
export function requireForgottenClasses(
  dataset: Dataset,
  forget: Uint32Array,
  retain: Uint32Array,
  method: string,
): readonly number[] {
  return requireSome(forgottenClasses(dataset, forget, retain), method);
}

function requireSome(classes: readonly number[], method: string): readonly number[] {
  if (classes.length > 0) return classes;
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `every class of the forget set has retain rows too: ${method} forgets whole classes only`,
  );
}

/**
 * The recipe for what is to be forgotten: `class` where the forget set is made of whole classes, else
 * `rows`, unless one is asked for. With it the classes that leave; none with `rows`.
 */
export function chooseRecipe(
  wanted: 'class' | 'rows' | undefined,
  dataset: Dataset,
  { forget, retain }: Split,
): { readonly name: 'class' | 'rows'; readonly classes: readonly number[] } {
  const classes = forgottenClasses(dataset, forget, retain);
  const isWhole = forget.every((row) => classes.includes(dataset.labels[row]!));
  const name = wanted === undefined ? (isWhole ? 'class' : 'rows') : wanted;
  requireOneOf('recipe', name, ['class', 'rows']);
  return { name, classes: name === 'class' ? requireSome(classes, 'this recipe') : [] };
}

/** Of the bias of a class that leaves, in recipes that go on training: unlikely, but not unheard of. */
export const FORGOTTEN_BIAS = -4;

/** Gives classes a logit that depends on no input: their weights in the last layer become 0. */
export function clearClasses(
  parameters: Float32Array,
  widths: readonly number[],
  removed: readonly number[],
  bias: number,
): void {
  const [inputs, classes] = widths.slice(-2) as [number, number];
  const biases = parameters.length - classes;
  for (const label of removed) {
    const weights = biases - (classes - label) * inputs;
    parameters.fill(0, weights, weights + inputs);
    parameters[biases + label] = bias;
  }
}
