#include "cpu/kernels/kernels_template.h"
#include "cpu/kernels/simd_plain.h"

namespace lethe::cpu {

const Kernels& plainKernels() {
  static constexpr Kernels kKernels = makeKernels<SimdPlain>("plain");
  return kKernels;
}

}  // namespace lethe::cpu
