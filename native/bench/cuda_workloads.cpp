#include "bench/cuda_workloads.h"

#include <algorithm>
#include <cstring>
#include <numeric>
#include <thread>
#include <utility>

namespace lethe::bench {
namespace {

constexpr std::size_t kBatch = 128;
/** The batch that the library predicts with. */
constexpr std::size_t kForwardBatch = 512;
constexpr std::uint32_t kEpochs = 5;
constexpr std::uint64_t kSeed = 42;
/** Each oracle lacks one row in so many. */
constexpr std::size_t kFolds = 100;

std::vector<std::uint32_t> allRows(const Dataset& dataset) {
  std::vector<std::uint32_t> rows(dataset.rows());
  std::iota(rows.begin(), rows.end(), 0u);
  return rows;
}

Plan planOf(std::vector<std::uint32_t> rows, std::size_t batchSize) {
  Plan plan;
  plan.rows = std::move(rows);
  plan.batchSize = batchSize;
  return plan;
}

}  // namespace

Workloads::Workloads(TrainAndTest data)
    : data_(std::move(data)),
      cpu_(makeCpuBackend({std::max(1u, std::thread::hardware_concurrency()), ""})),
      train_{training(allRows(*data_.train), kSeed), {}},
      fisher_(train_),
      scrub_(train_),
      evaluate_(train_) {
  train_.expected = onCpu(train_.spec);
  const Model trained{train_.spec.model.architecture,
                      std::make_shared<const ParameterVector>(train_.expected)};

  fisher_.spec = {trained,
                  data_.train,
                  planOf(allRows(*data_.train), kBatch),
                  {},
                  SquaredGradient{FisherMode::kPerRow}};
  fisher_.expected = onCpu(fisher_.spec);

  const ClampedFisher step{.fisher = std::make_shared<const ParameterVector>(fisher_.expected),
                           .learningRate = 0.02f,
                           .alpha = 0.5f,
                           .clamp = 0.05f};
  scrub_.spec = {trained,
                 data_.train,
                 planOf(allRows(*data_.train), kBatch),
                 {.target = Target::kUniform},
                 step};
  scrub_.spec.plan.shuffleSeed = kSeed;
  scrub_.expected = onCpu(scrub_.spec);

  evaluate_.spec = {
      trained, data_.test, planOf(allRows(*data_.test), kForwardBatch), {}, RowLosses{}};
  evaluate_.expected = onCpu(evaluate_.spec);
}

PassSpec Workloads::training(std::vector<std::uint32_t> rows, std::uint64_t seed) const {
  const Architecture architecture({784, 512, 128, 10});
  Plan plan = planOf(std::move(rows), kBatch);
  plan.epochs = kEpochs;
  plan.shuffleSeed = seed;
  return {{architecture,
           std::make_shared<const ParameterVector>(initialParameters(architecture, seed))},
          data_.train,
          std::move(plan),
          {},
          Sgd{.learningRate = 0.01f, .momentum = 0.9f}};
}

PassSpec Workloads::oracle(std::size_t index) const {
  std::vector<std::uint32_t> rows;
  for (const std::uint32_t row : allRows(*data_.train)) {
    if (row % kFolds != index % kFolds) rows.push_back(row);
  }
  return training(std::move(rows), kSeed + index);
}

std::vector<float> Workloads::onCpu(const PassSpec& spec) const {
  Control control;
  return pass(*cpu_, spec, control).values;
}

bool sameBits(const std::vector<float>& a, const std::vector<float>& b) {
  return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
}

}  // namespace lethe::bench
