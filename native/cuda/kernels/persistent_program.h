#pragma once

#include "cuda/kernels/first_layer_on_chip.h"

/**
 * Many steps in one launch. The blocks share out the tiles of a stage and wait for each other
 * before the next; the weights of the first layer, and what stands beside them, stay in the memory
 * of the blocks that own them, and each has a copy of the batch.
 */
namespace lethe::cuda {

struct Persistent {
  using Arguments = PersistentArguments;
  static constexpr int kThreads = 128;
  using Own = OwnLayer<kThreads>;
  using AnyForward = Forward<ThinTileShape<8, 16, 128>>;
  using AnyBackpropagate = Backpropagate<SmallTile>;
  using AnyUpdate = UpdateLayer<SmallTile>;
  /** A few rows of the last layer, and all of their columns where those are few. */
  using LastForward = Forward<ThinTileShape<4, 32, 64>>;
  using LastBackpropagate = Backpropagate<TileShape<4, 128, 16, 1, 4>>;
  static_assert(AnyForward::kThreads == kThreads && AnyUpdate::kThreads == kThreads &&
                LastForward::kThreads == kThreads && LastBackpropagate::kM == LastForward::kM);

  /** More take a block many tiles, one after the other. */
  static constexpr std::size_t kMostClasses = 4 * LastForward::kN;
  /** Longer rows could not be fetched by all threads together. */
  static constexpr std::size_t kLongestRow = RowFetch<kThreads>::kUnits * kThreads * kUnitBytes;

  static constexpr std::size_t kScratchBytes = 29 * 1024;
  static_assert(AnyForward::kSharedBytes <= kScratchBytes &&
                AnyUpdate::kSharedBytes <= kScratchBytes &&
                LastForward::kSharedBytes <= kScratchBytes &&
                LastBackpropagate::kSharedBytes <= kScratchBytes);

  /** What a block's tiles are told: in its memory, for it would fill the registers. */
  struct Told {
    Arguments all;
    StepRecord step;
    StepRecord previous;  ///< of the updates that a step begins with
  };
  static constexpr std::size_t kTileBytes = kScratchBytes + (sizeof(Told) + 15) / 16 * 16;

  /**
   * Of a step: the first layer (and, before it, the last step's updates of the two first layers);
   * each layer up to the last but one; the last layer's way there and back; each layer's way back
   * down to the second. After the last step its updates.
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
    const Arguments& told = toldOf(block).all;
    if (within < last) return forward(block, told, within);
    if (within == last) return thereAndBack(block, told);
    const std::size_t l = last - (within - last);
    backpropagate(block, told, l);
    update(block, told, l + 1);
  }

 private:
  static_assert(LastForward::kM * Block<kThreads>::kWarp == kThreads);

  static LETHE_HOST_DEVICE float* firstOutputs(const Arguments& arguments, std::size_t step) {
    return arguments.firstOutputs[step % 2];
  }

  static LETHE_HOST_DEVICE Told& toldOf(const Block<kThreads>& block) {
    return *reinterpret_cast<Told*>(block.shared() + kScratchBytes);
  }

  /** The arguments, with steps whose records are the block's own. */
  static LETHE_HOST_DEVICE void tellAll(const Block<kThreads>& block, const Arguments& arguments) {
    Told& told = toldOf(block);
    block.forEachThread([&](int thread) {
      static_assert(sizeof(Arguments) % sizeof(std::uint64_t) == 0);
      for (std::size_t i = thread; i < sizeof(Arguments) / sizeof(std::uint64_t); i += kThreads) {
        memcpy(reinterpret_cast<std::byte*>(&told.all) + i * sizeof(std::uint64_t),
               reinterpret_cast<const std::byte*>(&arguments) + i * sizeof(std::uint64_t),
               sizeof(std::uint64_t));
      }
    });
    block.forEachThread([&](int thread) {
      if (thread == 0) told.all.objective.batch.step = &told.step;
      if (thread >= static_cast<int>(kMaxPersistentLayers)) return;
      told.all.forward[thread].batch.step = &told.step;
      told.all.backpropagate[thread].step = &told.step;
      told.all.update[thread].batch.step = thread == 1 ? &told.previous : &told.step;
    });
  }

