#pragma once

#include "cuda/kernels/first_layer_on_chip.h"

/**
 * The program that runs many steps in one launch. The blocks share out the tiles of a stage and
 * wait for each other before the next. The weights of the first layer and the state beside them
 * stay in the shared memory of the blocks that own them, and each of these blocks has a copy of the
 * batch.
 */
namespace lethe::cuda {

struct Persistent {
  using Arguments = PersistentArguments;
  static constexpr int kThreads = 128;
  using Own = OwnLayer<kThreads>;
  using AnyForward = Forward<ThinTileShape<8, 16, 128>>;
  using AnyBackpropagate = Backpropagate<SmallTile>;
  using AnyUpdate = UpdateLayer<SmallTile>;
  /** Tiles of a few rows of the last layer, which span its outputs if there are few classes. */
  using LastForward = Forward<ThinTileShape<4, 32, 64>>;
  using LastBackpropagate = Backpropagate<TileShape<4, 128, 16, 1, 4>>;
  static_assert(AnyForward::kThreads == kThreads && AnyUpdate::kThreads == kThreads &&
                LastForward::kThreads == kThreads && LastBackpropagate::kM == LastForward::kM);

  /** With more classes, a block would compute many tiles one after the other. */
  static constexpr std::size_t kMostClasses = 4 * LastForward::kN;
  /** Longer rows could not be fetched by all threads at once. */
  static constexpr std::size_t kLongestRow = RowFetch<kThreads>::kUnits * kThreads * kUnitBytes;

  static constexpr std::size_t kScratchBytes = 29 * 1024;
  static_assert(AnyForward::kSharedBytes <= kScratchBytes &&
                AnyUpdate::kSharedBytes <= kScratchBytes &&
                LastForward::kSharedBytes <= kScratchBytes &&
                LastBackpropagate::kSharedBytes <= kScratchBytes);

  /** Arguments staged in shared memory; in registers they would crowd out the sums. */
  struct StagedArguments {
    Arguments all;
    StepRecord step;
    StepRecord previous;  ///< for the updates that a step begins with
  };
  static constexpr std::size_t kTileBytes =
      kScratchBytes + (sizeof(StagedArguments) + 15) / 16 * 16;

  /**
   * The stages of a step are: the first layer forward, after the previous step's updates of the
   * first two layers; each further layer forward, but the last; the last layer forward, the
   * objective and back; each layer backward, down to the second. After the last step its updates
   * follow.
   */
  static LETHE_HOST_DEVICE std::size_t stagesPerStep(const Arguments& arguments) {
    return 2 * arguments.layers - 2;
  }
  static LETHE_HOST_DEVICE std::size_t stages(const Arguments& arguments) {
    return arguments.stepCount * stagesPerStep(arguments) + 1;
  }

  static LETHE_HOST_DEVICE void run(const Block<kThreads>& block, const Arguments& arguments,
                                    std::size_t stage) {
    const std::size_t step = stage / stagesPerStep(arguments);
    const std::size_t within = stage % stagesPerStep(arguments);
    const std::size_t last = arguments.layers - 1;
    if (within == 0) return beginStep(block, arguments, step);
    const Arguments& shared = staged(block).all;
    if (within < last) return forward(block, shared, within);
    if (within == last) return lastLayer(block, shared);
    const std::size_t l = last - (within - last);
    backpropagate(block, shared, l);
    update(block, shared, l + 1);
  }

 private:
  static_assert(LastForward::kM * Block<kThreads>::kWarp == kThreads);

  static LETHE_HOST_DEVICE float* firstOutputs(const Arguments& arguments, std::size_t step) {
    return arguments.firstOutputs[step % 2];
  }

  static LETHE_HOST_DEVICE StagedArguments& staged(const Block<kThreads>& block) {
    return *reinterpret_cast<StagedArguments*>(block.shared() + kScratchBytes);
  }

  /** Copies the arguments into shared memory, and lets them refer to the step records there. */
  static LETHE_HOST_DEVICE void copyArguments(const Block<kThreads>& block,
                                              const Arguments& arguments) {
    StagedArguments& shared = staged(block);
    block.forEachThread([&](int thread) {
      static_assert(sizeof(Arguments) % sizeof(std::uint64_t) == 0);
      for (std::size_t i = thread; i < sizeof(Arguments) / sizeof(std::uint64_t); i += kThreads) {
        memcpy(reinterpret_cast<std::byte*>(&shared.all) + i * sizeof(std::uint64_t),
               reinterpret_cast<const std::byte*>(&arguments) + i * sizeof(std::uint64_t),
               sizeof(std::uint64_t));
      }
    });
    block.forEachThread([&](int thread) {
      if (thread == 0) shared.all.objective.batch.step = &shared.step;
      if (thread >= static_cast<int>(kMaxPersistentLayers)) return;
      shared.all.forward[thread].batch.step = &shared.step;
      shared.all.backpropagate[thread].step = &shared.step;
      shared.all.update[thread].batch.step = thread == 1 ? &shared.previous : &shared.step;
    });
  }

