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
  using OwnForward = Forward<TileShape<128, 4, 32, 1, 4>>;
  using OwnUpdate = UpdateLayer<TileShape<4, 512, 8, 4, 4>>;
  using AnyForward = Forward<SmallTile>;
  using AnyBackpropagate = Backpropagate<SmallTile>;
  using AnyUpdate = UpdateLayer<SmallTile>;
  static_assert(OwnForward::kThreads == kThreads && OwnUpdate::kThreads == kThreads &&
                AnyForward::kThreads == kThreads);

  static constexpr std::size_t kTileBytes = 40 * 1024;
  static_assert(OwnForward::kSharedBytes <= kTileBytes && OwnUpdate::kSharedBytes <= kTileBytes &&
                AnyForward::kSharedBytes <= kTileBytes && AnyUpdate::kSharedBytes <= kTileBytes);

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

  /** The weights that a block owns, [count][stride], and what stands beside them. */
  struct Own {
    OwnOutputs outputs;
    float* weights;
    float* state;
  };
  static LETHE_HOST_DEVICE Own own(const Block<kThreads>& block, const Arguments& arguments) {
    const LayerShape& layer = arguments.forward[0].layer;
    float* weights = reinterpret_cast<float*>(block.shared + kTileBytes);
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
    UpdateArguments update = arguments.update[0];
    update.batch.step = arguments.steps + step;
    update.gradient.floats += mine.outputs.first;
    update.layer.outputs = mine.outputs.count;
    update.parameters = mine.weights;
    update.state = mine.state;
    update.bias += mine.outputs.first;
    update.biasState += mine.outputs.first;
    for (std::size_t m = 0; m < mine.outputs.count; m += OwnUpdate::kTileRows) {
      for (std::size_t n = 0; n < update.layer.inputs; n += OwnUpdate::kTileColumns) {
        OwnUpdate::tile(block, update, m, n);
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
    ForwardArguments forward = arguments.forward[0];
    forward.batch.step = arguments.steps + step;
    forward.layer.outputs = mine.outputs.count;
    forward.weights = mine.weights;
    forward.bias += mine.outputs.first;
    if (forward.pieceSums) {
      forward.pieceSums += mine.outputs.first * ceilDivide(forward.layer.inputs, kPieceInputs);
    }
    forward.out = firstOutputs(arguments, step) + mine.outputs.first;
    for (std::size_t m = 0; m < arguments.maxBatch; m += OwnForward::kTileRows) {
      for (std::size_t n = 0; n < mine.outputs.count; n += OwnForward::kTileColumns) {
        OwnForward::tile(block, forward, m, n);
      }
    }
  }

  /** Calls work(m, n) for the block's share of the tiles of rows x columns. */
  template <class Program, class Work>
  static LETHE_HOST_DEVICE void shareOut(const Block<kThreads>& block, std::size_t rows,
                                         std::size_t columns, const Work& work) {
    const std::size_t tilesN = ceilDivide(columns, Program::kTileColumns);
    const std::size_t tiles = ceilDivide(rows, Program::kTileRows) * tilesN;
    for (std::size_t tile = block.index; tile < tiles; tile += block.count) {
      work(tile / tilesN * Program::kTileRows, tile % tilesN * Program::kTileColumns);
    }
  }

  static LETHE_HOST_DEVICE ForwardArguments forwardOf(const Arguments& arguments, std::size_t step,
                                                      std::size_t l) {
    ForwardArguments forward = arguments.forward[l];
    forward.batch.step = arguments.steps + step;
    if (l == 1) forward.input.floats = firstOutputs(arguments, step);
    return forward;
  }

  static LETHE_HOST_DEVICE void forward(const Block<kThreads>& block, const Arguments& arguments,
                                        std::size_t step, std::size_t l) {
    const ForwardArguments forward = forwardOf(arguments, step, l);
    shareOut<AnyForward>(
        block, arguments.maxBatch, forward.layer.outputs,
        [&](std::size_t m, std::size_t n) { AnyForward::tile(block, forward, m, n); });
  }

  static LETHE_HOST_DEVICE BackpropagateArguments backpropagateOf(const Arguments& arguments,
                                                                  std::size_t step, std::size_t l) {
    BackpropagateArguments back = arguments.backpropagate[l];
    back.step = arguments.steps + step;
    if (l == 1) back.activations = firstOutputs(arguments, step);
    return back;
  }

  static LETHE_HOST_DEVICE void backpropagate(const Block<kThreads>& block,
                                              const Arguments& arguments, std::size_t step,
                                              std::size_t l) {
    const BackpropagateArguments back = backpropagateOf(arguments, step, l);
    shareOut<AnyBackpropagate>(
        block, arguments.maxBatch, back.layer.inputs,
        [&](std::size_t m, std::size_t n) { AnyBackpropagate::tile(block, back, m, n); });
  }

  /** Rows need no other rows here: the block that has their logits goes on with them. */
  static LETHE_HOST_DEVICE void thereAndBack(const Block<kThreads>& block,
                                             const Arguments& arguments, std::size_t step) {
    const std::size_t last = arguments.layers - 1;
    const ForwardArguments forward = forwardOf(arguments, step, last);
    const BackpropagateArguments back = backpropagateOf(arguments, step, last);
    ObjectiveArguments objective = arguments.objective;
    objective.batch.step = arguments.steps + step;
    objective.losses += step * arguments.maxBatch;
    const std::size_t rows = objective.batch.step->rows;
    for (std::size_t m = block.index * AnyForward::kTileRows; m < rows;
         m += block.count * AnyForward::kTileRows) {
      for (std::size_t n = 0; n < forward.layer.outputs; n += AnyForward::kTileColumns) {
        AnyForward::tile(block, forward, m, n);
      }
      block.forEachThread([&](int thread) {
        const std::size_t row = m + thread;
        if (thread < static_cast<int>(AnyForward::kTileRows) && row < rows) {
          ObjectiveOfRows::computeRow(objective, row);
        }
      });
      for (std::size_t n = 0; n < back.layer.inputs; n += AnyBackpropagate::kTileColumns) {
        AnyBackpropagate::tile(block, back, m, n);
      }
    }
  }

  static LETHE_HOST_DEVICE void update(const Block<kThreads>& block, const Arguments& arguments,
                                       std::size_t step, std::size_t l) {
    UpdateArguments update = arguments.update[l];
    update.batch.step = arguments.steps + step;
    if (l == 1) update.input.floats = firstOutputs(arguments, step);
    shareOut<AnyUpdate>(
        block, update.layer.outputs, update.layer.inputs,
        [&](std::size_t m, std::size_t n) { AnyUpdate::tile(block, update, m, n); });
  }
};

}  // namespace lethe::cuda
