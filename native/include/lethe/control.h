#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>

namespace lethe {

struct Progress {
  std::uint64_t step;  ///< steps done
  std::uint64_t steps;
  std::uint32_t epoch;  ///< the epoch of the last step, from 0
};

/** Lets the caller watch a run and stop it. */
class Control {
 public:
  void abort() { aborted_.store(true, std::memory_order_relaxed); }
  bool aborted() const { return aborted_.load(std::memory_order_relaxed); }

  /** Called on the thread of the run, at most 20 times a second. */
  std::function<void(const Progress&)> onProgress;

  /** Reports progress if the last report is old enough. Throws kAborted. */
  void poll(const Progress& progress);

 private:
  std::atomic<bool> aborted_{false};
  std::chrono::steady_clock::time_point lastReport_{};
};

/** Counts the steps done of a run, and ends the run when it is aborted. */
class Steps {
 public:
  /** Throws kAborted. */
  Steps(Control& control, std::uint64_t steps) : control_(control), steps_(steps) { poll(); }

  void advance() {
    ++done_;
    poll();
  }
  void poll() { control_.poll({done_, steps_, 0}); }
  bool aborted() const { return control_.aborted(); }

 private:
  Control& control_;
  std::uint64_t steps_;
  std::uint64_t done_ = 0;
};

}  // namespace lethe
