import { Model } from '../engine/model.js';
import { addScaled, Parameters } from '../engine/parameters.js';

/**
 * One network whose logits are the mean of those of the given ones: their hidden layers side by
 * side, block-diagonal, the last layer their average.
 *
 * @param models of the same inputs, classes and number of layers, at least one
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
      // The first layer's inputs and the last layer's outputs are common to all.
      if (layer > 0) firstInput += inputs;
      if (layer < last) firstUnit += outputs;
    }
  }
  return Model.fromParameters(widths, merged.values);
}
