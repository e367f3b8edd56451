#include "cpu/thread_team.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <chrono>
#include <fstream>
#include <numeric>
#include <thread>
#include <vector>

namespace lethe::cpu {
namespace {

/** Runs one stage, and tells whether every task ran exactly once on a worker of the team. */
testing::AssertionResult runsOnce(ThreadTeam& team, std::size_t count) {
  std::vector<std::atomic<std::uint8_t>> runs(count);
  std::atomic<bool> strangers{false};
  team.run(count, [&](std::size_t index, std::size_t worker) {
    if (worker >= team.size()) strangers = true;
    runs.at(index).fetch_add(1, std::memory_order_relaxed);
  });
  if (strangers) return testing::AssertionFailure() << "a worker that the team does not have";
  for (std::size_t i = 0; i < count; ++i) {
    if (runs[i] != 1) {
      return testing::AssertionFailure() << "task " << i << " ran " << int{runs[i]} << " times";
    }
  }
  return testing::AssertionSuccess();
}

/** Writes without atomics what the next stage reads: a stage must happen before the next one. */
std::uint64_t pipeline(ThreadTeam& team, std::size_t tasks, int stages) {
  std::vector<std::uint64_t> from(tasks, 1), to(tasks);
  for (int stage = 0; stage < stages; ++stage) {
    team.run(tasks, [&](std::size_t index, std::size_t) {
      to[index] = from[index] + from[(index + 1) % tasks];
    });
    std::swap(from, to);
  }
  return std::accumulate(from.begin(), from.end(), std::uint64_t{0});
}

TEST(ThreadTeam, runs_every_task_once) {
  for (const std::size_t size : {1, 2, 3, 8}) {
    ThreadTeam team(size);
    EXPECT_EQ(team.size(), size);
    for (const std::size_t count : {0, 1, 2, 7, 8, 9, 1000, 3, 0, 64}) {
      EXPECT_TRUE(runsOnce(team, count)) << size << " threads, " << count << " tasks";
    }
  }
}

#if defined(__GLIBC__)
/** While it lives, new threads have a stack of this size. */
class StackSize {
 public:
  explicit StackSize(std::size_t bytes) {
    pthread_getattr_default_np(&usual_);
    pthread_attr_t changed;
    pthread_attr_init(&changed);
    pthread_attr_setstacksize(&changed, bytes);
    pthread_setattr_default_np(&changed);
    pthread_attr_destroy(&changed);
  }
  ~StackSize() {
    pthread_setattr_default_np(&usual_);
    pthread_attr_destroy(&usual_);
  }

 private:
  pthread_attr_t usual_;
};

/** While it lives, no thread can be started, because none gets a stack of this size. */
struct NoMoreThreads {
  StackSize stack{std::size_t{1} << 60};
};

/** While it lives, the process may have the stack of one more thread, but not of two. */
class MemoryForOneThread {
 public:
  MemoryForOneThread() {
    getrlimit(RLIMIT_AS, &usual_);
    std::size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    rlimit scarce = usual_;
    scarce.rlim_cur = pages * static_cast<std::size_t>(sysconf(_SC_PAGESIZE)) + kStack / 2 * 3;
    setrlimit(RLIMIT_AS, &scarce);
  }
  ~MemoryForOneThread() { setrlimit(RLIMIT_AS, &usual_); }

 private:
  static constexpr std::size_t kStack = std::size_t{1} << 29;

