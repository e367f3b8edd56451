#pragma once

#include <memory>

#include "cuda/host/device.h"

namespace lethe::test {

/** How the emulated device differs from one that works. */
struct Mishaps {
  std::size_t memory = SIZE_MAX;       ///< bytes that there are
  std::size_t allocations = SIZE_MAX;  ///< after so many there is no memory left
  std::size_t launches = SIZE_MAX;     ///< after so many the device is lost
};

/**
 * A device on the host: it runs the programs of the kernels one thread after the other, in memory
 * that begins as noise, and as soon as they are launched.
 */
std::unique_ptr<cuda::Device> makeEmulatedDevice(std::size_t processors = 4,
                                                 const Mishaps& mishaps = {});

}  // namespace lethe::test
