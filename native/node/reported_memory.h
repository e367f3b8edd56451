#pragma once

#include <cstddef>
#include <cstdint>

#include "node/napi_setup.h"

namespace lethe::node {

/**
 * Tells the garbage collector of so many bytes of native memory, as long as it lives. It may be
 * made and destroyed on the JavaScript thread only. Objects that share memory share one of these,
 * so that the memory counts once.
 */
class ReportedMemory {
 public:
  ReportedMemory(Napi::BasicEnv env, std::size_t bytes)
      : env_(env), bytes_(static_cast<std::int64_t>(bytes)) {
    Napi::MemoryManagement::AdjustExternalMemory(env_, bytes_);
  }
  ~ReportedMemory() { Napi::MemoryManagement::AdjustExternalMemory(env_, -bytes_); }
  ReportedMemory(const ReportedMemory&) = delete;
  ReportedMemory& operator=(const ReportedMemory&) = delete;

 private:
  Napi::BasicEnv env_;
  std::int64_t bytes_;
};

}  // namespace lethe::node