  /** What differs in this step. */
  static LETHE_HOST_DEVICE void tellStep(const Block<kThreads>& block, const Arguments& arguments,
                                         std::size_t step) {
    Told& told = toldOf(block);
    block.forEachThread([&](int thread) {
      if (thread > 0) return;
      if (step > 0) {
        told.previous = told.step;
        told.all.update[1].input.floats = firstOutputs(arguments, step - 1);
      }
      if (step == arguments.stepCount) return;
      told.step = arguments.steps[step];
      told.all.forward[1].input.floats = firstOutputs(arguments, step);
      told.all.backpropagate[1].activations = firstOutputs(arguments, step);
      told.all.objective.losses = arguments.objective.losses + step * arguments.maxBatch;
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
    if (step == 0) tellAll(block, arguments);
    tellStep(block, arguments, step);
    if (step > 0) update(block, toldOf(block).all, 1);
    if (onChip(block, arguments).outputs.count == 0) return;
    if (step > 0) {
      updateOwn(block, arguments, step);
    } else {
      takeOwn(block, arguments);
    }
    if (step < arguments.stepCount) {
      forwardOwn(block, arguments, step);
    } else {
      giveOwn(block, arguments);
    }
  }

  LETHE_NOINLINE static LETHE_HOST_DEVICE void takeOwn(const Block<kThreads>& block,
                                                       const Arguments& arguments) {
    const OnChip own = onChip(block, arguments);
    const UpdateArguments& all = arguments.update[0];
    copy(block, own.layer, all.parameters + own.firstValue, own.weights);
    if (arguments.stateOnChip) copy(block, own.layer, all.state + own.firstValue, own.state);
    Own::fetchBatch(block, own, rowsOf(arguments, 0));
  }

  LETHE_NOINLINE static LETHE_HOST_DEVICE void giveOwn(const Block<kThreads>& block,
                                                       const Arguments& arguments) {
    const OnChip own = onChip(block, arguments);
    const UpdateArguments& all = arguments.update[0];
    copy(block, own.layer, own.weights, all.parameters + own.firstValue);
    if (arguments.stateOnChip) copy(block, own.layer, own.state, all.state + own.firstValue);
  }

  /** By the last step's gradients; the batch of this one takes the place of the last. */
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
  LETHE_NOINLINE static LETHE_HOST_DEVICE void multiply(const Block<kThreads>& block,
                                                        const typename Program::Arguments& told,
                                                        std::size_t m, std::size_t n) {
    Program::tile(block, told, m, n);
  }

  /** The block's share of all tiles of rows x columns: each kth from `first` on, k = blocks. */
  template <class Program>
  static LETHE_HOST_DEVICE void multiplyShare(const Block<kThreads>& block, std::size_t first,
                                              const typename Program::Arguments& told,
                                              std::size_t rows, std::size_t columns) {
    const std::size_t tiles = ceilDivide(rows, Program::kM) * ceilDivide(columns, Program::kN);
    for (std::size_t tile = first; tile < tiles; tile += block.count) {
      const auto [m, n] = tilePlace<Program>(tile, columns);
      multiply<Program>(block, told, m, n);
    }
  }

  static LETHE_HOST_DEVICE void forward(const Block<kThreads>& block, const Arguments& told,
                                        std::size_t l) {
    multiplyShare<AnyForward>(block, block.index, told.forward[l], told.maxBatch,
                              told.forward[l].layer.outputs);
  }

  static LETHE_HOST_DEVICE void backpropagate(const Block<kThreads>& block, const Arguments& told,
                                              std::size_t l) {
    multiplyShare<AnyBackpropagate>(block, block.index, told.backpropagate[l], told.maxBatch,
                                    told.backpropagate[l].layer.inputs);
  }

  /** From the last block on: the first ones have more to do beside it. */
  static LETHE_HOST_DEVICE void update(const Block<kThreads>& block, const Arguments& told,
                                       std::size_t l) {
    const LayerShape& layer = told.update[l].layer;
    multiplyShare<AnyUpdate>(block, block.count - 1 - block.index, told.update[l], layer.outputs,
                             layer.inputs);
  }

  /** Rows need no other rows here: the block that has their logits goes on with them. */
  static LETHE_HOST_DEVICE void thereAndBack(const Block<kThreads>& block, const Arguments& told) {
    const ForwardArguments& forward = told.forward[told.layers - 1];
    const BackpropagateArguments& back = told.backpropagate[told.layers - 1];
    const std::size_t rows = forward.batch.step->rows;
    for (std::size_t m = block.index * LastForward::kM; m < rows;
         m += block.count * LastForward::kM) {
      for (std::size_t n = 0; n < forward.layer.outputs; n += LastForward::kN) {
        multiply<LastForward>(block, forward, m, n);
      }
      const std::size_t end = m + LastForward::kM < rows ? m + LastForward::kM : rows;
      computeObjective(block, told.objective, m, end);
      for (std::size_t n = 0; n < back.layer.inputs; n += LastBackpropagate::kN) {
        multiply<LastBackpropagate>(block, back, m, n);
      }
    }
  }

  /** Of the rows from first to end, one to a warp: rows of one would wait for each other. */
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
