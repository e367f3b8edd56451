#include "lethe/map_rows.h"

#include <algorithm>
#include <atomic>
#include <future>
#include <system_error>

#include "lethe/error.h"
#include "lethe/floating_point.h"

namespace lethe {
namespace {

/** Rows at a time: so few that they stay in a core's cache, and that nobody asks the system for
 * memory. */
constexpr std::size_t kChunk = 256;

Model layerOf(const LinearMap& map) {
  const auto outputs = map.bias.size();
  if (outputs == 0 || map.weights.size() != outputs * map.columns.size()) {
    throw Error(ErrorCode::kInvalidArgument, "the map must hold outputs x columns weights");
  }
  ParameterVector parameters = map.weights;
  parameters.insert(parameters.end(), map.bias.begin(), map.bias.end());
  if (!allFinite(parameters.data(), parameters.size())) {
    throw Error(ErrorCode::kInvalidArgument, "every weight of the map must be finite");
  }
  return {Architecture({static_cast<std::uint32_t>(map.columns.size()),
                        static_cast<std::uint32_t>(outputs)}),
          std::make_shared<const ParameterVector>(std::move(parameters))};
}

/** The rows' chunks, each of which one thread takes and maps on its own. */
class Chunks {
 public:
  Chunks(Backend& backend, const Dataset& dataset, std::span<const std::uint32_t> rows,
         const LinearMap& map)
      : backend_(backend),
        dataset_(dataset),
        rows_(rows),
        map_(map),
        layer_(layerOf(map)),
        values_(rows.size() * map.bias.size()) {}

  /** Until there are no more, or somebody has failed; afterEach(rows mapped by all so far). */
  template <class AfterEach>
  void take(const AfterEach& afterEach) {
    try {
      const auto predictor = backend_.predictor(layer_);
      while (!failed_) {
        const std::size_t first = next_.fetch_add(kChunk);
        if (first >= rows_.size()) return;
        const auto chunk = rows_.subspan(first, std::min(kChunk, rows_.size() - first));
        const auto mapped = predictor->logits(dataset_.select(chunk, map_.columns));
        std::copy(mapped.begin(), mapped.end(), values_.begin() + offset(first));
        afterEach(done_ += chunk.size());
      }
    } catch (...) {
      failed_ = true;
      throw;
    }
  }

  std::vector<float> takeValues() { return std::move(values_); }

 private:
  std::ptrdiff_t offset(std::size_t row) const {
    return static_cast<std::ptrdiff_t>(row * map_.bias.size());
  }

  Backend& backend_;
  const Dataset& dataset_;
  std::span<const std::uint32_t> rows_;
  const LinearMap& map_;
  Model layer_;
  std::vector<float> values_;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::size_t> done_{0};
  std::atomic<bool> failed_{false};
};

}  // namespace

std::shared_ptr<const Dataset> mapRows(Backend& backend, const Dataset& dataset,
                                       std::span<const std::uint32_t> rows, const LinearMap& map,
                                       std::size_t threads, Control& control) {
  if (rows.empty()) throw Error(ErrorCode::kEmptySet, "there are no rows to map");
  dataset.checkRows(rows);
  Chunks chunks(backend, dataset, rows, map);
  const auto report = [&](std::size_t done) { control.poll({done, rows.size(), 0}); };
  control.poll({0, rows.size(), 0});

  std::vector<std::future<void>> others;
  const std::size_t useful = (rows.size() + kChunk - 1) / kChunk;
  try {
    for (std::size_t i = 1; i < std::min(threads, useful); ++i) {
      others.push_back(std::async(std::launch::async, [&] { chunks.take([](std::size_t) {}); }));
    }
  } catch (const std::system_error&) {
    // With fewer threads it takes longer.
  }
  chunks.take(report);
  for (auto& other : others) other.get();

  std::vector<std::uint32_t> labels(rows.size());
  std::transform(rows.begin(), rows.end(), labels.begin(),
                 [&](std::uint32_t row) { return dataset.label(row); });
  return Dataset::fromFloats(chunks.takeValues(), std::move(labels), map.bias.size(),
                             dataset.classes());
}

}  // namespace lethe