  /** Copies what differs in this step. */
  static LETHE_HOST_DEVICE void copyStep(const Block<kThreads>& block, const Arguments& arguments,
                                         std::size_t step) {
    StagedArguments& shared = staged(block);
    block.forEachThread([&](int thread) {
      if (thread > 0) return;
      if (step > 0) {
        shared.previous = shared.step;
        shared.all.update[1].input.floats = firstOutputs(arguments, step - 1);
      }
      if (step == arguments.stepCount) return;
      shared.step = arguments.steps[step];
      shared.all.forward[1].input.floats = firstOutputs(arguments, step);
      shared.all.backpropagate[1].activations = firstOutputs(arguments, step);
      shared.all.objective.losses = arguments.objective.losses + step * arguments.maxBatch;
    });
  }

  static LETHE_HOST_DEVICE OnChip onChip(const Block<kThreads>& block, const Arguments& arguments) {
    const LayerShape& layer = arguments.forward[0].layer;
    const ChipLayout layout(layer.outputs, layer.stride, block.count, arguments.maxBatch,
                            arguments.forward[0].input.rowBytes());
    const OwnOutputs outputs = ownOutputs(layer.outputs, block.count, block.index);
    const std::size_t firstValue = outputs.first * layer.stride;
    std::byte* memory = block.shared() + kTileBytes;
    return {.outputs = outputs,
            .layer = {layer.inputs, outputs.count, layer.stride},
            .firstValue = firstValue,
            .weights = reinterpret_cast<float*>(memory + layout.weights),
            .state = arguments.stateOnChip ? reinterpret_cast<float*>(memory + layout.state)
                                           : arguments.update[0].state + firstValue,
            .gradients = reinterpret_cast<Vec4*>(memory + layout.gradients),
            .batch = memory + layout.batch,
            .batchStride = layout.batchStride};
  }

  static LETHE_HOST_DEVICE IncomingRows rowsOf(const Arguments& arguments, std::size_t step) {
    if (step == arguments.stepCount) return {};
    return incomingRows(arguments.forward[0].input, arguments.forward[0].batch.order,
                        arguments.steps[step]);
  }

  LETHE_NOINLINE static LETHE_HOST_DEVICE void beginStep(const Block<kThreads>& block,
                                                         const Arguments& arguments,
                                                         std::size_t step) {
    if (step == 0) copyArguments(block, arguments);
    copyStep(block, arguments, step);
    if (step > 0) update(block, staged(block).all, 1);
    if (onChip(block, arguments).outputs.count == 0) return;
    if (step > 0) {
      updateOwn(block, arguments, step);
    } else {
      loadOwn(block, arguments);
    }
    if (step < arguments.stepCount) {
      forwardOwn(block, arguments, step);
    } else {
      storeOwn(block, arguments);
    }
  }

  LETHE_NOINLINE static LETHE_HOST_DEVICE void loadOwn(const Block<kThreads>& block,
                                                       const Arguments& arguments) {
    const OnChip own = onChip(block, arguments);
    const UpdateArguments& all = arguments.update[0];
    copy(block, own.layer, all.parameters + own.firstValue, own.weights);
    if (arguments.stateOnChip) copy(block, own.layer, all.state + own.firstValue, own.state);
    Own::fetchBatch(block, own, rowsOf(arguments, 0));
  }

  LETHE_NOINLINE static LETHE_HOST_DEVICE void storeOwn(const Block<kThreads>& block,
                                                        const Arguments& arguments) {
    const OnChip own = onChip(block, arguments);
    const UpdateArguments& all = arguments.update[0];
    copy(block, own.layer, own.weights, all.parameters + own.firstValue);
    if (arguments.stateOnChip) copy(block, own.layer, own.state, all.state + own.firstValue);
  }

  /** Updates the owned weights by the last step's gradients; this step's batch replaces the last.
   */
  static LETHE_HOST_DEVICE void updateOwn(const Block<kThreads>& block, const Arguments& arguments,
                                          std::size_t step) {
    const OnChip own = onChip(block, arguments);
    Own::update(block, own, arguments.update[0], arguments.steps[step - 1],
                rowsOf(arguments, step));
    if (arguments.pieceSums) Own::sumPieces(block, own, arguments.pieceSums);
  }

