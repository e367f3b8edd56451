#include "lethe/column_statistics.h"

#include <algorithm>

#include "lethe/error.h"
#include "lethe/floating_point.h"

namespace lethe {
namespace {

/** How many rows are normalized at once: enough to pay for the call, few enough for the cache. */
constexpr std::size_t kRows = 32;

/** Calls visit(the network's inputs) for one row after another. */
template <class Visit>
void forEachRow(const Dataset& dataset, std::span<const std::uint32_t> rows, const Visit& visit) {
  std::vector<float> inputs(kRows * dataset.columns());
  for (std::size_t first = 0; first < rows.size(); first += kRows) {
    const auto some = rows.subspan(first, std::min(kRows, rows.size() - first));
    dataset.normalized(some, inputs.data());
    for (std::size_t i = 0; i < some.size(); ++i) visit(&inputs[i * dataset.columns()]);
  }
}

}  // namespace

ColumnStatistics columnStatistics(const Dataset& dataset, std::span<const std::uint32_t> rows) {
  const FloatingPointMode mode;
  if (rows.empty()) throw Error(ErrorCode::kEmptySet, "there are no rows to describe");
  const std::size_t columns = dataset.columns();
  const auto count = static_cast<double>(rows.size());
  std::vector<double> means(columns);
  forEachRow(dataset, rows, [&](const float* inputs) {
    for (std::size_t k = 0; k < columns; ++k) means[k] += double{inputs[k]};
  });
  for (double& mean : means) mean /= count;
  std::vector<double> variances(columns);
  forEachRow(dataset, rows, [&](const float* inputs) {
    for (std::size_t k = 0; k < columns; ++k) {
      const double distance = double{inputs[k]} - means[k];
      variances[k] += distance * distance;
    }
  });
  for (double& variance : variances) variance /= count;
  return {std::move(means), std::move(variances)};
}

std::vector<float> scaledColumns(const Dataset& dataset, std::span<const std::uint32_t> rows,
                                 const ColumnScaling& scaling) {
  const FloatingPointMode mode;
  const auto& [columns, means, scales] = scaling;
  if (means.size() != columns.size() || scales.size() != columns.size() ||
      std::any_of(columns.begin(), columns.end(),
                  [&](std::uint32_t column) { return column >= dataset.columns(); })) {
    throw Error(ErrorCode::kInvalidArgument,
                "there must be a mean and a scale for every column, and every column one of the "
                "data set's");
  }
  std::vector<float> scaled;
  scaled.reserve(rows.size() * columns.size());
  forEachRow(dataset, rows, [&](const float* inputs) {
    for (std::size_t i = 0; i < scaling.columns.size(); ++i) {
      const double distance = double{inputs[scaling.columns[i]]} - scaling.means[i];
      scaled.push_back(static_cast<float>(distance * scaling.scales[i]));
    }
  });
  return scaled;
}

}  // namespace lethe
