#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "arithmetic/sink_update.h"
#include "cpu/kernels/kernels.h"
#include "cpu/outer_products.h"
#include "cpu/packed_parameters.h"
#include "cpu/padded_rows.h"
#include "cpu/sparse_batch.h"
#include "cpu/tasks.h"
#include "cpu/thread_team.h"
#include "lethe/backend.h"

namespace lethe::cpu {

/** The parts of a step. All threads wait for each other after each of them. */
enum class Stage { kGather, kForward, kObjective, kSelect, kBackpropagate, kUpdate };

/** Runs a pass on the CPU. Every step is a sequence of stages, each shared out over the team. */
class CpuExecutor final : public Executor {
 public:
  CpuExecutor(const Job& job, const Kernels& kernels, std::size_t threads);

  /** Begins anew with another data set; nullptr lets go of the present one. */
  void readFrom(std::shared_ptr<const Dataset> dataset) {
    job_.dataset = std::move(dataset);
    rowValues_.clear();
  }

  void step(std::span<const std::uint32_t> rows) override;
  double takeLoss() override;
  bool finite() override;
  ParameterVector parameters() override { return parameters_.unpack(); }
  std::vector<float> finish() override;

  /** The memory of the forward pass: weights, activations and scratch. */
  std::size_t forwardBytes() const;

  /** Benches set an observer(stage, layer), called on the caller's thread after every stage. */
  void observe(std::function<void(Stage, std::size_t)> observer) {
    observer_ = std::move(observer);
  }

 private:
  /** Memory that each worker has for itself. */
  struct Scratch {
    AlignedBuffer buffer;      ///< a panel of transposed weights, or the objective's rows
    AlignedBuffer unfinished;  ///< partial sums of an update task
    float weightSums[kFewRowsPanels * kPanelLanes];
    float biasGradient[kUpdatePanels * kPanelLanes];
  };

  /** Sums for the Kronecker factors of one layer. */
  struct LayerFactors {
    LayerFactors(const Layer& layer, std::size_t maxBatch);

    PaddedRows inputsAndOne;  ///< the layer's inputs for each row of the batch, then a 1
    OuterProducts inputs;
    OuterProducts gradients;
  };

  std::size_t layerCount() const { return job_.model.architecture.layers().size(); }
  const Layer& layer(std::size_t l) const { return job_.model.architecture.layers()[l]; }
  bool affineInput() const {
    return traits_.inputScaling || job_.dataset->byteFeatures() != nullptr;
  }
  Affine affine() const {
    const AffineMap map = traits_.inputScaling
                              ? arithmetic::scaledMap(*traits_.inputScaling, job_.dataset->map())
                              : job_.dataset->map();
    return {map.scale, map.offset};
  }

  /** The gradient at the output of layer l. The gradient at the logits replaces them. */
  PaddedRows& gradient(std::size_t l) {
    return l + 1 == layerCount() ? activations_.back() : gradients_[l];
  }

  /** Runs a stage of first + second tasks on the team. */
  template <class Task>
  void run(Stage stage, std::size_t layer, std::size_t first, std::size_t second,
           const Task& task) {
    team_.run(first, second, task);
    if (observer_) observer_(stage, layer);
  }

  bool manyZeros(std::span<const std::uint32_t> rows) const;
  void gather(std::span<const std::uint32_t> rows);
  void prefetchRow(std::uint32_t row) const;
  void gatherRow(std::uint32_t row, float* out) const;
  void forward(std::size_t l);
  void forwardSparse();
  std::size_t inputPieces(std::size_t l) const;
  float* pieceSums(std::size_t panel, std::size_t piece);
  void sumWeights(std::size_t panel, std::size_t piece);
  LayerEpilogue layerEpilogue(std::size_t l, std::size_t panel, std::size_t panels,
                              std::size_t worker);
  void objective(std::span<const std::uint32_t> rows);
  void collectLogits();
  void collectLossesAndHits(std::span<const std::uint32_t> rows);
  void keepHardest(std::span<const std::uint32_t> rows);
  void backward();
  void square();
  void collectFactors(std::span<const std::uint32_t> rows);
  void appendOnes(std::uint32_t row, std::size_t i);
  std::vector<float> finishFactors() const;

  std::size_t backpropagateTasks(std::size_t l) const;
  void backpropagate(std::size_t l, std::size_t panel, std::size_t worker);
  std::size_t updateTasks(std::size_t l) const;
  std::size_t updatePanels(std::size_t l) const;
  void update(std::size_t l, std::size_t task, std::size_t worker);
  WeightEpilogue weightEpilogue(std::size_t l, std::size_t panel, std::size_t firstInput,
                                const float* biasGradient);
  const PackedParameters& result() const;

  Job job_;
  const Kernels& kernels_;
  ThreadTeam team_;
  std::function<void(Stage, std::size_t)> observer_;
  SinkTraits traits_;  ///< points into job_
  Update update_;      ///< the rule of the present step

  PackedParameters parameters_;
  std::optional<PackedParameters> state_;  ///< velocity, Fisher diagonal or sums
  AlignedBuffer weightSums_;               ///< first layer, [panels][pieces][kPanelLanes]
  std::vector<float> inputOffsets_;        ///< [inputs] with an input scaling, else empty
  std::vector<PaddedRows> activations_;    ///< [0] is the input, [l + 1] the output of layer l
  SparseBatch sparse_;                     ///< the input, instead of activations_[0]
  std::vector<PaddedRows> gradients_;      ///< [l] at the output of layer l; see gradient()
  std::vector<PaddedRows> squaredActivations_;
  std::vector<PaddedRows> squaredGradients_;
  std::vector<LayerFactors> factors_;  ///< only for Backward::kOuterProducts
  std::vector<Scratch> scratch_;
  std::vector<float> losses_;
  std::vector<float> rowValues_;         ///< the values collected of each row
  std::vector<std::uint32_t> hardest_;   ///< indices of the kept rows in their batch
  std::vector<std::uint32_t> keptRows_;  ///< the kept rows as dataset rows
  std::uint64_t steps_ = 0;              ///< steps begun
  std::size_t rows_ = 0;                 ///< rows of the current batch
  bool isSparse_ = false;                ///< whether the batch's input is in sparse_
  double lossSum_ = 0;
};

}  // namespace lethe::cpu
