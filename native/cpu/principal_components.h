#pragma once

#include "cpu/kernels/kernels.h"
#include "lethe/principal_components.h"

namespace lethe::cpu {

/** See Backend::principalComponents. */
PrincipalComponents principalComponents(const Kernels& kernels, std::size_t threads,
                                        const CentredRows& rows, std::size_t components,
                                        std::uint64_t seed);

}  // namespace lethe::cpu
