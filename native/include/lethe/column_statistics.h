#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "lethe/dataset.h"

namespace lethe {

/** Mean and variance of each column of the network's inputs over some rows, [columns]. */
struct ColumnStatistics {
  std::vector<double> means;
  std::vector<double> variances;
};

/**
 * Adds the rows in their order, in float64: the same bits for any number of threads. Throws
 * kInvalidRows, kEmptySet.
 */
ColumnStatistics columnStatistics(const Dataset& dataset, std::span<const std::uint32_t> rows,
                                  std::size_t threads = 1);

/**
 * The sum over all columns of ((input - centre) scale)^2 for each row, in float64. Throws
 * kInvalidRows, kInvalidArgument.
 */
std::vector<double> squaredNorms(const Dataset& dataset, std::span<const std::uint32_t> rows,
                                 std::span<const double> centres, std::span<const double> scales,
                                 std::size_t threads = 1);

/** Some columns, and for each the mean that is subtracted and the scale that the rest is multiplied
 * by. */
struct ColumnScaling {
  std::vector<std::uint32_t> columns;
  std::vector<double> means;
  std::vector<double> scales;
};

/** Computes (input - mean) scale, row-major [rows, columns], in float64, rounded once. Throws
 * kInvalidRows, kInvalidArgument. */
std::vector<float> scaledColumns(const Dataset& dataset, std::span<const std::uint32_t> rows,
                                 const ColumnScaling& scaling);

}  // namespace lethe
