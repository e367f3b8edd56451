import type { Dataset } from '../engine/dataset.js';
import { LetheError } from '../errors.js';

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

/** Whether the forget set is made of whole classes: no retain row has a class of one of its rows. */
export function forgetsWholeClasses(
  dataset: Dataset,
  forget: Uint32Array,
  retain: Uint32Array,
): boolean {
  const forgotten = new Set(forgottenClasses(dataset, forget, retain));
  return forget.every((row) => forgotten.has(dataset.labels[row]!));
}

/** @throws {LetheError} ERR_INVALID_ARGUMENT if there are none */
export function requireForgottenClasses(
  dataset: Dataset,
  forget: Uint32Array,
  retain: Uint32Array,
  method: string,
): readonly number[] {
  const classes = forgottenClasses(dataset, forget, retain);
  if (classes.length > 0) return classes;
  throw new LetheError(
    'ERR_INVALID_ARGUMENT',
    `every class of the forget set has retain rows too: ${method} forgets whole classes only`,
  );
}

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
