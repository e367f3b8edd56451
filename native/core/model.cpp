#include "lethe/model.h"

#include <cmath>
#include <string>

#include "lethe/error.h"
#include "lethe/floating_point.h"
#include "lethe/philox.h"

namespace lethe {

Architecture::Architecture(std::vector<std::uint32_t> widths) : widths_(std::move(widths)) {
  if (widths_.size() < 2) {
    throw Error(ErrorCode::kInvalidArgument,
                "a model needs at least two widths: its inputs and its classes");
  }
  for (const std::uint32_t width : widths_) {
    if (width == 0 || width > kMaxWidth) {
      throw Error(ErrorCode::kInvalidArgument, "every width must be in 1.." +
                                                   std::to_string(kMaxWidth) + ", but one is " +
                                                   std::to_string(width));
    }
  }
  for (std::size_t l = 0; l + 1 < widths_.size(); ++l) {
    Layer layer{widths_[l], widths_[l + 1], parameterCount_, 0};
    layer.biasOffset = layer.weightOffset + layer.inputs * layer.outputs;
    parameterCount_ = layer.biasOffset + layer.outputs;
    if (parameterCount_ > kMaxParameters) {
      throw Error(ErrorCode::kInvalidArgument, "the model would have more than " +
                                                   std::to_string(kMaxParameters) +
                                                   " parameters: choose smaller widths");
    }
    layers_.push_back(layer);
  }
}

ParameterVector initialParameters(const Architecture& architecture, std::uint64_t seed) {
  const FloatingPointMode mode;
  ParameterVector parameters(architecture.parameterCount());
  const PhiloxStream stream(seed, PhiloxPurpose::kInitialization);
  for (const Layer& layer : architecture.layers()) {
    const float bound = 1.0f / std::sqrt(static_cast<float>(layer.inputs));
    const std::size_t end = layer.biasOffset + layer.outputs;
    for (std::size_t i = layer.weightOffset; i < end;) {
      const PhiloxCounter words = stream.block(i / 4);
      for (std::size_t word = i % 4; word < 4 && i < end; ++word, ++i) {
        // 25 bits: odd multiples of 2^-24, which are symmetric around 0 and exact in float32.
        const auto centred = static_cast<std::int32_t>(words[word] >> 8) * 2 - 0xFFFFFF;
        parameters[i] = bound * (static_cast<float>(centred) * 0x1p-24f);
      }
    }
  }
  return parameters;
}

}  // namespace lethe
