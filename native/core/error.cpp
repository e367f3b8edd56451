#include "lethe/error.h"

namespace lethe {

const char* codeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument:
      return "ERR_INVALID_ARGUMENT";
    case ErrorCode::kInvalidRows:
      return "ERR_INVALID_ROWS";
    case ErrorCode::kEmptySet:
      return "ERR_EMPTY_SET";
    case ErrorCode::kBusy:
      return "ERR_BUSY";
    case ErrorCode::kDiverged:
      return "ERR_DIVERGED";
    case ErrorCode::kAborted:
      return "ERR_ABORTED";
    case ErrorCode::kOutOfMemory:
      return "ERR_OUT_OF_MEMORY";
    case ErrorCode::kNoDevice:
      return "ERR_NO_DEVICE";
    case ErrorCode::kDeviceFailed:
      return "ERR_DEVICE_FAILED";
    case ErrorCode::kIo:
      return "ERR_IO";
    case ErrorCode::kFileChanged:
      return "ERR_FILE_CHANGED";
  }
  return "ERR_INVALID_ARGUMENT";
}

}  // namespace lethe
