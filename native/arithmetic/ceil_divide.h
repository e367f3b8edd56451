#pragma once

#include <cstddef>

#include "arithmetic/host_device.h"

namespace lethe::arithmetic {

/** a / b, rounded up. */
LETHE_HOST_DEVICE constexpr std::size_t ceilDivide(std::size_t a, std::size_t b) {
  return (a + b - 1) / b;
}

}  // namespace lethe::arithmetic
