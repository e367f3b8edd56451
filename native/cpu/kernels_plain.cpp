#include "kernels_template.h"
#include "simd_plain.h"

namespace lethe::cpu {

const Kernels& plainKernels() {
  static constexpr Kernels kKernels = makeKernels<SimdPlain>("plain");
  return kKernels;
}

}  // namespace lethe::cpu
