#include "thread_team.h"

#include <algorithm>
#include <system_error>

#include "lethe/floating_point.h"

namespace lethe::cpu {
namespace {

/** About 20 microseconds: longer than the gaps between the stages of a step, shorter than a time
 * slice. */
constexpr int kSpins = 2000;

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

}  // namespace

ThreadTeam::ThreadTeam(std::size_t size) {
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
  const Ticket last{ticket_.load(std::memory_order_relaxed)};
  ticket_.store(Ticket::first(last.generation() + 1, 0).word, std::memory_order_release);
  ticket_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadTeam::runErased(std::size_t count, const void* context, Invoke invoke) {
  if (threads_.empty()) {
    for (std::size_t index = 0; index < count; ++index) invoke(context, index, 0);
    return;
  }
  // A stage of more tasks than a ticket counts is cut; the order of the pieces does not matter.
  struct Shifted {
    const void* context;
    Invoke invoke;
    std::size_t first;
  };
  for (std::size_t first = 0; first < count; first += Ticket::kFieldMask) {
    const Shifted shifted{context, invoke, first};
    runStage(std::min<std::size_t>(count - first, Ticket::kFieldMask), &shifted,
             [](const void* piece, std::size_t index, std::size_t worker) {
               const auto& [context, invoke, first] = *static_cast<const Shifted*>(piece);
               invoke(context, first + index, worker);
             });
  }
}

void ThreadTeam::runStage(std::size_t count, const void* context, Invoke invoke) {
  context_.store(context, std::memory_order_relaxed);
  invoke_.store(invoke, std::memory_order_relaxed);
  pending_.store(count, std::memory_order_relaxed);
  const Ticket last{ticket_.load(std::memory_order_relaxed)};
  ticket_.store(Ticket::first(last.generation() + 1, count).word, std::memory_order_release);
  ticket_.notify_all();
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
  Ticket ticket{ticket_.load(std::memory_order_acquire)};
  while (ticket.next() < ticket.count()) {
    if (!ticket_.compare_exchange_weak(ticket.word, ticket.word + 1, std::memory_order_acquire)) {
      continue;
    }
    const void* context = context_.load(std::memory_order_relaxed);
    const Invoke invoke = invoke_.load(std::memory_order_relaxed);
    invoke(context, ticket.next(), worker);
    pending_.fetch_sub(1, std::memory_order_release);
    ticket.word = ticket_.load(std::memory_order_acquire);
  }
}

void ThreadTeam::serve(std::size_t worker) {
  const FloatingPointMode mode;
  std::uint64_t generation = 0;
  for (;;) {
    generation = awaitNextStage(generation).generation();
    if (stopping_.load(std::memory_order_relaxed)) return;
    takeTasks(worker);
  }
}

ThreadTeam::Ticket ThreadTeam::awaitNextStage(std::uint64_t generation) {
  for (int spins = 0;; ++spins) {
    const Ticket ticket{ticket_.load(std::memory_order_acquire)};
    if (ticket.generation() != generation) return ticket;
    if (spins < kSpins) {
      pause();
    } else {
      ticket_.wait(ticket.word, std::memory_order_relaxed);
    }
  }
}

}  // namespace lethe::cpu
