#pragma once

#include "cuda/host/device.h"
#include "cuda/kernels/rows.h"

namespace lethe::cuda {

/** A matrix of floats in a device's memory, zero at first; its rows are padded to alignedWidth. */
struct DeviceMatrix {
  DeviceMatrix() = default;
  DeviceMatrix(Device& device, Stream& stream, std::size_t rows, std::size_t columns)
      : columns(columns),
        stride(alignedWidth(columns)),
        buffer(zeroed<float>(device, stream, rows * stride)) {}

  float* data() const { return buffer.data(); }
  Rows rows(Values values = Values::kRaw) const {
    return {.floats = buffer.data(), .columns = columns, .stride = stride, .values = values};
  }

  std::size_t columns = 0;
  std::size_t stride = 0;
  Buffer<float> buffer;
};

}  // namespace lethe::cuda
