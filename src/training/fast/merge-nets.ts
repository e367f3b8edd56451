import { Model } from '../../engine/model.js';
import { addScaled, Parameters } from '../../engine/parameters.js';

/**
 * Merges networks into one whose logits are the mean of theirs: the hidden layers become
 * block-diagonal, and the last layer averages.
 *
 * @param models at least one, all with the same inputs, classes and number of layers
 */
export function mergeNets(models: readonly Model[]): Model {
  const nets = models.map((model) => new Parameters(model.widths, model.parameters()));
  const last = nets[0]!.layers.length - 1;
  const widths = nets[0]!.widths.map((width, level) =>
    level === 0 || level > last ? width : nets.reduce((sum, net) => sum + net.widths[level]!, 0),
  );
  const merged = Parameters.zeros(widths);
  for (let layer = 0; layer <= last; layer++) {
    const share = layer === last ? 1 / nets.length : 1;
    let firstUnit = 0;
    let firstInput = 0;
    for (const net of nets) {
      const { inputs, outputs } = net.layers[layer]!;
      for (let unit = 0; unit < outputs; unit++) {
        const to = merged.weightsOfUnit(layer, firstUnit + unit).subarray(firstInput);
        addScaled(to.subarray(0, inputs), share, net.weightsOfUnit(layer, unit));
      }
      addScaled(
        merged.biases(layer).subarray(firstUnit, firstUnit + outputs),
        share,
        net.biases(layer),
      );
      // All networks share the inputs of the first layer and the outputs of the last one.
      if (layer > 0) firstInput += inputs;
      if (layer < last) firstUnit += outputs;
    }
  }
  return Model.fromParameters(widths, merged.values);
}
