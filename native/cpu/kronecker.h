#pragma once

#include "cpu/kernels/kernels.h"
#include "lethe/control.h"
#include "lethe/kronecker.h"

namespace lethe::cpu {

/** See Backend::kroneckerSolve. */
ParameterVector kroneckerSolve(const Kernels& kernels, std::size_t threads,
                               const FactoredFisher& fisher, const ParameterVector& gradient,
                               double damping, Control& control);

}  // namespace lethe::cpu
