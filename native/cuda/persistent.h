#pragma once

#include "ownership.h"
#include "programs.h"

/**
 * Many steps in one launch. The blocks share out the tiles of a stage and wait for each other
 * before the next; the weights of the first layer, and what stands beside them, stay in the memory
 * of the blocks that own them.
 */
namespace lethe::cuda {

struct Persistent {
  using Arguments = PersistentArguments;
  static constexpr int kThreads = 128;
  /** All rows of a batch for the few outputs of a block, and the other way round. */
  using OwnForward = Forward<TileShape<128, 4, 16, 1, 4>>;
  using OwnUpdate = UpdateLayer<TileShape<4, 512, 8, 4, 4>>;
  using AnyForward = Forward<SmallTile>;
  using AnyBackpropagate = Backpropagate<SmallTile>;
  using AnyUpdate = UpdateLayer<SmallTile>;
  static_assert(OwnForward::kThreads == kThreads && OwnUpdate::kThreads == kThreads &&
                AnyForward::kThreads == kThreads);

  static constexpr std::size_t kScratchBytes = 40 * 1024;
  static_assert(OwnForward::kSharedBytes <= kScratchBytes &&
                OwnUpdate::kSharedBytes <= kScratchBytes &&
                AnyForward::kSharedBytes <= kScratchBytes &&
                AnyUpdate::kSharedBytes <= kScratchBytes);

  /** What a block's tiles are told in a stage: in its memory, for it would fill the registers. */
  struct Told {
    ForwardArguments forward;
    BackpropagateArguments backpropagate;
    UpdateArguments update;
    ObjectiveArguments objective;
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
    if (within < last) return forward(block, arguments, step, within);
    if (within == last) return thereAndBack(block, arguments, step);
    const std::size_t l = last - (within - last);
    backpropagate(block, arguments, step, l);
    update(block, arguments, step, l + 1);
  }

 private:
  static LETHE_HOST_DEVICE float* firstOutputs(const Arguments& arguments, std::size_t step) {
    return arguments.firstOutputs[step % 2];
  }

  /** Copies what all steps are told, with what differs in this one. */
  template <class T, class Change>
  static LETHE_HOST_DEVICE const T& tell(const Block<kThreads>& block, T Told::*part, const T& all,
                                         const Change& change) {
    T& told = reinterpret_cast<Told*>(block.shared() + kScratchBytes)->*part;
    // A block without tiles may still be looking at what it was told before.
    block.wait();
    block.forEachThread([&](int thread) {
      static_assert(sizeof(T) % sizeof(std::uint64_t) == 0);
      for (std::size_t i = thread; i < sizeof(T) / sizeof(std::uint64_t); i += kThreads) {
        memcpy(reinterpret_cast<std::byte*>(&told) + i * sizeof(std::uint64_t),
               reinterpret_cast<const std::byte*>(&all) + i * sizeof(std::uint64_t),
               sizeof(std::uint64_t));
      }
    });
    block.forEachThread([&](int thread) {
      if (thread == 0) change(told);
    });
    return told;
  }

  /** The weights that a block owns, [count][stride], and what stands beside them. */
  struct Own {
    OwnOutputs outputs;
    float* weights;
    float* state;
  };
  static LETHE_HOST_DEVICE Own own(const Block<kThreads>& block, const Arguments& arguments) {
    const LayerShape& layer = arguments.forward[0].layer;
    float* weights = reinterpret_cast<float*>(block.shared() + kTileBytes);
    return {ownOutputs(layer.outputs, block.count, block.index), weights,
            weights + outputsPerBlock(layer.outputs, block.count) * layer.stride};
  }

