import { Model } from '../engine/model.js';

/**
 * One network whose logits are the mean of those of the given ones: their hidden layers side by
 * side, block-diagonal, the last layer their average.
 *
 * @param models of the same inputs, classes and number of layers, at least one
 */
export function mergeNets(models: readonly Model[]): Model {
  const [first] = models as readonly [Model];
  const last = first.widths.length - 2;
  const widths = first.widths.map((width, level) =>
    level === 0 || level > last
      ? width
      : models.reduce((sum, model) => sum + model.widths[level]!, 0),
  );
  const merged = new Float32Array(
    widths.slice(1).reduce((sum, outputs, l) => sum + (widths[l]! + 1) * outputs, 0),
  );
  const sources = models.map((model) => ({ ...model, parameters: model.parameters(), at: 0 }));
  let offset = 0;
  for (let layer = 0; layer <= last; layer++) {
    const inputs = widths[layer]!;
    const outputs = widths[layer + 1]!;
    const share = layer === last ? 1 / models.length : 1;
    let row = 0;
    let column = 0;
    for (const source of sources) {
      const ownInputs = source.widths[layer]!;
      const ownOutputs = source.widths[layer + 1]!;
      const biases = source.at + ownInputs * ownOutputs;
      for (let unit = 0; unit < ownOutputs; unit++) {
        const to = offset + (row + unit) * inputs + column;
        for (let input = 0; input < ownInputs; input++) {
          merged[to + input]! += share * source.parameters[source.at + unit * ownInputs + input]!;
        }
        merged[offset + inputs * outputs + row + unit]! +=
          share * source.parameters[biases + unit]!;
      }
      source.at = biases + ownOutputs;
      // The first layer's inputs and the last layer's outputs are common to all.
      if (layer > 0) column += ownInputs;
      if (layer < last) row += ownOutputs;
    }
    offset += (inputs + 1) * outputs;
  }
  return Model.fromParameters(widths, merged);
}
