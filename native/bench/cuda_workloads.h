#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "bench/data.h"
#include "lethe/pass.h"

namespace lethe::bench {

/** The reference study's work: an MLP 784-512-128-10, batches of 128. */
class Workloads {
 public:
  /** Computes on the CPU the results that the device must match, bit for bit. */
  explicit Workloads(TrainAndTest data);

  struct Workload {
    PassSpec spec;
    std::vector<float> expected;  ///< the CPU's result
  };

  /** Five epochs of SGD with momentum. */
  const Workload& train() const { return train_; }
  /** The squared gradients of each training row, at the trained model. */
  const Workload& fisher() const { return fisher_; }
  /** An epoch of the study's clamped steps towards the uniform distribution. */
  const Workload& scrub() const { return scrub_; }
  /** Loss and hit of each test row, at the trained model. */
  const Workload& evaluate() const { return evaluate_; }

  /** A training without one percent of the rows, a different percent for each `index`. */
  PassSpec oracle(std::size_t index) const;

  /** The result of the CPU, computed on all its cores. */
  std::vector<float> onCpu(const PassSpec& spec) const;

 private:
  PassSpec training(std::vector<std::uint32_t> rows, std::uint64_t seed) const;

  TrainAndTest data_;
  std::unique_ptr<Backend> cpu_;
  Workload train_, fisher_, scrub_, evaluate_;
};

/** Whether two vectors are equal bit by bit. */
bool sameBits(const std::vector<float>& a, const std::vector<float>& b);

}  // namespace lethe::bench
