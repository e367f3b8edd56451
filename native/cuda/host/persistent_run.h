#pragma once

#include "cuda/host/device_matrix.h"
#include "cuda/host/parameter_layout.h"
#include "cuda/kernels/kernel_set.h"
#include "lethe/backend.h"
#include "lethe/cuda.h"

namespace lethe::cuda {

/** Launches the persistent kernel for an executor. */
class PersistentRun {
 public:
  /**
   * Whether the steps of the job shall run in it. Throws kInvalidArgument if the options ask for it
   * and the job does not fit.
   */
  static bool isChosen(const Job& job, const ParameterLayout& layout, const Rows& dataset,
                       const Device& device, const CudaOptions& options);

  PersistentRun(const Job& job, const ParameterLayout& layout, const Rows& dataset, Device& device,
                Stream& stream, const CudaOptions& options);

  void launch(Stream& stream, PersistentArguments arguments);
  /** To be called after the stream's wait. Throws kDeviceFailed if a block did not arrive. */
  void check() const;

 private:
  const KernelSet& kernels_;
  std::size_t blocks_;
  bool stateOnChip_;
  std::size_t sharedBytes_;
  Buffer<Barrier> barrier_;
  PinnedBuffer<Barrier> hostBarrier_;
  DeviceMatrix otherFirstOutputs_;  ///< last: after its clear is queued, nothing may throw
};

}  // namespace lethe::cuda
