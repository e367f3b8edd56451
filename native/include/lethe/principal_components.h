#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace lethe {

/** Rows of numbers, centred: the mean of each column is 0. */
struct CentredRows {
  std::span<const float> values;  ///< row-major [rows, columns], finite
  std::size_t rows;
  std::size_t columns;
};

/** The directions along which rows vary most. */
struct PrincipalComponents {
  std::vector<float> directions;  ///< [components][columns]: of length 1, at right angles
  std::vector<double> variances;  ///< of each, over the rows, the largest first, all above 0
  double totalVariance = 0;       ///< of all columns together
};

/** The most components that can be asked for. */
inline constexpr std::size_t kMaxComponents = 118;

}  // namespace lethe
