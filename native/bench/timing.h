#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace lethe::bench {

using Clock = std::chrono::steady_clock;

inline double secondsSince(Clock::time_point start) {
  return std::chrono::duration<double>(Clock::now() - start).count();
}

/** The median; for an even number of values the larger of the two in the middle. */
inline double median(std::vector<double> values) {
  const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
  std::nth_element(values.begin(), middle, values.end());
  return *middle;
}

/** The times of several runs, in seconds. */
struct Times {
  double minimum;
  double median;
};

/** Runs work() once to warm up, then `runs` times, each timed. */
template <class Work>
Times timeRuns(std::size_t runs, const Work& work) {
  work();
  std::vector<double> seconds;
  for (std::size_t run = 0; run < runs; ++run) {
    const auto start = Clock::now();
    work();
    seconds.push_back(secondsSince(start));
  }
  return {*std::min_element(seconds.begin(), seconds.end()), median(seconds)};
}

}  // namespace lethe::bench
