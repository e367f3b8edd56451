#pragma once

#include "cuda/host/device_matrix.h"
#include "cuda/host/parameter_layout.h"
#include "cuda/kernels/kernel_set.h"
#include "lethe/backend.h"
#include "lethe/cuda.h"

namespace lethe::cuda {

/** The persistent kernel as an executor launches it. */
class PersistentRun {
 public:
  /**
   * Whether the options and the job let the steps run in it. Throws kInvalidArgument where the
   * options ask for it and the job does not fit.
   */
  static bool isChosen(const Job& job, const ParameterLayout& layout, const Rows& dataset,
                       const Device& device, const CudaOptions& options);

  PersistentRun(const Job& job, const ParameterLayout& layout, const Rows& dataset, Device& device,
                Stream& stream, const CudaOptions& options);

  void launch(Stream& stream, PersistentArguments arguments);
  /** After the stream's wait. Throws kDeviceFailed if the blocks did not all arrive. */
  void check() const;

 private:
  const KernelSet& kernels_;
  std::size_t blocks_;
  bool stateOnChip_;
  std::size_t sharedBytes_;
  Buffer<Barrier> barrier_;
  PinnedBuffer<Barrier> hostBarrier_;
  DeviceMatrix otherFirstOutputs_;  ///< the last: nothing may fail while its clearing is on its way
};

}  // namespace lethe::cuda
