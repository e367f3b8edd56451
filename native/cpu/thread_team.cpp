#include "cpu/thread_team.h"

#include <algorithm>
#include <system_error>

#include "lethe/floating_point.h"

namespace lethe::cpu {
namespace {

/** About 20 microseconds: longer than the gaps between stages, shorter than a time slice. */
constexpr int kSpins = 2000;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

}  // namespace

ThreadTeam::ThreadTeam(std::size_t size) : shares_(size) {
  threads_.reserve(size - 1);
  try {
    for (std::size_t worker = 1; worker < size; ++worker) {
      threads_.emplace_back([this, worker] { serve(worker); });
    }
  } catch (const std::system_error&) {
    // The system has no more threads to give. Fewer of them change no bit of a result.
  }
}

ThreadTeam::~ThreadTeam() {
  stopping_.store(true, std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadTeam::runErased(const Stage& stage) {
  const std::size_t count = stage.first + stage.second;
  if (threads_.empty()) {
    for (std::size_t index = 0; index < count; ++index) stage.invoke(stage.context, index, 0);
    return;
  }
  if (count <= Ticket::kFieldMask) return runStage(stage);
  // A ticket cannot count so many tasks: they run as several stages, whose order does not matter.
  struct Shifted {
    const Stage& stage;
    std::size_t first;
  };
  for (std::size_t first = 0; first < count; first += Ticket::kFieldMask) {
    const Shifted shifted{stage, first};
    runStage({&shifted,
              [](const void* context, std::size_t index, std::size_t worker) {
                const auto& [stage, first] = *static_cast<const Shifted*>(context);
                stage.invoke(stage.context, first + index, worker);
              },
              std::min<std::size_t>(count - first, Ticket::kFieldMask), 0});
  }
}

void ThreadTeam::runStage(const Stage& stage) {
  stage_ = stage;
  pending_.store(stage.first + stage.second, std::memory_order_relaxed);
  const std::uint64_t generation = generation_.load(std::memory_order_relaxed) + 1;
  for (std::size_t owner = 0; owner < shares_.size(); ++owner) {
    const std::size_t count =
        shareOf(owner, stage.first).size() + shareOf(owner, stage.second).size();
    shares_[owner].ticket.store(Ticket::first(generation, count).word, std::memory_order_release);
  }
  generation_.store(generation, std::memory_order_release);
  generation_.notify_all();
  takeTasks(0);
  for (int spins = 0; pending_.load(std::memory_order_acquire) != 0; ++spins) {
    if (spins < kSpins) {
      pause();
    } else {
      std::this_thread::yield();
    }
  }
}

void ThreadTeam::takeTasks(std::size_t worker) {
  for (std::size_t i = 0; i < shares_.size(); ++i) takeShare((worker + i) % shares_.size(), worker);
}

void ThreadTeam::takeShare(std::size_t owner, std::size_t worker) {
  std::atomic<std::uint64_t>& word = shares_[owner].ticket;
  Ticket ticket{word.load(std::memory_order_acquire)};
  while (ticket.next() < ticket.count()) {
    if (!word.compare_exchange_weak(ticket.word, ticket.word + 1, std::memory_order_acquire)) {
      continue;
    }
    const Range first = shareOf(owner, stage_.first);
    const Range second = shareOf(owner, stage_.second);
    const std::size_t next = ticket.next();
    const std::size_t index = next < first.size()
                                  ? first.begin + next
                                  : stage_.first + second.begin + (next - first.size());
    stage_.invoke(stage_.context, index, worker);
    pending_.fetch_sub(1, std::memory_order_release);
    ticket.word = word.load(std::memory_order_acquire);
  }
}

void ThreadTeam::serve(std::size_t worker) {
  const FloatingPointMode mode;
  std::uint64_t generation = 0;
  for (;;) {
    generation = awaitNextStage(generation);
    if (stopping_.load(std::memory_order_relaxed)) return;
    takeTasks(worker);
  }
}

std::uint64_t ThreadTeam::awaitNextStage(std::uint64_t generation) {
  for (int spins = 0;; ++spins) {
    const std::uint64_t current = generation_.load(std::memory_order_acquire);
    if (current != generation) return current;
    if (spins < kSpins) {
      pause();
    } else {
      generation_.wait(current, std::memory_order_relaxed);
    }
  }
}

}  // namespace lethe::cpu
