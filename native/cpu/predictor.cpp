#include "cpu/predictor.h"

#include <algorithm>

#include "lethe/error.h"
#include "lethe/floating_point.h"

namespace lethe::cpu {
namespace {

/** Rows computed at a time: enough to use each weight several times while it is cached. */
constexpr std::size_t kBatch = 64;

/**
 * Parameters from which on a row is worth more than one thread: they no longer fit the second-level
 * cache, and each thread waits for the memory.
 */
constexpr std::size_t kManyParameters = std::size_t{1} << 20;

Plan planOf(std::size_t batch) {
  Plan plan;
  plan.rows.resize(batch);
  plan.batchSize = batch;
  return plan;
}

}  // namespace

CpuPredictor::CpuPredictor(const Model& model, const Kernels& kernels, std::size_t threads)
    : plan_(planOf(kBatch)),
      executor_({model, nullptr, {}, Logits{}, plan_}, kernels,
                model.architecture.parameterCount() < kManyParameters ? 1 : threads) {}

std::vector<float> CpuPredictor::logits(std::shared_ptr<const Dataset> dataset,
                                        std::span<const std::uint32_t> rows) {
  const FloatingPointMode mode;
  executor_.readFrom(std::move(dataset));
  for (std::size_t first = 0; first < rows.size(); first += kBatch) {
    executor_.step(rows.subspan(first, std::min(kBatch, rows.size() - first)));
  }
  std::vector<float> logits = executor_.finish();
  executor_.readFrom(nullptr);
  if (!allFinite(logits.data(), logits.size())) {
    throw Error(ErrorCode::kDiverged,
                "a result is not finite: the inputs or weights are too large");
  }
  return logits;
}

}  // namespace lethe::cpu
