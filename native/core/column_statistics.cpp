#include "lethe/column_statistics.h"

#include <algorithm>
#include <future>

#include "core/shares.h"
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

/** Rows whose sums one thread takes at a time: so few that 32 bits hold those of squared bytes. */
constexpr std::size_t kPieceRows = 2048;

/** For each column the sum of its values, then for each the sum of their squares. */
template <class Sum>
using Sums = std::vector<Sum>;

/**
 * Adds up the sums of all pieces of the rows in their order, whichever thread has taken them.
 * sumsOf(rows) gives those of one piece.
 */
template <class Sum, class SumsOf>
Sums<Sum> sumsOfPieces(std::span<const std::uint32_t> rows, std::size_t columns,
                       std::size_t threads, const SumsOf& sumsOf) {
  const std::size_t pieces = (rows.size() + kPieceRows - 1) / kPieceRows;
  Sums<Sum> total(2 * columns);
  // A thread's pieces lie beside each other, and only `threads` of them are held at a time.
  const std::size_t atOnce = std::max<std::size_t>(1, std::min(threads, pieces));
  for (std::size_t first = 0; first < pieces; first += atOnce) {
    const auto piece = [&](std::size_t i) {
      const FloatingPointMode mode;
      const std::size_t begin = (first + i) * kPieceRows;
      return sumsOf(rows.subspan(begin, std::min(kPieceRows, rows.size() - begin)));
    };
    std::vector<std::future<Sums<Sum>>> others;
    for (std::size_t i = 1; i < std::min(atOnce, pieces - first); ++i) {
      // Deferred where the system has no more threads to give.
      others.push_back(std::async(std::launch::async | std::launch::deferred, piece, i));
    }
    const auto add = [&](const Sums<Sum>& sums) {
      for (std::size_t k = 0; k < total.size(); ++k) total[k] += sums[k];
    };
    add(piece(0));
    for (auto& other : others) add(other.get());
  }
  return total;
}

/** Added up in eight sums, so that a compiler can use vectors whatever their width. */
double squaredNorm(const float* inputs, std::span<const double> centres,
                   std::span<const double> scales) {
  constexpr std::size_t kSums = 8;
  double sums[kSums] = {};
  std::size_t k = 0;
  for (; k + kSums <= centres.size(); k += kSums) {
    for (std::size_t i = 0; i < kSums; ++i) {
      const double value = (double{inputs[k + i]} - centres[k + i]) * scales[k + i];
      sums[i] += value * value;
    }
  }
  double total = 0;
  for (const double sum : sums) total += sum;
  for (; k < centres.size(); ++k) {
    const double value = (double{inputs[k]} - centres[k]) * scales[k];
    total += value * value;
  }
  return total;
}

/** Exact but for the last divisions. */
ColumnStatistics statisticsOfBytes(const Dataset& dataset, std::span<const std::uint32_t> rows,
                                   std::size_t threads) {
  const std::size_t columns = dataset.columns();
  const auto sums = sumsOfPieces<std::uint64_t>(rows, columns, threads, [&](const auto& piece) {
    std::vector<std::uint32_t> own(2 * columns);
    for (const std::uint32_t row : piece) {
      const std::uint8_t* raw = dataset.byteFeatures() + row * columns;
      for (std::size_t k = 0; k < columns; ++k) {
        const std::uint32_t value = raw[k];
        own[k] += value;
        own[columns + k] += value * value;
      }
    }
    return Sums<std::uint64_t>(own.begin(), own.end());
  });
  const auto count = static_cast<double>(rows.size());
  const double scale = double{dataset.map().scale}, offset = double{dataset.map().offset};
  ColumnStatistics found{std::vector<double>(columns), std::vector<double>(columns)};
  for (std::size_t k = 0; k < columns; ++k) {
    const double mean = static_cast<double>(sums[k]) / count;
    const double square = static_cast<double>(sums[columns + k]) / count;
    found.means[k] = scale * mean + offset;
    found.variances[k] = scale * scale * std::max(0.0, square - mean * mean);
  }
  return found;
}

/** Sums differences to the first row, so that a large mean does not hide a small variance. */
ColumnStatistics statisticsOfFloats(const Dataset& dataset, std::span<const std::uint32_t> rows,
                                    std::size_t threads) {
  const std::size_t columns = dataset.columns();
  const float* shifts = dataset.floatFeatures() + rows.front() * columns;
  const auto sums = sumsOfPieces<double>(rows, columns, threads, [&](const auto& piece) {
    Sums<double> own(2 * columns);
    for (const std::uint32_t row : piece) {
      const float* raw = dataset.floatFeatures() + row * columns;
      for (std::size_t k = 0; k < columns; ++k) {
        const double difference = double{raw[k]} - double{shifts[k]};
        own[k] += difference;
        own[columns + k] += difference * difference;
      }
    }
    return own;
  });
  const auto count = static_cast<double>(rows.size());
  ColumnStatistics found{std::vector<double>(columns), std::vector<double>(columns)};
  for (std::size_t k = 0; k < columns; ++k) {
    const double mean = sums[k] / count;
    found.means[k] = double{shifts[k]} + mean;
    found.variances[k] = std::max(0.0, sums[columns + k] / count - mean * mean);
  }
  return found;
}

}  // namespace

ColumnStatistics columnStatistics(const Dataset& dataset, std::span<const std::uint32_t> rows,
                                  std::size_t threads) {
  const FloatingPointMode mode;
  if (rows.empty()) throw Error(ErrorCode::kEmptySet, "there are no rows to describe");
  dataset.checkRows(rows);
  return readUnchanged(dataset, [&] {
    return dataset.byteFeatures() ? statisticsOfBytes(dataset, rows, threads)
                                  : statisticsOfFloats(dataset, rows, threads);
  });
}

std::vector<double> squaredNorms(const Dataset& dataset, std::span<const std::uint32_t> rows,
                                 std::span<const double> centres, std::span<const double> scales,
                                 std::size_t threads) {
  const FloatingPointMode mode;
  dataset.checkRows(rows);
  if (centres.size() != dataset.columns() || scales.size() != dataset.columns()) {
    throw Error(ErrorCode::kInvalidArgument, "there must be a centre and a scale for every column");
  }
  return readUnchanged(dataset, [&] {
    std::vector<double> norms(rows.size());
    forEachShare(rows.size(), threads, [&](std::size_t begin, std::size_t end) {
      const FloatingPointMode mode;
      std::size_t at = begin;
      forEachRow(dataset, rows.subspan(begin, end - begin),
                 [&](const float* inputs) { norms[at++] = squaredNorm(inputs, centres, scales); });
    });
    return norms;
  });
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
  return readUnchanged(dataset, [&] {
    std::vector<float> scaled;
    scaled.reserve(rows.size() * scaling.columns.size());
    forEachRow(dataset, rows, [&](const float* inputs) {
      for (std::size_t i = 0; i < scaling.columns.size(); ++i) {
        const double distance = double{inputs[scaling.columns[i]]} - scaling.means[i];
        scaled.push_back(static_cast<float>(distance * scaling.scales[i]));
      }
    });
    return scaled;
  });
}

}  // namespace lethe