  static LETHE_HOST_DEVICE void beginStep(const Block<kThreads>& block, const Arguments& arguments,
                                          std::size_t step) {
    const Own mine = own(block, arguments);
    const UpdateArguments& stored = arguments.update[0];
    const std::size_t offset = mine.outputs.first * stored.layer.stride;
    const std::size_t values = mine.outputs.count * stored.layer.stride;
    if (step == 0) {
      copy(block, stored.parameters + offset, mine.weights, values);
      copy(block, stored.state + offset, mine.state, values);
    } else {
      update(block, arguments, step - 1, 1);
      updateOwn(block, arguments, step - 1, mine);
    }
    if (step < arguments.stepCount) return forwardOwn(block, arguments, step, mine);
    copy(block, mine.weights, stored.parameters + offset, values);
    copy(block, mine.state, stored.state + offset, values);
  }

  static LETHE_HOST_DEVICE void copy(const Block<kThreads>& block, const float* from, float* to,
                                     std::size_t values) {
    block.forEachThread([&](int thread) {
      for (std::size_t i = 4 * thread; i < values; i += 4 * kThreads) {
        *reinterpret_cast<Vec4*>(to + i) = *reinterpret_cast<const Vec4*>(from + i);
      }
    });
  }

  static LETHE_HOST_DEVICE void updateOwn(const Block<kThreads>& block, const Arguments& arguments,
                                          std::size_t step, const Own& mine) {
    const UpdateArguments& update =
        tell(block, &Told::update, arguments.update[0], [&](UpdateArguments& told) {
          told.batch.step = arguments.steps + step;
          told.gradient.floats += mine.outputs.first;
          told.layer.outputs = mine.outputs.count;
          told.parameters = mine.weights;
          told.state = mine.state;
          told.bias += mine.outputs.first;
          told.biasState += mine.outputs.first;
        });
    for (std::size_t m = 0; m < mine.outputs.count; m += OwnUpdate::kM) {
      for (std::size_t n = 0; n < update.layer.inputs; n += OwnUpdate::kN) {
        multiply<OwnUpdate>(block, update, m, n);
      }
    }
    if (arguments.pieceSums) sumPieces(block, arguments, mine);
  }

  static LETHE_HOST_DEVICE void sumPieces(const Block<kThreads>& block, const Arguments& arguments,
                                          const Own& mine) {
    const LayerShape& layer = arguments.forward[0].layer;
    const std::size_t pieces = ceilDivide(layer.inputs, kPieceInputs);
    block.forEachThread([&](int thread) {
      for (std::size_t i = thread; i < mine.outputs.count * pieces; i += kThreads) {
        const std::size_t output = i / pieces;
        arguments.pieceSums[mine.outputs.first * pieces + i] =
            pieceSum(mine.weights + output * layer.stride, layer.inputs, i % pieces);
      }
    });
  }

  static LETHE_HOST_DEVICE void forwardOwn(const Block<kThreads>& block, const Arguments& arguments,
                                           std::size_t step, const Own& mine) {
    const ForwardArguments& forward =
        tell(block, &Told::forward, arguments.forward[0], [&](ForwardArguments& told) {
          told.batch.step = arguments.steps + step;
          told.layer.outputs = mine.outputs.count;
          told.weights = mine.weights;
          told.bias += mine.outputs.first;
          if (told.pieceSums) {
            told.pieceSums += mine.outputs.first * ceilDivide(told.layer.inputs, kPieceInputs);
          }
          told.out = firstOutputs(arguments, step) + mine.outputs.first;
        });
    for (std::size_t m = 0; m < arguments.maxBatch; m += OwnForward::kM) {
      for (std::size_t n = 0; n < mine.outputs.count; n += OwnForward::kN) {
        multiply<OwnForward>(block, forward, m, n);
      }
    }
  }

  template <class Program>
  LETHE_NOINLINE static LETHE_HOST_DEVICE void multiply(const Block<kThreads>& block,
                                                        const typename Program::Arguments& told,
                                                        std::size_t m, std::size_t n) {
    Program::tile(block, told, m, n);
  }

  /** Calls work(m, n) for the block's share of the tiles of rows x columns. */
  template <class Program, class Work>
  static LETHE_HOST_DEVICE void shareOut(const Block<kThreads>& block, std::size_t rows,
                                         std::size_t columns, const Work& work) {
    const std::size_t tiles = ceilDivide(rows, Program::kM) * ceilDivide(columns, Program::kN);
    for (std::size_t tile = block.index; tile < tiles; tile += block.count) {
      const auto [m, n] = tilePlace<Program>(tile, columns);
      work(m, n);
    }
  }

