#pragma once

#include <stdexcept>
#include <string>

namespace lethe {

enum class ErrorCode {
  kInvalidArgument,
  kInvalidRows,
  kEmptySet,
  kBusy,
  kDiverged,
  kAborted,
  kOutOfMemory,
  kNoDevice,      ///< there is no CUDA device to compute on
  kDeviceFailed,  ///< the CUDA device is lost, or stalls
  kIo,            ///< the system refuses to read or write a file
  kFileChanged,   ///< a file is not what it was when it was opened
};

/** The stable name that the JavaScript side sees as `error.code`, e.g. "ERR_BUSY". */
const char* codeName(ErrorCode code);

/** The one exception type of the core; the message is for people and says what to do. */
class Error : public std::runtime_error {
 public:
  Error(ErrorCode code, const std::string& message) : std::runtime_error(message), code_(code) {}
  ErrorCode code() const { return code_; }

 private:
  ErrorCode code_;
};

}  // namespace lethe
