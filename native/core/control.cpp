#include "lethe/control.h"

#include "lethe/error.h"

namespace lethe {
namespace {

constexpr std::chrono::milliseconds kReportInterval{50};

}  // namespace

void Control::poll(const Progress& progress) {
  if (aborted()) throw Error(ErrorCode::kAborted, "the run was aborted");
  if (!onProgress) return;
  const auto now = std::chrono::steady_clock::now();
  if (now - lastReport_ < kReportInterval) return;
  lastReport_ = now;
  onProgress(progress);
}

}  // namespace lethe
