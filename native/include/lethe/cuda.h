#pragma once

#include <cstddef>
#include <memory>
#include <span>
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
  kAuto,        ///< persistent if the network and the batch fit the device, else graphs
  kGraph,       ///< graphs of kernels, many steps each
  kPersistent,  ///< one cooperative kernel for many steps, the first layer's weights on chip
};

struct CudaOptions {
  Precision precision = Precision::kExact;
  CudaExecution execution = CudaExecution::kAuto;
  static constexpr std::size_t kMaxConcurrentRuns = 1024;

  /** How many runs share the device: each is planned for its part of the multiprocessors. */
  std::size_t concurrentRuns = 1;
  /** Used by the predictor, whose few rows are not worth copying to the device. */
  CpuOptions cpu = {};
};

/** Whether there is a CUDA device to compute on. */
struct CudaStatus {
  bool available = false;
  /** The device's name and architecture, or what is missing and what to do about it. */
  std::string description;
};

/** Looks for a device anew on every call. Never throws. */
CudaStatus cudaStatus();

/** An open device, with the data sets that lie in its memory. */
class CudaDevice;

/** Opens the first device, once for all runs of an owner. Throws kNoDevice, kOutOfMemory. */
std::shared_ptr<CudaDevice> openCudaDevice();

/** Overwrites these rows in the device's copy of the data set, if it has one. */
void eraseOnDevice(CudaDevice& device, const std::shared_ptr<const Dataset>& dataset,
                   std::span<const std::uint32_t> rows);

/**
 * Throws kInvalidArgument. Besides what every backend throws, its runs throw kOutOfMemory if the
 * device's memory does not suffice and kDeviceFailed if the device is lost or stalls.
 */
std::unique_ptr<Backend> makeCudaBackend(std::shared_ptr<CudaDevice> device,
                                         const CudaOptions& options);

}  // namespace lethe
