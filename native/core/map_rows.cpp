#include "lethe/map_rows.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <future>
#include <numeric>
#include <string>

#include "lethe/error.h"
#include "lethe/floating_point.h"

namespace lethe {
namespace {

/** Rows mapped at a time: so few that they stay in a core's cache and malloc needs no system call.
 */
constexpr std::size_t kChunk = 256;

void check(const Dataset& dataset, const LinearMap& map) {
  const auto require = [](bool condition, const std::string& message) {
    if (!condition) throw Error(ErrorCode::kInvalidArgument, message);
  };
  require(!map.bias.empty() && map.weights.size() == map.bias.size() * map.columns.size(),
          "the map must hold outputs x columns weights");
  require(std::all_of(map.columns.begin(), map.columns.end(),
                      [&](std::uint32_t column) { return column < dataset.columns(); }),
          "every column must be below " + std::to_string(dataset.columns()));
  require(allFinite(map.weights.data(), map.weights.size()) &&
              allFinite(map.bias.data(), map.bias.size()),
          "every weight of the map must be finite");
}

bool readsEveryColumn(const Dataset& dataset, const LinearMap& map) {
  std::size_t next = 0;
  return map.columns.size() == dataset.columns() &&
         std::all_of(map.columns.begin(), map.columns.end(),
                     [&](std::uint32_t column) { return column == next++; });
}

Model layerOf(const LinearMap& map) {
  ParameterVector parameters = map.weights;
  parameters.insert(parameters.end(), map.bias.begin(), map.bias.end());
  return {Architecture({static_cast<std::uint32_t>(map.columns.size()),
                        static_cast<std::uint32_t>(map.bias.size())}),
          std::make_shared<const ParameterVector>(std::move(parameters))};
}

/** The rows in chunks, each of which a thread takes and maps on its own. */
class Chunks {
 public:
  Chunks(Backend& backend, std::shared_ptr<const Dataset> dataset,
         std::span<const std::uint32_t> rows, const LinearMap& map)
      : backend_(backend),
        dataset_(std::move(dataset)),
        rows_(rows),
        map_(map),
        readsEveryColumn_(readsEveryColumn(*dataset_, map)),
        layer_(layerOf(map)),
        values_(rows.size() * outputs()),
        nonzeros_(rows.size()) {}

  /**
   * Maps chunks until none are left or some thread has failed; calls afterEach(rows mapped so far
   * by all threads) after each.
   */
  template <class AfterEach>
  void take(const AfterEach& afterEach) {
    try {
      const auto predictor = backend_.predictor(layer_);
      while (!failed_) {
        const std::size_t first = next_.fetch_add(kChunk);
        if (first >= rows_.size()) return;
        const std::size_t count = std::min(kChunk, rows_.size() - first);
        put(first, mapped(*predictor, rows_.subspan(first, count)));
        afterEach(done_ += count);
      }
    } catch (...) {
      failed_ = true;
      throw;
    }
  }

  std::shared_ptr<Dataset> finish() {
    std::vector<std::uint32_t> labels(rows_.size());
    std::transform(rows_.begin(), rows_.end(), labels.begin(),
                   [&](std::uint32_t row) { return dataset_->label(row); });
    return Dataset::fromCounted(std::move(values_), std::move(nonzeros_), std::move(labels),
                                outputs(), dataset_->classes());
  }

 private:
  std::size_t outputs() const { return map_.bias.size(); }

  std::vector<float> mapped(Predictor& predictor, std::span<const std::uint32_t> rows) const {
    if (readsEveryColumn_) return predictor.logits(dataset_, rows);
    std::uint32_t every[kChunk];
    std::iota(every, every + rows.size(), 0u);
    return predictor.logits(dataset_->select(rows, map_.columns), {every, rows.size()});
  }

  void put(std::size_t first, const std::vector<float>& mapped) {
    float* to = &values_[first * outputs()];
    std::copy(mapped.begin(), mapped.end(), to);
    for (std::size_t i = 0; i < mapped.size() / outputs(); ++i) {
      nonzeros_[first + i] = countNonzeros({to + i * outputs(), outputs()});
    }
  }

  Backend& backend_;
  std::shared_ptr<const Dataset> dataset_;
  std::span<const std::uint32_t> rows_;
  const LinearMap& map_;
  bool readsEveryColumn_;
  Model layer_;
  std::vector<float> values_;
  std::vector<std::uint32_t> nonzeros_;
  std::atomic<std::size_t> next_{0};
  std::atomic<std::size_t> done_{0};
  std::atomic<bool> failed_{false};
};

std::shared_ptr<Dataset> mapChunks(Chunks& chunks, std::size_t rows, std::size_t threads,
                                   Control& control) {
  const auto report = [&](std::size_t done) { control.poll({done, rows, 0}); };
  control.poll({0, rows, 0});

  std::vector<std::future<void>> others;
  const std::size_t useful = std::min(threads, (rows + kChunk - 1) / kChunk);
  others.reserve(useful);
  try {
    for (std::size_t i = 1; i < useful; ++i) {
      others.push_back(std::async(std::launch::async, [&] { chunks.take([](std::size_t) {}); }));
    }
  } catch (const std::exception&) {
    // The system has no more threads to give. Fewer of them only take longer.
  }
  chunks.take(report);
  for (auto& other : others) other.get();
  return chunks.finish();
}

}  // namespace

std::shared_ptr<Dataset> mapRows(Backend& backend, std::shared_ptr<const Dataset> dataset,
                                 std::span<const std::uint32_t> rows, const LinearMap& map,
                                 std::size_t threads, Control& control) {
  if (rows.empty()) throw Error(ErrorCode::kEmptySet, "there are no rows to map");
  dataset->checkRows(rows);
  check(*dataset, map);
  Chunks chunks(backend, dataset, rows, map);
  return readUnchanged(*dataset, [&] { return mapChunks(chunks, rows.size(), threads, control); });
}

}  // namespace lethe
