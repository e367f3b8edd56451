#pragma once

#include <memory>

#include "cuda/host/device.h"

namespace lethe::test {

/** The failures that an emulated device can have. */
struct Mishaps {
  std::size_t memory = SIZE_MAX;       ///< bytes that there are
  std::size_t allocations = SIZE_MAX;  ///< then no memory is left
  std::size_t launches = SIZE_MAX;     ///< then the device is lost
};

/**
 * A device that runs kernels on the host as soon as they are launched, one thread after the other,
 * in memory that is not zero at first.
 */
std::unique_ptr<cuda::Device> makeEmulatedDevice(std::size_t processors = 4,
                                                 const Mishaps& mishaps = {});

}  // namespace lethe::test
