#pragma once

#include <cstddef>

#include "cpu/aligned_buffer.h"
#include "cpu/kernels/kernels.h"

namespace lethe::cpu {

/** Rows of floats, padded with zeros to whole panels: a batch of activations, or a matrix. */
class PaddedRows {
 public:
  PaddedRows() = default;
  PaddedRows(std::size_t rows, std::size_t columns)
      : columns_(columns), stride_(strideFor(columns)), buffer_(rows * stride_) {}

  float* row(std::size_t row) { return buffer_.data() + row * stride_; }
  float* data() { return buffer_.data(); }
  std::size_t columns() const { return columns_; }
  std::size_t bytes() const { return buffer_.bytes(); }
  std::ptrdiff_t stride() const { return static_cast<std::ptrdiff_t>(stride_); }

 private:
  /** An odd number of cache lines: rows at a power-of-two stride would share a few cache sets. */
  static constexpr std::size_t strideFor(std::size_t columns) {
    return panelCount(columns) * kPanelLanes + kCacheLine;
  }
  static constexpr std::size_t kCacheLine = 16;

  std::size_t columns_ = 0;
  std::size_t stride_ = 0;
  AlignedBuffer buffer_;
};

}  // namespace lethe::cpu
