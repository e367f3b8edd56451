#include "cpu/packed_parameters.h"

#include <algorithm>

#include "lethe/floating_point.h"

namespace lethe::cpu {

PackedParameters::PackedParameters(const Architecture& architecture) : architecture_(architecture) {
  std::size_t size = 0;
  for (const Layer& layer : architecture.layers()) {
    const std::size_t lanes = panelCount(layer.outputs) * kPanelLanes;
    offsets_.push_back({size, size + lanes * layer.inputs});
    size += lanes * (layer.inputs + 1);
  }
  buffer_ = AlignedBuffer(size);
}

PackedParameters::PackedParameters(const Architecture& architecture, const ParameterVector& values)
    : PackedParameters(architecture) {
  float* packed = buffer_.data();
  forEach([&](std::size_t flat, std::size_t at) { packed[at] = values[flat]; });
}

ParameterVector PackedParameters::unpack() const {
  ParameterVector values(architecture_.parameterCount());
  const float* packed = buffer_.data();
  forEach([&](std::size_t flat, std::size_t at) { values[flat] = packed[at]; });
  return values;
}

/** Calls visit(index in the flat vector, index in the packed buffer) for every parameter. */
template <class Visit>
void PackedParameters::forEach(const Visit& visit) const {
  for (std::size_t l = 0; l < offsets_.size(); ++l) {
    const Layer& layer = architecture_.layers()[l];
    for (std::size_t output = 0; output < layer.outputs; ++output) {
      const std::size_t lane = output % kPanelLanes;
      const std::size_t column = offsets_[l].weights + (output - lane) * layer.inputs + lane;
      for (std::size_t k = 0; k < layer.inputs; ++k) {
        visit(layer.weightOffset + output * layer.inputs + k, column + k * kPanelLanes);
      }
      visit(layer.biasOffset + output, offsets_[l].bias + output);
    }
  }
}

bool PackedParameters::finite() const { return allFinite(buffer_.data(), buffer_.size()); }

void PackedParameters::transposePanel(std::size_t layer, std::size_t q, float* out) {
  const Layer& shape = architecture_.layers()[layer];
  const std::size_t firstInput = q * kPanelLanes;
  const std::size_t inputs = std::min(kPanelLanes, shape.inputs - firstInput);
  for (std::size_t p = 0; p < panelCount(shape.outputs); ++p) {
    const float* block = panel(layer, p) + firstInput * kPanelLanes;
    const std::size_t outputs = std::min(kPanelLanes, shape.outputs - p * kPanelLanes);
    for (std::size_t output = 0; output < outputs; ++output, out += kPanelLanes) {
      for (std::size_t lane = 0; lane < inputs; ++lane) {
        out[lane] = block[lane * kPanelLanes + output];
      }
      std::fill(out + inputs, out + kPanelLanes, 0.0f);
    }
  }
}

}  // namespace lethe::cpu
