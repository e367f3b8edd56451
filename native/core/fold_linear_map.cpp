#include "lethe/fold_linear_map.h"

#include <algorithm>
#include <numeric>

#include "lethe/error.h"
#include "lethe/floating_point.h"

namespace lethe {
namespace {

void check(const Model& model, const LinearMap& map, std::uint32_t inputs) {
  const auto require = [](bool condition, const char* message) {
    if (!condition) throw Error(ErrorCode::kInvalidArgument, message);
  };
  require(map.bias.size() == model.architecture.inputs(),
          "the map must have as many outputs as the model has inputs");
  require(map.weights.size() == map.bias.size() * map.columns.size(),
          "the map must hold outputs x columns weights");
  require(std::all_of(map.columns.begin(), map.columns.end(),
                      [&](std::uint32_t column) { return column < inputs; }),
          "every column of the map must be one of the inputs");
}

std::vector<std::uint32_t> indicesBelow(std::size_t count) {
  std::vector<std::uint32_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0u);
  return numbers;
}

/** The map W^T, which turns a row of W1 into the folded layer's weights of that unit. */
LinearMap transposed(const LinearMap& map) {
  const std::size_t columns = map.columns.size();
  const std::size_t outputs = map.bias.size();
  LinearMap result{indicesBelow(outputs), std::vector<float>(map.weights.size()),
                   std::vector<float>(columns)};
  for (std::size_t output = 0; output < outputs; ++output) {
    for (std::size_t i = 0; i < columns; ++i) {
      result.weights[i * outputs + output] = map.weights[output * columns + i];
    }
  }
  return result;
}

}  // namespace

Model foldLinearMap(Backend& backend, const Model& model, const LinearMap& map,
                    std::uint32_t inputs, std::size_t threads, Control& control) {
  const FloatingPointMode mode;
  check(model, map, inputs);
  std::vector<std::uint32_t> widths = model.architecture.widths();
  widths.front() = inputs;
  const Architecture architecture(std::move(widths));
  const Layer& first = model.architecture.layers().front();
  const auto* weights = model.parameters->data() + first.weightOffset;
  const auto units =
      Dataset::fromFloats({weights, weights + first.outputs * first.inputs},
                          std::vector<std::uint32_t>(first.outputs), first.inputs, 1);
  const auto rows = indicesBelow(first.outputs);
  const auto foldedWeights = mapRows(backend, units, rows, transposed(map), threads, control);
  const auto shifts = mapRows(backend, units, rows, {indicesBelow(map.bias.size()), map.bias, {0}},
                              threads, control);

  const Layer& folded = architecture.layers().front();
  ParameterVector parameters(architecture.parameterCount());
  std::copy(model.parameters->begin() + static_cast<std::ptrdiff_t>(first.biasOffset),
            model.parameters->end(),
            parameters.begin() + static_cast<std::ptrdiff_t>(folded.biasOffset));
  const std::size_t columns = map.columns.size();
  for (std::size_t unit = 0; unit < first.outputs; ++unit) {
    const float* product = foldedWeights->floatFeatures() + unit * columns;
    float* to = &parameters[folded.weightOffset + unit * inputs];
    for (std::size_t i = 0; i < columns; ++i) to[map.columns[i]] = product[i];
    parameters[folded.biasOffset + unit] += shifts->floatFeatures()[unit];
  }
  if (!allFinite(parameters.data(), parameters.size())) {
    throw Error(ErrorCode::kDiverged, "a folded value is not finite");
  }
  return {architecture, std::make_shared<const ParameterVector>(std::move(parameters))};
}

}  // namespace lethe
