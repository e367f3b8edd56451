#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "lethe/cpu.h"

namespace lethe {

/** Rows of numbers, centred: the mean of each column is 0. */
struct CentredRows {
  std::span<const float> values;  ///< row-major [rows, columns], finite
  std::size_t rows;
  std::size_t columns;
};

/** The directions along which rows vary most. */
struct PrincipalComponents {
  std::vector<float> directions;  ///< [components][columns], orthonormal
  std::vector<double> variances;  ///< along each direction, descending, all above 0
  double totalVariance = 0;       ///< the sum over all columns
};

/** The most components that can be asked for. */
inline constexpr std::size_t kMaxComponents = 118;

/**
 * Finds the first `components` principal components, or as many as there are. It uses a randomized
 * subspace iteration (Halko, Martinsson, Tropp 2011, "Finding structure with randomness",
 * algorithms 4.4 and 5.1), or all directions at once if there are few columns. The seed chooses
 * where it starts; the result is a function of rows, components and seed alone. Throws
 * kInvalidArgument: a value that is not finite, a wrong number of them, or components
 * outside 1..kMaxComponents.
 */
PrincipalComponents principalComponents(const CentredRows& rows, std::size_t components,
                                        std::uint64_t seed, const CpuOptions& cpu);

}  // namespace lethe
