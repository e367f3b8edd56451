#include "core/scaled_inputs.h"

#include <memory>
#include <utility>

namespace lethe {
namespace {

/** bias += sign weights centres. The product of two float32 values is exact in float64. */
void shiftBias(const Architecture& architecture, const InputScaling& scaling, double sign,
               ParameterVector& parameters) {
  const Layer& first = architecture.layers().front();
  for (std::size_t output = 0; output < first.outputs; ++output) {
    const float* weights = &parameters[first.weightOffset + output * first.inputs];
    double sum = 0;
    for (std::size_t k = 0; k < first.inputs; ++k) {
      sum += double{weights[k]} * double{scaling.centres[k]};
    }
    float& bias = parameters[first.biasOffset + output];
    bias = static_cast<float>(double{bias} + sign * sum);
  }
}

void multiplyWeights(const Architecture& architecture, float factor, ParameterVector& parameters) {
  const Layer& first = architecture.layers().front();
  float* weights = &parameters[first.weightOffset];
  for (std::size_t i = 0; i < first.outputs * first.inputs; ++i) weights[i] *= factor;
}

}  // namespace

Model forScaledInputs(const Model& model, const InputScaling& scaling) {
  ParameterVector parameters = *model.parameters;
  shiftBias(model.architecture, scaling, 1, parameters);
  multiplyWeights(model.architecture, 1 / scaling.unit, parameters);
  return {model.architecture, std::make_shared<const ParameterVector>(std::move(parameters))};
}

void forInputs(const Architecture& architecture, const InputScaling& scaling,
               ParameterVector& parameters) {
  multiplyWeights(architecture, scaling.unit, parameters);
  shiftBias(architecture, scaling, -1, parameters);
}

}  // namespace lethe
