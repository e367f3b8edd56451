#include "cuda/host/persistent_run.h"

#include "cuda/kernels/chip_layout.h"
#include "lethe/error.h"

namespace lethe::cuda {
namespace {

/**
 * The most multiply-adds of a step's forward pass after the first layer. With more of them, the
 * larger tiles of a graph gain more than its launches cost.
 */
constexpr std::size_t kMostUpperProducts = std::size_t{1} << 25;

/** The shared memory of a block, with or without the state beside its weights. */
std::size_t sharedBytesFor(const Job& job, const ParameterLayout& layout, const Rows& dataset,
                           const Device& device, const CudaOptions& options, bool withState) {
  const Layer& first = job.model.architecture.layers().front();
  const ChipLayout chip(first.outputs, layout.stride(0),
                        processorsOfRun(device, options.concurrentRuns), job.maxBatch(),
                        dataset.rowBytes());
  return device.kernels().persistentTileBytes + (withState ? chip.bytes : chip.state);
}

/** Why a job does not fit the persistent kernel; empty if it does. */
std::string obstacle(const Job& job, const ParameterLayout& layout, const Rows& dataset,
                     const Device& device, const CudaOptions& options) {
  const std::size_t layers = job.model.architecture.layers().size();
  if (options.precision == Precision::kFast) return "it computes in exact precision only";
  if (layers < 2 || layers > kMaxPersistentLayers) {
    return "it takes 2.." + std::to_string(kMaxPersistentLayers) + " layers";
  }
  const SinkTraits traits = sinkTraits(job.sink);
  if (traits.backward != Backward::kUpdate) return "it takes sinks of one value per parameter";
  if (traits.inputScaling) return "it does not scale inputs";
  if (job.plan.hardest) return "it does not select the hardest rows";
  if (dataset.rowBytes() > device.kernels().persistentRowBytes) {
    return "it takes rows of up to " + std::to_string(device.kernels().persistentRowBytes) +
           " bytes";
  }
  if (sharedBytesFor(job, layout, dataset, device, options, false) > device.sharedBytesPerBlock()) {
    return "the first layer's weights and a batch do not fit the device's shared memory; a smaller "
           "batch may";
  }
  return "";
}

}  // namespace

bool PersistentRun::isChosen(const Job& job, const ParameterLayout& layout, const Rows& dataset,
                             const Device& device, const CudaOptions& options) {
  if (options.execution == CudaExecution::kGraph) return false;
  const std::string reason = obstacle(job, layout, dataset, device, options);
  if (options.execution == CudaExecution::kPersistent && !reason.empty()) {
    throw Error(ErrorCode::kInvalidArgument,
                "the persistent execution does not fit: " + reason + "; choose auto or graph");
  }
  if (!reason.empty()) return false;
  if (options.execution == CudaExecution::kPersistent) return true;
  const std::size_t upperWeights = layout.size() - layout.weights(1);
  return job.model.architecture.classes() <= device.kernels().persistentClasses &&
         job.maxBatch() * upperWeights <= kMostUpperProducts;
}

PersistentRun::PersistentRun(const Job& job, const ParameterLayout& layout, const Rows& dataset,
                             Device& device, Stream& stream, const CudaOptions& options)
    : kernels_(device.kernels()),
      blocks_(processorsOfRun(device, options.concurrentRuns)),  // one to a multiprocessor
      stateOnChip_(sharedBytesFor(job, layout, dataset, device, options, true) <=
                   device.sharedBytesPerBlock()),
      sharedBytes_(sharedBytesFor(job, layout, dataset, device, options, stateOnChip_)),
      barrier_(device, 1),
      hostBarrier_(device, 1),
      otherFirstOutputs_(device, stream, job.maxBatch(),
                         job.model.architecture.layers().front().outputs) {
  hostBarrier_[0] = {};
}

void PersistentRun::launch(Stream& stream, PersistentArguments arguments) {
  arguments.firstOutputs[1] = otherFirstOutputs_.data();
  arguments.stateOnChip = stateOnChip_;
  arguments.barrier = barrier_.data();
  stream.clear(barrier_.data(), barrier_.bytes());
  stream.launch(CooperativeLaunch{kernels_.persistent, sharedBytes_, blocks_, &arguments});
  stream.download(hostBarrier_.data(), barrier_.data(), barrier_.bytes());
}

void PersistentRun::check() const {
  if (hostBarrier_[0].stalled == 0) return;
  throw Error(
      ErrorCode::kDeviceFailed,
      "blocks of the CUDA device waited for each other for seconds; the model is as it was: "
      "end other programs that use the device, or take the device \"cpu\"");
}

}  // namespace lethe::cuda
