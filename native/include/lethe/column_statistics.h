#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lethe/dataset.h"

namespace lethe {

/** Of the network's inputs, column by column, over some rows. */
struct ColumnStatistics {
  std::vector<double> means;
  std::vector<double> variances;
};

/** Throws kInvalidRows, kEmptySet. */
ColumnStatistics columnStatistics(const Dataset& dataset, std::span<const std::uint32_t> rows);

/** Some columns with what is taken from each value, and what the rest is multiplied by. */
struct ColumnScaling {
  std::vector<std::uint32_t> columns;
  std::vector<double> means;
  std::vector<double> scales;
};

/** (input - mean) scale, row-major [rows, columns]. Throws kInvalidRows, kInvalidArgument. */
std::vector<float> scaledColumns(const Dataset& dataset, std::span<const std::uint32_t> rows,
                                 const ColumnScaling& scaling);

}  // namespace lethe
