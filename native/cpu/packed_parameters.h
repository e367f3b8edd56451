#pragma once

#include <cstddef>
#include <vector>

#include "cpu/aligned_buffer.h"
#include "cpu/kernels/kernels.h"
#include "lethe/model.h"

namespace lethe::cpu {

/**
 * A parameter vector in the layout that the kernels read. Each layer's weights lie in panels of
 * kPanelLanes outputs, panel p holding W[32 p + lane][k] at [k][lane]; the biases follow. Lanes
 * beyond the last output are zero.
 */
class PackedParameters {
 public:
  /** All zeros. */
  explicit PackedParameters(const Architecture& architecture);
  PackedParameters(const Architecture& architecture, const ParameterVector& values);

  /** The values in the order of Architecture. */
  ParameterVector unpack() const;
  bool finite() const;
  std::size_t bytes() const { return buffer_.bytes(); }

  /** [inputs][kPanelLanes] */
  float* panel(std::size_t layer, std::size_t panel) {
    return buffer_.data() + offsets_[layer].weights +
           panel * static_cast<std::size_t>(panelStride(layer));
  }
  /** The distance from one panel to the next, in floats. */
  std::ptrdiff_t panelStride(std::size_t layer) const {
    return static_cast<std::ptrdiff_t>(architecture_.layers()[layer].inputs * kPanelLanes);
  }
  /** [kPanelLanes], the biases of one panel's outputs */
  float* bias(std::size_t layer, std::size_t panel) {
    return buffer_.data() + offsets_[layer].bias + panel * kPanelLanes;
  }

  /**
   * Writes the panel of the transposed weights that covers inputs 32 q..32 q + 31 of a layer:
   * out[output][lane] = W[output][32 q + lane], zero beyond the last input.
   */
  void transposePanel(std::size_t layer, std::size_t q, float* out);

 private:
  struct Offsets {
    std::size_t weights;
    std::size_t bias;
  };

  template <class Visit>
  void forEach(const Visit& visit) const;

  Architecture architecture_;
  std::vector<Offsets> offsets_;
  AlignedBuffer buffer_;
};

}  // namespace lethe::cpu
