#pragma once

#include <map>
#include <memory>
#include <optional>
#include <vector>

#include "cuda/host/device_dataset.h"
#include "cuda/host/device_matrix.h"
#include "cuda/host/parameter_layout.h"
#include "cuda/host/persistent_run.h"
#include "cuda/kernels/kernel_set.h"
#include "lethe/backend.h"
#include "lethe/cuda.h"
#include "lethe/error.h"

namespace lethe::cuda {

/**
 * Runs a pass on a device. Steps are queued on the host, and go to the device some at a time: as
 * one graph of kernels if as many steps were queued before, else kernel by kernel. None of these
 * groups takes long, so that progress is accurate and an abort takes effect soon.
 */
class CudaExecutor final : public Executor {
 public:
  /** Throws kInvalidArgument if the options ask for an execution that the job does not fit. */
  CudaExecutor(const Job& job, Device& device, std::shared_ptr<const DeviceDataset> dataset,
               const CudaOptions& options);

  void step(std::span<const std::uint32_t> rows) override;
  double takeLoss() override;
  bool finite() override;
  ParameterVector parameters() override;
  std::vector<float> finish() override;

 private:
  /** Sums for the Kronecker factors of one layer. */
  struct LayerFactors {
    DeviceMatrix inputs;
    DeviceMatrix gradients;
  };

  std::size_t layerCount() const { return job_.model.architecture.layers().size(); }
  const Layer& layer(std::size_t l) const { return job_.model.architecture.layers()[l]; }
  LayerShape shape(std::size_t l) const {
    return {layer(l).inputs, layer(l).outputs, layout_.stride(l)};
  }
  bool affineInput() const { return traits_.inputScaling || dataset_->rows().bytes != nullptr; }
  Affine affine() const;
  float* weights(std::size_t l) const { return parameters_.data() + layout_.weights(l); }
  float* bias(std::size_t l) const { return parameters_.data() + layout_.bias(l); }

  void flush();
  void harvest();
  void complete();
  void launchSteps(std::size_t count);
  void launchStep(std::size_t step);
  void forward(const BatchRows& batch);
  const TileKernels& tilesFor(std::size_t rows, std::size_t columns) const;
  ForwardArguments forwardArguments(std::size_t l, const BatchRows& batch) const;
  ObjectiveArguments objectiveArguments(const BatchRows& batch, std::size_t step) const;
  BackpropagateArguments backpropagateArguments(std::size_t l, const BatchRows& batch) const;
  UpdateArguments updateArguments(std::size_t l, const BatchRows& batch) const;
  PersistentArguments persistentArguments(std::size_t count) const;
  void selectHardest(const BatchRows& batch, std::size_t step);
  void backward(const BatchRows& batch);
  void update(std::size_t l, const BatchRows& batch);
  void sumPieces();
  void collectFactors(const BatchRows& batch);
  void addProducts(const BatchRows& batch, const Rows& rows, bool gathers,
                   const DeviceMatrix& sums);
  void backpropagate(std::size_t l, const BatchRows& batch);
  const DeviceMatrix& outputs(std::size_t l) const;
  const DeviceMatrix& gradient(std::size_t l) const;
  const Buffer<float>& result() const;
  bool allFinite(const Buffer<float>& values);
  std::vector<float> finishFactors();
  std::vector<float> download(const Buffer<float>& values);

  Job job_;
  Device& device_;
  std::shared_ptr<const DeviceDataset> dataset_;
  const KernelSet& kernels_;
  ParameterLayout layout_;
  Precision precision_;
  std::size_t processors_;  ///< the run's share of the multiprocessors
  SinkTraits traits_;       ///< refer to job_
  Update update_;           ///< the rule; its learning rate is the step's

  Buffer<float> parameters_;
  Buffer<float> state_;                    ///< velocity, Fisher diagonal or sums
  Buffer<float> pieceSums_;                ///< first layer, [outputs][pieces]
  Buffer<float> inputOffsets_;             ///< [stride] with an input scaling, else empty
  Buffer<float> inputRates_;               ///< the same
  std::vector<DeviceMatrix> activations_;  ///< [l] the output of layer l
  std::vector<DeviceMatrix> kept_;         ///< the same for the kept rows, unless all are kept
  std::vector<DeviceMatrix> gradients_;    ///< [l] at the output of layer l; see gradient()
  std::vector<LayerFactors> factors_;
  Buffer<float> scratch_;  ///< for the objective
  Buffer<std::uint8_t> removed_;
  Buffer<float> distributions_;
  Buffer<float> rowWeights_;
  Buffer<std::uint32_t> isKept_, places_, keptRows_;
  Buffer<std::uint32_t> isBad_;

  std::size_t maxQueued_;  ///< in steps
  std::vector<StepRecord> queued_;
  std::vector<std::uint32_t> queuedRows_;
  PinnedBuffer<StepRecord> hostRecords_;
  PinnedBuffer<std::uint32_t> hostOrder_;
  PinnedBuffer<float> hostLosses_;
  PinnedBuffer<float> hostValues_;
  Buffer<StepRecord> records_;
  Buffer<std::uint32_t> order_;
  Buffer<float> losses_;  ///< [steps][rows]
  Buffer<float> values_;  ///< values collected of each row, [steps][rows][width]
  std::size_t valueWidth_ = 0;
  std::vector<StepRecord> running_;  ///< the steps whose results are still on the device
  std::map<std::size_t, std::unique_ptr<Graph>> graphs_;  ///< by steps; nullptr: seen once
  std::optional<PersistentRun> persistent_;
  std::vector<float> rowValues_;
  std::uint64_t steps_ = 0;  ///< steps queued so far
  double lossSum_ = 0;
  std::unique_ptr<Stream> stream_;  ///< last: destroyed first, it waits for what uses the others
};

}  // namespace lethe::cuda
