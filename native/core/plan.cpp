#include "lethe/plan.h"

#include <algorithm>
#include <utility>

#include "lethe/philox.h"

namespace lethe {

std::uint64_t Plan::steps() const { return std::min(maxSteps, stepsPerEpoch() * epochs); }

BatchOrder::BatchOrder(const Plan& plan) : plan_(plan), steps_(plan.steps()) {}

void BatchOrder::beginEpoch() {
  order_ = plan_.rows;
  if (!plan_.shuffleSeed) return;
  const auto epoch = static_cast<std::uint32_t>(step_ / plan_.stepsPerEpoch());
  sample(epoch);
  PhiloxStream stream(*plan_.shuffleSeed, PhiloxPurpose::kBatchOrder, epoch);
  for (std::size_t i = order_.size() - 1; i > 0; --i) {
    std::swap(order_[i], order_[stream.below(static_cast<std::uint32_t>(i + 1))]);
  }
}

void BatchOrder::sample(std::uint32_t epoch) {
  std::vector<std::uint32_t> pool = plan_.sampledRows;
  PhiloxStream stream(*plan_.shuffleSeed, PhiloxPurpose::kRowSample, epoch);
  for (std::size_t i = 0; i < plan_.samplesPerEpoch; ++i) {
    std::swap(pool[i], pool[i + stream.below(static_cast<std::uint32_t>(pool.size() - i))]);
    order_.push_back(pool[i]);
  }
}

std::optional<Batch> BatchOrder::next() {
  if (step_ == steps_) return std::nullopt;
  const std::uint64_t stepInEpoch = step_ % plan_.stepsPerEpoch();
  if (stepInEpoch == 0) beginEpoch();
  const std::size_t first = stepInEpoch * plan_.batchSize;
  const std::size_t count = std::min(plan_.batchSize, order_.size() - first);
  Batch batch{std::span(order_).subspan(first, count),
              static_cast<std::uint32_t>(step_ / plan_.stepsPerEpoch()), step_, false};
  ++step_;
  batch.endsEpoch = step_ == steps_ || step_ % plan_.stepsPerEpoch() == 0;
  return batch;
}

}  // namespace lethe
