#pragma once

#include <algorithm>
#include <cstddef>
#include <future>
#include <vector>

namespace lethe {

/** Calls visit(begin, end) for about equal shares of `count`, each on a thread of its own. */
template <class Visit>
void forEachShare(std::size_t count, std::size_t threads, const Visit& visit) {
  const std::size_t share = count / std::max<std::size_t>(1, threads) + 1;
  std::vector<std::future<void>> others;
  for (std::size_t begin = share; begin < count; begin += share) {
    // Deferred where the system has no more threads to give.
    others.push_back(std::async(std::launch::async | std::launch::deferred, visit, begin,
                                std::min(count, begin + share)));
  }
  visit(0, std::min(count, share));
  for (auto& other : others) other.get();
}

}  // namespace lethe