  StackSize stack_{kStack};
  rlimit usual_;
};

TEST(ThreadTeam, works_with_fewer_where_the_system_has_no_more_threads) {
  // ThreadSanitizer starts a thread of its own beside the first one, which must not need a stack
  // while memory is scarce.
  std::thread([] {}).join();
  const MemoryForOneThread scarcity;
  ThreadTeam team(4);
  EXPECT_EQ(team.size(), 2u);
  EXPECT_TRUE(runsOnce(team, 1000));
}

TEST(ThreadTeam, works_alone_where_the_system_has_no_more_threads) {
  const NoMoreThreads scarcity;
  ThreadTeam team(4);
  EXPECT_EQ(team.size(), 1u);
  EXPECT_TRUE(runsOnce(team, 1000));
}
#endif

TEST(ThreadTeam, runs_more_tasks_than_a_ticket_counts) {
  for (const std::size_t size : {1, 2, 3}) {
    ThreadTeam team(size);
    EXPECT_TRUE(runsOnce(team, (1u << 20) - 1));
    EXPECT_TRUE(runsOnce(team, 1u << 20));
    EXPECT_TRUE(runsOnce(team, (2u << 20) + 5));
  }
}

TEST(ThreadTeam, finishes_a_stage_before_the_next) {
  ThreadTeam team(3);
  EXPECT_EQ(pipeline(team, 16, 50), 16ull << 50);
  for (int i = 0; i < 1000; ++i) ASSERT_EQ(pipeline(team, 5, 10), 5ull << 10);
}

/** The other thread stays in its first task until all others are done, so the caller must do them.
 */
TEST(ThreadTeam, takes_what_others_have_left) {
  constexpr std::size_t kTasks = 100;
  ThreadTeam team(2);
  std::atomic<std::size_t> done{0};
  team.run(kTasks, [&](std::size_t, std::size_t worker) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (worker == 1 && done < kTasks - 1 && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    if (worker == 1) {
      EXPECT_EQ(done, kTasks - 1);
    }
    ++done;
  });
  EXPECT_EQ(done, kTasks);
}

/** A worker runs one task at a time, so its scratch memory needs no lock. */
TEST(ThreadTeam, gives_a_worker_one_task_at_a_time) {
  ThreadTeam team(4);
  std::vector<std::uint64_t> scratch(4 * 8);  // a cache line a worker, written without atomics
  for (int stage = 0; stage < 200; ++stage) {
    team.run(50, [&](std::size_t, std::size_t worker) { scratch[8 * worker] += 1; });
  }
  EXPECT_EQ(std::accumulate(scratch.begin(), scratch.end(), std::uint64_t{0}), 200u * 50);
}

TEST(ThreadTeam, works_beside_another_team) {
  const auto work = [](std::uint64_t& sum) {
    ThreadTeam team(3);
    sum = pipeline(team, 40, 40);
  };
  std::uint64_t first = 0, second = 0;
  std::thread other([&] { work(first); });
  work(second);
  other.join();
  EXPECT_EQ(first, 40ull << 40);
  EXPECT_EQ(second, 40ull << 40);
}

TEST(ThreadTeam, works_inside_a_task_of_another_team) {
  ThreadTeam outer(2);
  std::vector<std::uint64_t> sums(4);
  outer.run(sums.size(), [&](std::size_t index, std::size_t) {
    ThreadTeam inner(index + 1);
    sums[index] = pipeline(inner, 6, 20);
  });
  EXPECT_EQ(sums, std::vector<std::uint64_t>(4, 6ull << 20));
}

TEST(ThreadTeam, works_when_threads_outnumber_the_cores) {
  std::atomic<bool> done{false};
  const auto spin = [&] {
    while (!done.load(std::memory_order_relaxed)) {
    }
  };
  std::thread first(spin), second(spin);
  {
    ThreadTeam team(8);
    for (int i = 0; i < 20; ++i) EXPECT_EQ(pipeline(team, 16, 10), 16ull << 10);
  }
  done = true;
  first.join();
  second.join();
}

TEST(ThreadTeam, ends_while_idle) {
  for (int i = 0; i < 50; ++i) ThreadTeam unused(3);
  ThreadTeam asleep(3);
  EXPECT_TRUE(runsOnce(asleep, 10));
  std::this_thread::sleep_for(std::chrono::milliseconds(5));  // beyond the spinning
}

TEST(ThreadTeam, wakes_from_sleep) {
  ThreadTeam team(3);
  for (int i = 0; i < 10; ++i) {
    EXPECT_TRUE(runsOnce(team, 10));
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
}

}  // namespace
}  // namespace lethe::cpu
