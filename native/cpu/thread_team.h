#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

namespace lethe::cpu {

/**
 * A few threads, the caller included, that run the tasks of one stage after another. Each worker
 * begins with a share of its own, the same one for the same counts, so that what it wrote last time
 * is still in its cache. Then it takes tasks from the other shares, so that the caller can finish
 * alone if the other threads are not running. Waiting threads spin for a bounded time and then
 * sleep.
 */
class ThreadTeam {
 public:
  /** `size` includes the calling thread. The threads start and end with the team. */
  explicit ThreadTeam(std::size_t size);
  ~ThreadTeam();
  ThreadTeam(const ThreadTeam&) = delete;
  ThreadTeam& operator=(const ThreadTeam&) = delete;

  std::size_t size() const { return threads_.size() + 1; }

  /** Calls task(index, worker) for every index below `count`, worker < size(), and waits for all.
   */
  template <class Task>
  void run(std::size_t count, const Task& task) {
    run(count, 0, task);
  }

  /** The same for two kinds of tasks, first + second of them; each share holds its part of both. */
  template <class Task>
  void run(std::size_t first, std::size_t second, const Task& task) {
    runErased({&task,
               [](const void* context, std::size_t index, std::size_t worker) {
                 (*static_cast<const Task*>(context))(index, worker);
               },
               first, second});
  }

 private:
  struct Stage {
    const void* context;
    void (*invoke)(const void* context, std::size_t index, std::size_t worker);
    std::size_t first;
    std::size_t second;
  };

  /**
   * Generation, task count and next task of a share in one word. The thread that swaps the word
   * owns a task of just that stage, so a thread that wakes late can never take part in a stage that
   * it does not know.
   */
  struct Ticket {
    std::uint64_t word;
    static constexpr std::uint64_t kFieldMask = (1u << 20) - 1;
    static Ticket first(std::uint64_t generation, std::size_t count) {
      return {generation << 40 | static_cast<std::uint64_t>(count) << 20};
    }
    std::size_t count() const { return word >> 20 & kFieldMask; }
    std::size_t next() const { return word & kFieldMask; }
  };

  struct alignas(64) Share {
    std::atomic<std::uint64_t> ticket{0};
  };

  /** The tasks [begin, end) of `count` that are a worker's share. */
  struct Range {
    std::size_t begin;
    std::size_t end;
    std::size_t size() const { return end - begin; }
  };
  Range shareOf(std::size_t worker, std::size_t count) const {
    return {count * worker / shares_.size(), count * (worker + 1) / shares_.size()};
  }

  void runErased(const Stage& stage);
  void runStage(const Stage& stage);
  void takeTasks(std::size_t worker);
  void takeShare(std::size_t owner, std::size_t worker);
  void serve(std::size_t worker);
  std::uint64_t awaitNextStage(std::uint64_t generation);

  std::vector<std::thread> threads_;
  std::vector<Share> shares_;  ///< one a worker, even if its thread could not be started
  Stage stage_{};              ///< written while no task is pending, read by those that own one
  alignas(64) std::atomic<std::uint64_t> generation_{0};
  alignas(64) std::atomic<std::size_t> pending_{0};
  std::atomic<bool> stopping_{false};
};

}  // namespace lethe::cpu