  LETHE_NOINLINE static LETHE_HOST_DEVICE void forwardOwn(const Block<kThreads>& block,
                                                          const Arguments& arguments,
                                                          std::size_t step) {
    Own::forward(block, onChip(block, arguments), arguments.forward[0], arguments.steps[step].rows,
                 firstOutputs(arguments, step));
  }

  static LETHE_HOST_DEVICE void copy(const Block<kThreads>& block, const LayerShape& layer,
                                     const float* from, float* to) {
    block.forEachThread([&](int thread) {
      for (std::size_t i = 4 * thread; i < layer.outputs * layer.stride; i += 4 * kThreads) {
        *reinterpret_cast<Vec4*>(to + i) = floatsAt(from + i);
      }
    });
  }

  template <class Program>
  LETHE_NOINLINE static LETHE_HOST_DEVICE void multiply(
      const Block<kThreads>& block, const typename Program::Arguments& arguments, std::size_t m,
      std::size_t n) {
    Program::tile(block, arguments, m, n);
  }

  /** Computes the block's share of the tiles of rows x columns: every blocks-th from `first` on. */
  template <class Program>
  static LETHE_HOST_DEVICE void multiplyShare(const Block<kThreads>& block, std::size_t first,
                                              const typename Program::Arguments& arguments,
                                              std::size_t rows, std::size_t columns) {
    const std::size_t tiles = ceilDivide(rows, Program::kM) * ceilDivide(columns, Program::kN);
    for (std::size_t tile = first; tile < tiles; tile += block.count) {
      const auto [m, n] = tilePlace<Program>(tile, columns);
      multiply<Program>(block, arguments, m, n);
    }
  }

  /** This and the functions below are given the arguments in shared memory. */
  static LETHE_HOST_DEVICE void forward(const Block<kThreads>& block, const Arguments& arguments,
                                        std::size_t l) {
    multiplyShare<AnyForward>(block, block.index, arguments.forward[l], arguments.maxBatch,
                              arguments.forward[l].layer.outputs);
  }

  static LETHE_HOST_DEVICE void backpropagate(const Block<kThreads>& block,
                                              const Arguments& arguments, std::size_t l) {
    multiplyShare<AnyBackpropagate>(block, block.index, arguments.backpropagate[l],
                                    arguments.maxBatch, arguments.backpropagate[l].layer.inputs);
  }

  /** Shares tiles out from the last block on, because the first blocks have more other work. */
  static LETHE_HOST_DEVICE void update(const Block<kThreads>& block, const Arguments& arguments,
                                       std::size_t l) {
    const LayerShape& layer = arguments.update[l].layer;
    multiplyShare<AnyUpdate>(block, block.count - 1 - block.index, arguments.update[l],
                             layer.outputs, layer.inputs);
  }

  /** Rows do not depend on each other here, so the block with their logits goes on with them. */
  static LETHE_HOST_DEVICE void lastLayer(const Block<kThreads>& block,
                                          const Arguments& arguments) {
    const ForwardArguments& forward = arguments.forward[arguments.layers - 1];
    const BackpropagateArguments& back = arguments.backpropagate[arguments.layers - 1];
    const std::size_t rows = forward.batch.step->rows;
    for (std::size_t m = block.index * LastForward::kM; m < rows;
         m += block.count * LastForward::kM) {
      for (std::size_t n = 0; n < forward.layer.outputs; n += LastForward::kN) {
        multiply<LastForward>(block, forward, m, n);
      }
      const std::size_t end = m + LastForward::kM < rows ? m + LastForward::kM : rows;
      computeObjective(block, arguments.objective, m, end);
      for (std::size_t n = 0; n < back.layer.inputs; n += LastBackpropagate::kN) {
        multiply<LastBackpropagate>(block, back, m, n);
      }
    }
  }

  /** The objective of the rows from first to end, one row a warp: rows in one warp would diverge.
   */
  static LETHE_HOST_DEVICE void computeObjective(const Block<kThreads>& block,
                                                 const ObjectiveArguments& objective,
                                                 std::size_t first, std::size_t end) {
    const std::size_t values = 2 * objective.stride;
    const bool fits = LastForward::kM * values * sizeof(float) <= kScratchBytes;
    block.forEachThread([&](int thread) {
      const std::size_t row = first + thread / block.kWarp;
      if (thread % block.kWarp != 0 || row >= end) return;
      float* scratch = fits ? reinterpret_cast<float*>(block.shared()) + (row - first) * values
                            : objective.scratch + row * values;
      ObjectiveOfRows::computeRow(objective, row, scratch);
    });
  }
};

}  // namespace lethe::cuda
