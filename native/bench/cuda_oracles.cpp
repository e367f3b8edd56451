#include "bench/cuda_oracles.h"

#include <algorithm>
#include <atomic>
#include <exception>
#include <mutex>
#include <thread>
#include <vector>

#include "bench/timing.h"

namespace lethe::bench {
namespace {

/** Calls work(thread, index) for every index, in so many threads; throws what one of them threw. */
template <class Work>
void sideBySide(std::size_t threads, std::size_t count, const Work& work) {
  std::atomic<std::size_t> next{0};
  std::mutex mutex;
  std::exception_ptr failure;
  std::vector<std::thread> team;
  for (std::size_t thread = 0; thread < threads; ++thread) {
    team.emplace_back([&, thread] {
      try {
        for (std::size_t index; (index = next++) < count;) work(thread, index);
      } catch (...) {
        next = count;
        const std::lock_guard lock(mutex);
        failure = std::current_exception();
      }
    });
  }
  for (std::thread& member : team) member.join();
  if (failure) std::rethrow_exception(failure);
}

}  // namespace

OracleTimes trainOracles(const Workloads& workloads, const std::shared_ptr<CudaDevice>& device,
                         CudaExecution execution, std::size_t models, std::size_t concurrentRuns) {
  std::vector<std::unique_ptr<Backend>> backends(concurrentRuns);
  for (auto& backend : backends) {
    backend = makeCudaBackend(device, {.execution = execution, .concurrentRuns = concurrentRuns});
  }
  std::vector<PassSpec> oracles;
  for (std::size_t model = 0; model < models; ++model) oracles.push_back(workloads.oracle(model));
  std::vector<std::vector<float>> parameters(models);
  const auto train = [&](std::size_t thread, std::size_t model) {
    Control control;
    parameters[model] = pass(*backends[thread], oracles[model], control).values;
  };

  sideBySide(concurrentRuns, std::min(models, concurrentRuns), train);
  const auto start = Clock::now();
  sideBySide(concurrentRuns, models, train);
  const double seconds = secondsSince(start);
  return {seconds, sameBits(parameters.front(), workloads.onCpu(oracles.front())) &&
                       sameBits(parameters.back(), workloads.onCpu(oracles.back()))};
}

}  // namespace lethe::bench
