#include "cuda/host/parameter_layout.h"

#include <algorithm>

#include "cuda/kernels/rows.h"

namespace lethe::cuda {

ParameterLayout::ParameterLayout(const Architecture& architecture) : architecture_(architecture) {
  for (const Layer& layer : architecture.layers()) {
    const std::size_t stride = alignedWidth(layer.inputs);
    const std::size_t bias = size_ + layer.outputs * stride;
    places_.push_back({size_, bias, stride});
    size_ = bias + alignedWidth(layer.outputs);
  }
}

void ParameterLayout::pack(const ParameterVector& values, float* packed) const {
  std::fill_n(packed, size_, 0.0f);
  for (std::size_t l = 0; l < places_.size(); ++l) {
    const Layer& layer = architecture_.layers()[l];
    const auto& [weights, bias, stride] = places_[l];
    for (std::size_t output = 0; output < layer.outputs; ++output) {
      std::copy_n(values.begin() + layer.weightOffset + output * layer.inputs, layer.inputs,
                  packed + weights + output * stride);
    }
    std::copy_n(values.begin() + layer.biasOffset, layer.outputs, packed + bias);
  }
}

ParameterVector ParameterLayout::unpack(const float* packed) const {
  ParameterVector values(architecture_.parameterCount());
  for (std::size_t l = 0; l < places_.size(); ++l) {
    const Layer& layer = architecture_.layers()[l];
    const auto& [weights, bias, stride] = places_[l];
    for (std::size_t output = 0; output < layer.outputs; ++output) {
      std::copy_n(packed + weights + output * stride, layer.inputs,
                  values.begin() + layer.weightOffset + output * layer.inputs);
    }
    std::copy_n(packed + bias, layer.outputs, values.begin() + layer.biasOffset);
  }
  return values;
}

}  // namespace lethe::cuda
