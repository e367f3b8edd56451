#pragma once

#include <cstddef>
#include <vector>

#include "lethe/model.h"

namespace lethe::cuda {

/**
 * Where parameters lie on a device. They have the order of Architecture, but every row of weights
 * and every layer's biases begin at a multiple of four floats, with zeros between.
 */
class ParameterLayout {
 public:
  explicit ParameterLayout(const Architecture& architecture);

  std::size_t size() const { return size_; }  ///< in floats
  std::size_t weights(std::size_t layer) const { return places_[layer].weights; }
  std::size_t bias(std::size_t layer) const { return places_[layer].bias; }
  std::size_t stride(std::size_t layer) const { return places_[layer].stride; }

  void pack(const ParameterVector& values, float* packed) const;
  ParameterVector unpack(const float* packed) const;

 private:
  struct Place {
    std::size_t weights, bias, stride;
  };

  Architecture architecture_;
  std::vector<Place> places_;
  std::size_t size_ = 0;
};

}  // namespace lethe::cuda
