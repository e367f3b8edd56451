#pragma once

#include <atomic>
#include <cstddef>

namespace lethe {

/**
 * Guards mapped memory against SIGBUS, by which the system tells that a page of a file cannot be
 * read: the process would end. The pages from there to the end of the range are replaced by zeros
 * instead, and the range is marked. Faults elsewhere go to whoever handled them before.
 */
class BusErrorGuard {
 public:
  /** @param begin of a page's alignment. Throws kOutOfMemory: too many ranges at once. */
  BusErrorGuard(const std::byte* begin, std::size_t size);
  BusErrorGuard(const BusErrorGuard&) = delete;
  BusErrorGuard& operator=(const BusErrorGuard&) = delete;
  ~BusErrorGuard();

  /** Whether a page of the range could not be read. */
  bool hasFailed() const;

  struct Range;

 private:
  Range* range_;
};

}  // namespace lethe
