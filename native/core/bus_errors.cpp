#include "core/bus_errors.h"

#include <signal.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <system_error>

#include "lethe/error.h"

namespace lethe {

/** Only lock-free atomics: the handler may interrupt any instruction. */
struct BusErrorGuard::Range {
  std::atomic<std::uintptr_t> begin{0};
  std::atomic<std::uintptr_t> end{0};
  std::atomic<bool> isTaken{false};
  std::atomic<bool> hasFailed{false};
};

namespace {

static_assert(std::atomic<std::uintptr_t>::is_always_lock_free);
static_assert(std::atomic<bool>::is_always_lock_free);

// The one state that the addon shares, because signal handlers belong to the whole process.
constexpr std::size_t kMostRanges = 1024;
std::array<BusErrorGuard::Range, kMostRanges> ranges;
struct sigaction previous;
std::uintptr_t pageSize;

BusErrorGuard::Range* rangeOf(std::uintptr_t address) {
  for (BusErrorGuard::Range& range : ranges) {
    if (address >= range.begin.load() && address < range.end.load()) return &range;
  }
  return nullptr;
}

/** As the system would have called the handler before, or as it does without one. */
void handAway(int signal, siginfo_t* info, void* context) {
  if ((previous.sa_flags & SA_SIGINFO) != 0) {
    previous.sa_sigaction(signal, info, context);
  } else if (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN) {
    previous.sa_handler(signal);
  } else {
    // The instruction runs again, faults again, and the default ends the process.
    sigaction(signal, &previous, nullptr);
  }
}

void onBusError(int signal, siginfo_t* info, void* context) {
  const int error = errno;
  const auto address = reinterpret_cast<std::uintptr_t>(info->si_addr);
  BusErrorGuard::Range* range = rangeOf(address);
  if (range == nullptr) {
    handAway(signal, info, context);
    return;
  }
  range->hasFailed.store(true);
  const std::uintptr_t page = address & ~(pageSize - 1);
  void* zeros = mmap(reinterpret_cast<void*>(page), range->end.load() - page, PROT_READ,
                     MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
  if (zeros == MAP_FAILED) handAway(signal, info, context);
  errno = error;
}

void installOnce() {
  static std::once_flag once;
  std::call_once(once, [] {
    pageSize = static_cast<std::uintptr_t>(sysconf(_SC_PAGESIZE));
    struct sigaction action {};
    action.sa_sigaction = onBusError;
    action.sa_flags = SA_SIGINFO | SA_ONSTACK;
    sigemptyset(&action.sa_mask);
    if (sigaction(SIGBUS, &action, &previous) == 0) return;
    throw Error(ErrorCode::kIo, "files cannot be mapped, because SIGBUS cannot be handled: " +
                                    std::generic_category().message(errno));
  });
}

}  // namespace

BusErrorGuard::BusErrorGuard(const std::byte* begin, std::size_t size) : range_(nullptr) {
  installOnce();
  for (Range& range : ranges) {
    bool isTaken = false;
    if (!range.isTaken.compare_exchange_strong(isTaken, true)) continue;
    range.hasFailed.store(false);
    range.begin.store(reinterpret_cast<std::uintptr_t>(begin));
    range.end.store((reinterpret_cast<std::uintptr_t>(begin) + size + pageSize - 1) &
                    ~(pageSize - 1));
    range_ = &range;
    return;
  }
  throw Error(ErrorCode::kOutOfMemory, "at most " + std::to_string(kMostRanges) +
                                           " row files can be open at once: close some");
}

BusErrorGuard::~BusErrorGuard() {
  // The end first: a range is never one of other addresses.
  range_->end.store(0);
  range_->begin.store(0);
  range_->isTaken.store(false);
}

bool BusErrorGuard::hasFailed() const { return range_->hasFailed.load(); }

}  // namespace lethe
