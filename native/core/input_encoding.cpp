#include "lethe/input_encoding.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include "core/shares.h"
#include "lethe/error.h"
#include "lethe/floating_point.h"

namespace lethe {
namespace {

std::size_t inputsOf(const EncodedColumn& column) {
  const bool isNumber = column.kind == EncodedColumn::Kind::kNumber;
  return (isNumber ? 1 : std::size_t{column.categories}) + column.indicator;
}

bool isUsable(const EncodedColumn& column) {
  if (column.kind == EncodedColumn::Kind::kCategory) return column.categories > 0;
  return std::isfinite(column.fill) && std::isfinite(column.centre) &&
         std::isfinite(column.scale) && column.scale != 0;
}

float held(float value) {
  constexpr float kLargest = std::numeric_limits<float>::max();
  return std::clamp(value, -kLargest, kLargest);
}

void requireFloats(const Dataset& dataset) {
  if (dataset.floatFeatures()) return;
  throw Error(ErrorCode::kInvalidArgument, "bytes cannot be encoded: only float32 features can");
}

}  // namespace

InputEncoding::InputEncoding(std::vector<EncodedColumn> columns) : columns_(std::move(columns)) {
  if (columns_.empty()) throw Error(ErrorCode::kInvalidArgument, "there is no column to encode");
  for (std::size_t i = 0; i < columns_.size(); ++i) {
    if (!isUsable(columns_[i])) {
      throw Error(ErrorCode::kInvalidArgument,
                  "column " + std::to_string(i) +
                      " needs at least one category, or finite numbers and a scale other than 0");
    }
    inputs_ += inputsOf(columns_[i]);
  }
}

void InputEncoding::encode(const float* row, float* out) const {
  for (const EncodedColumn& column : columns_) {
    const float value = *row++;
    const bool isMissing = std::isnan(value);
    if (column.kind == EncodedColumn::Kind::kNumber) {
      *out++ = held(((isMissing ? column.fill : value) - column.centre) / column.scale);
    } else {
      for (std::uint32_t k = 0; k < column.categories; ++k) {
        *out++ = value == static_cast<float>(k) ? 1.0f : 0.0f;
      }
    }
    if (column.indicator) *out++ = isMissing ? 1.0f : 0.0f;
  }
}

std::shared_ptr<Dataset> encodeRows(const Dataset& dataset, const InputEncoding& encoding,
                                    std::size_t threads) {
  requireFloats(dataset);
  if (dataset.columns() != encoding.columns()) {
    throw Error(ErrorCode::kInvalidArgument,
                "the encoding has " + std::to_string(encoding.columns()) +
                    " columns, but the data set " + std::to_string(dataset.columns()));
  }
  const std::size_t rows = dataset.rows(), inputs = encoding.inputs();
  return readUnchanged(dataset, [&] {
    std::vector<float> values(rows * inputs);
    std::vector<std::uint32_t> nonzeros(rows), labels(rows);
    forEachShare(rows, threads, [&](std::size_t begin, std::size_t end) {
      const FloatingPointMode mode;
      for (std::size_t row = begin; row < end; ++row) {
        float* own = values.data() + row * inputs;
        encoding.encode(dataset.floatFeatures() + row * dataset.columns(), own);
        nonzeros[row] = countNonzeros({own, inputs});
        labels[row] = dataset.label(row);
      }
    });
    return Dataset::fromCounted(std::move(values), std::move(nonzeros), std::move(labels), inputs,
                                dataset.classes());
  });
}

PresentStatistics presentStatistics(const Dataset& dataset, std::span<const std::uint32_t> rows,
                                    std::size_t threads) {
  requireFloats(dataset);
  dataset.checkRows(rows);
  const std::size_t columns = dataset.columns();
  PresentStatistics found{std::vector<double>(columns), std::vector<double>(columns),
                          std::vector<double>(columns)};
  // A thread takes some columns of all rows, so that their number does not change any sum.
  const auto describe = [&](std::size_t begin, std::size_t end) {
    const FloatingPointMode mode;
    const auto forEachPresent = [&](const auto& visit) {
      for (const std::uint32_t row : rows) {
        const float* raw = dataset.floatFeatures() + row * columns;
        for (std::size_t k = begin; k < end; ++k) {
          if (!std::isnan(raw[k])) visit(k, double{raw[k]});
        }
      }
    };
    const auto divide = [&](std::vector<double>& sums) {
      for (std::size_t k = begin; k < end; ++k) sums[k] /= std::max(1.0, found.counts[k]);
    };
    forEachPresent([&](std::size_t k, double value) {
      found.counts[k] += 1;
      found.means[k] += value;
    });
    divide(found.means);
    forEachPresent([&](std::size_t k, double value) {
      const double distance = value - found.means[k];
      found.variances[k] += distance * distance;
    });
    divide(found.variances);
  };
  return readUnchanged(dataset, [&] {
    forEachShare(columns, threads, describe);
    return found;
  });
}

}  // namespace lethe
