#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "lethe/backend.h"
#include "lethe/cpu.h"

namespace lethe {

/** How a CUDA device multiplies. */
enum class Precision {
  kExact,  ///< float32 in the order of the determinism contract: the bits of the CPU
  kFast,   ///< TF32 tensor cores: 11 bits of each factor's mantissa, sums in float32; other bits
};

/** How the steps of a pass reach a CUDA device. The bits are the same. */
enum class CudaExecution {
  kAuto,        ///< persistent where the network and the batch fit the device, else graphs
  kGraph,       ///< graphs of kernels, many steps each
  kPersistent,  ///< one cooperative kernel for many steps, the first layer's weights on chip
};

struct CudaOptions {
  Precision precision = Precision::kExact;
  CudaExecution execution = CudaExecution::kAuto;
  static constexpr std::size_t kMaxConcurrentRuns = 1024;

  /** So many runs share the device: each is made for that part of its multiprocessors. */
  std::size_t concurrentRuns = 1;
  /** For the predictor, whose few rows are not worth the way to the device. */
  CpuOptions cpu = {};
};

/** What there is to compute on. */
struct CudaStatus {
  bool available = false;
  /** The device's name and architecture, or what is missing and what to do about it. */
  std::string description;
};

/** Never throws; asks anew each time. */
CudaStatus cudaStatus();

/** A device that has been opened: its streams and the data sets in its memory. */
class CudaDevice;

/** The device for all runs of an owner. Throws kNoDevice, kOutOfMemory. */
std::shared_ptr<CudaDevice> openCudaDevice();

/**
 * Throws kInvalidArgument. Its runs throw, beside what every backend throws, kOutOfMemory where the
 * device's memory does not suffice and kDeviceFailed where the device is lost or stalls.
 */
std::unique_ptr<Backend> makeCudaBackend(std::shared_ptr<CudaDevice> device,
                                         const CudaOptions& options);

}  // namespace lethe