  static LETHE_HOST_DEVICE const ForwardArguments& forwardOf(const Block<kThreads>& block,
                                                             const Arguments& arguments,
                                                             std::size_t step, std::size_t l) {
    return tell(block, &Told::forward, arguments.forward[l], [&](ForwardArguments& told) {
      told.batch.step = arguments.steps + step;
      if (l == 1) told.input.floats = firstOutputs(arguments, step);
    });
  }

  static LETHE_HOST_DEVICE void forward(const Block<kThreads>& block, const Arguments& arguments,
                                        std::size_t step, std::size_t l) {
    const ForwardArguments& forward = forwardOf(block, arguments, step, l);
    shareOut<AnyForward>(
        block, arguments.maxBatch, forward.layer.outputs,
        [&](std::size_t m, std::size_t n) { multiply<AnyForward>(block, forward, m, n); });
  }

  static LETHE_HOST_DEVICE const BackpropagateArguments& backpropagateOf(
      const Block<kThreads>& block, const Arguments& arguments, std::size_t step, std::size_t l) {
    return tell(block, &Told::backpropagate, arguments.backpropagate[l],
                [&](BackpropagateArguments& told) {
                  told.step = arguments.steps + step;
                  if (l == 1) told.activations = firstOutputs(arguments, step);
                });
  }

  static LETHE_HOST_DEVICE void backpropagate(const Block<kThreads>& block,
                                              const Arguments& arguments, std::size_t step,
                                              std::size_t l) {
    const BackpropagateArguments& back = backpropagateOf(block, arguments, step, l);
    shareOut<AnyBackpropagate>(
        block, arguments.maxBatch, back.layer.inputs,
        [&](std::size_t m, std::size_t n) { multiply<AnyBackpropagate>(block, back, m, n); });
  }

  /** Rows need no other rows here: the block that has their logits goes on with them. */
  static LETHE_HOST_DEVICE void thereAndBack(const Block<kThreads>& block,
                                             const Arguments& arguments, std::size_t step) {
    const std::size_t last = arguments.layers - 1;
    const ForwardArguments& forward = forwardOf(block, arguments, step, last);
    const BackpropagateArguments& back = backpropagateOf(block, arguments, step, last);
    const ObjectiveArguments& objective =
        tell(block, &Told::objective, arguments.objective, [&](ObjectiveArguments& told) {
          told.batch.step = arguments.steps + step;
          told.losses += step * arguments.maxBatch;
        });
    const std::size_t rows = objective.batch.step->rows;
    for (std::size_t m = block.index * AnyForward::kM; m < rows;
         m += block.count * AnyForward::kM) {
      for (std::size_t n = 0; n < forward.layer.outputs; n += AnyForward::kN) {
        multiply<AnyForward>(block, forward, m, n);
      }
      block.forEachThread([&](int thread) {
        const std::size_t row = m + thread;
        if (thread < static_cast<int>(AnyForward::kM) && row < rows) {
          ObjectiveOfRows::computeRow(objective, row);
        }
      });
      for (std::size_t n = 0; n < back.layer.inputs; n += AnyBackpropagate::kN) {
        multiply<AnyBackpropagate>(block, back, m, n);
      }
    }
  }

  static LETHE_HOST_DEVICE void update(const Block<kThreads>& block, const Arguments& arguments,
                                       std::size_t step, std::size_t l) {
    const UpdateArguments& update =
        tell(block, &Told::update, arguments.update[l], [&](UpdateArguments& told) {
          told.batch.step = arguments.steps + step;
          if (l == 1) told.input.floats = firstOutputs(arguments, step);
        });
    shareOut<AnyUpdate>(
        block, update.layer.outputs, update.layer.inputs,
        [&](std::size_t m, std::size_t n) { multiply<AnyUpdate>(block, update, m, n); });
  }
};

}  // namespace lethe::cuda
