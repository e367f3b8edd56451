/** How a model does on a set of rows. */
export interface Evaluation {
  readonly rows: number;
  readonly correct: number;
  /** Share of correct predictions, in percent. */
  readonly accuracy: number;
  /** Mean cross-entropy, in nats. */
  readonly loss: number;
}

/** The index of the largest of `count` values from `offset`; the lowest one among equals. */
export function argmax(values: Float32Array, offset: number, count: number): number {
  let best = 0;
  for (let c = 1; c < count; c++) {
    if (values[offset + c]! > values[offset + best]!) best = c;
  }
  return best;
}

/** @param logits float32 [rows, classes]; @param labels [rows], at least one */
export function evaluateLogits(
  logits: Float32Array,
  classes: number,
  labels: Uint32Array,
): Evaluation {
  let correct = 0;
  let loss = 0;
  labels.forEach((label, row) => {
    const offset = row * classes;
    const best = argmax(logits, offset, classes);
    if (best === label) correct++;
    let sum = 0;
    for (let c = 0; c < classes; c++) {
      sum += Math.exp(logits[offset + c]! - logits[offset + best]!);
    }
    loss += Math.log(sum) + logits[offset + best]! - logits[offset + label]!;
  });
  const rows = labels.length;
  return { rows, correct, accuracy: (100 * correct) / rows, loss: loss / rows };
}
