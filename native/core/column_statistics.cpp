#include "lethe/column_statistics.h"

#include <algorithm>

#include "lethe/error.h"

namespace lethe {

ColumnStatistics columnStatistics(const Dataset& dataset, std::span<const std::uint32_t> rows) {
  if (rows.empty()) throw Error(ErrorCode::kEmptySet, "there are no rows to describe");
  const std::size_t columns = dataset.columns();
  const auto count = static_cast<double>(rows.size());
  ColumnStatistics statistics{std::vector<double>(columns), std::vector<double>(columns)};
  auto& [means, variances] = statistics;
  std::vector<float> values(columns);
  for (const std::uint32_t row : rows) {
    dataset.normalized({&row, 1}, values.data());
    for (std::size_t k = 0; k < columns; ++k) means[k] += double{values[k]};
  }
  for (double& mean : means) mean /= count;
  for (const std::uint32_t row : rows) {
    dataset.normalized({&row, 1}, values.data());
    for (std::size_t k = 0; k < columns; ++k) {
      const double distance = double{values[k]} - means[k];
      variances[k] += distance * distance;
    }
  }
  for (double& variance : variances) variance /= count;
  return statistics;
}

std::vector<float> scaledColumns(const Dataset& dataset, std::span<const std::uint32_t> rows,
                                 const ColumnScaling& scaling) {
  const auto& [columns, means, scales] = scaling;
  if (means.size() != columns.size() || scales.size() != columns.size() ||
      std::any_of(columns.begin(), columns.end(),
                  [&](std::uint32_t column) { return column >= dataset.columns(); })) {
    throw Error(ErrorCode::kInvalidArgument,
                "there must be a mean and a scale for every column, and every column one of the "
                "data set's");
  }
  std::vector<float> inputs(dataset.columns());
  std::vector<float> scaled;
  scaled.reserve(rows.size() * columns.size());
  for (const std::uint32_t row : rows) {
    dataset.normalized({&row, 1}, inputs.data());
    for (std::size_t i = 0; i < columns.size(); ++i) {
      const double distance = double{inputs[columns[i]]} - means[i];
      scaled.push_back(static_cast<float>(distance * scales[i]));
    }
  }
  return scaled;
}

}  // namespace lethe
