#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace lethe::cpu {

/**
 * A few threads, the caller included, that share out the tasks of one stage after another. Tasks
 * are taken from a common counter, so that the caller finishes alone if the others are not running.
 * Waiting threads spin for a bounded time and then sleep.
 */
class ThreadTeam {
 public:
  /** `size` includes the calling thread; the threads start and end with the team. */
  explicit ThreadTeam(std::size_t size);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  std::size_t size() const { return threads_.size() + 1; }

  /** Calls task(index, worker) for every index below `count`, worker < size(); returns when all are
   * done. */
  template <class Task>
  void run(std::size_t count, const Task& task) {
    runErased(count, &task, [](const void* context, std::size_t index, std::size_t worker) {
      (*static_cast<const Task*>(context))(index, worker);
    });
  }

 private:
  using Invoke = void (*)(const void* context, std::size_t index, std::size_t worker);

  /**
   * Generation, task count and next task in one word: whoever swaps the word owns a task of just
   * that stage, so a thread that wakes late can never take part in a stage that it does not know.
   */
  struct Ticket {
    std::uint64_t word;
    static constexpr std::uint64_t kFieldMask = (1u << 20) - 1;
    static Ticket first(std::uint64_t generation, std::size_t count) {
      return {generation << 40 | static_cast<std::uint64_t>(count) << 20};
    }
    std::uint64_t generation() const { return word >> 40; }
    std::size_t count() const { return word >> 20 & kFieldMask; }
    std::size_t next() const { return word & kFieldMask; }
  };

  void runErased(std::size_t count, const void* context, Invoke invoke);
  void runStage(std::size_t count, const void* context, Invoke invoke);
  void takeTasks(std::size_t worker);
  void serve(std::size_t worker);
  Ticket awaitNextStage(std::uint64_t generation);

  std::vector<std::thread> threads_;
  alignas(64) std::atomic<std::uint64_t> ticket_{0};
  alignas(64) std::atomic<std::size_t> pending_{0};
  std::atomic<const void*> context_{nullptr};
  std::atomic<Invoke> invoke_{nullptr};
  std::atomic<bool> stopping_{false};
};

}  // namespace lethe::cpu
