import type { Draws } from './draws.js';

/** The position of the largest value, the first among equals. */
export function largestOf(values: ArrayLike<number>): number {
  let best = 0;
  for (let i = 1; i < values.length; i++) if (values[i]! > values[best]!) best = i;
  return best;
}

/** The Euclidean length. */
export function lengthOf(row: ArrayLike<number>): number {
  let squares = 0;
  for (let i = 0; i < row.length; i++) squares += row[i]! * row[i]!;
  return Math.sqrt(squares);
}

/** Normal vectors, one for each class. */
export function centres(draws: Draws, classes: number, columns: number, deviation: number) {
  return Array.from({ length: classes }, () => draws.normals(columns, deviation));
}

/** A class by scores that are linear in the first columns of a row; classes are about equally frequent. */
export function linearClasses(draws: Draws, classes: number, columns: number) {
  const weights = centres(draws, classes, columns, 1 / Math.sqrt(columns));
  const scores = new Float64Array(classes);
  return (row: ArrayLike<number>, noise = 0): number => {
    for (let label = 0; label < classes; label++) {
      const own = weights[label]!;
      let sum = noise * draws.normal();
      for (let column = 0; column < columns; column++) sum += own[column]! * row[column]!;
      scores[label] = sum;
    }
    return largestOf(scores);
  };
}

/** Normal noise around a centre, from a column on. */
export function around(
  draws: Draws,
  row: Float32Array | Uint8Array,
  centre: Float64Array,
  from = 0,
): void {
  for (let i = 0; i < centre.length; i++) row[from + i] = centre[i]! + draws.normal();
}

export function noise(
  draws: Draws,
  row: Float32Array | Uint8Array,
  from: number,
  to: number,
  deviation = 1,
): void {
  for (let column = from; column < to; column++) row[column] = deviation * draws.normal();
}
