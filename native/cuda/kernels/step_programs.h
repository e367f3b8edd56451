#pragma once

#include "arithmetic/four_lanes.h"
#include "arithmetic/objective.h"
#include "cuda/kernels/arguments.h"
#include "cuda/kernels/tensor_tile.h"
#include "cuda/kernels/thin_tile.h"
#include "cuda/kernels/tile.h"

/** The programs of a step: forward, objective, backward, update, and what they need. */
namespace lethe::cuda {

/** How many rows the backward pass has. */
LETHE_HOST_DEVICE inline std::size_t keptRowCount(const BatchRows& batch) {
  return batch.keptRows ? batch.step->kept : batch.step->rows;
}

/** The input of a layer as the backward pass reads it, for the kept rows alone. */
LETHE_HOST_DEVICE inline Rows keptInput(const BatchRows& batch, Rows input, bool gathers) {
  if (gathers) input.index = batch.keptRows ? batch.keptRows : batch.order + batch.step->firstRow;
  return input;
}

/** Stores the first `count` of four neighbours, at an address where four can be stored at once. */
LETHE_HOST_DEVICE inline void storeSome(float* to, const Vec4& four, std::size_t count) {
  if (count >= 4) {
    *reinterpret_cast<Vec4*>(to) = four;
  } else {
    LETHE_UNROLL
    for (std::size_t j = 0; j < 3; ++j) {
      if (j < count) to[j] = four.at[j];
    }
  }
}
LETHE_HOST_DEVICE inline void storeSome(float* to, const ThinSum& one, std::size_t) {
  *to = one.at[0];
}

/** The rule of a step, with the step's learning rate. */
LETHE_HOST_DEVICE inline Update ruleOf(const UpdateArguments& arguments, const StepRecord& step) {
  Update rule = arguments.update;
  rule.learningRate = step.learningRate;
  return rule;
}

/** The gradients of four weights of an output, from sums over its inputs as they are stored. */
LETHE_HOST_DEVICE inline Vec4 gradientsOf(const UpdateArguments& arguments, Vec4 sums,
                                          std::size_t firstInput, float biasGradient) {
  if (!arguments.isAffine) return sums;
  LETHE_UNROLL
  for (std::size_t j = 0; j < 4; ++j) {
    const float offset =
        arguments.offsets ? arguments.offsets[firstInput + j] : arguments.affine.offset;
    float& sum = sums.at[j];
    sum = arithmetic::affineGradient<Scalar>(sum, arguments.affine.scale, offset, biasGradient);
    if (arguments.rates) sum = Scalar::mul(arguments.rates[firstInput + j], sum);
  }
  return sums;
}

/** Applies the rule to four neighbouring weights, of which the first `count` exist. */
template <class Step>
LETHE_HOST_DEVICE inline void changeSome(const Step& step, const Vec4& gradients, std::size_t count,
                                         float* parameters, float* state) {
  Vec4 p = floatsAt(parameters), s = floatsAt(state);
  LETHE_UNROLL
  for (std::size_t j = 0; j < 4; ++j) {
    if (j < count) step(gradients.at[j], &p.at[j], &s.at[j]);
  }
  // Padding gets the values that it had, and no other thread writes it.
  if constexpr (Step::kChangesParameter) *reinterpret_cast<Vec4*>(parameters) = p;
  if constexpr (Step::kChangesState) *reinterpret_cast<Vec4*>(state) = s;
}

/** The sum of an output's weights, from its pieces. */
LETHE_HOST_DEVICE inline float sumOfPieces(const float* pieceSums, std::size_t output,
                                           std::size_t inputs) {
  const std::size_t pieces = ceilDivide(inputs, kPieceInputs);
  float sum = 0;
  for (std::size_t piece = 0; piece < pieces; ++piece) sum += pieceSums[output * pieces + piece];
  return sum;
}

/** The outputs of a layer: bias, affine map and ReLU are fused to the product. */
template <class Shape>
struct Forward {
  using Arguments = ForwardArguments;
  static constexpr int kThreads = Shape::kThreads;
  static constexpr std::size_t kM = Shape::kM, kN = Shape::kN;
  static constexpr std::size_t kSharedBytes = Shape::kSharedBytes + Shape::kN * sizeof(float);

  static LETHE_HOST_DEVICE void run(const Block<kThreads>& block, const Arguments& arguments) {
    const auto [firstM, firstN] = tilePlace<Shape>(block.index, arguments.layer.outputs);
    tile(block, arguments, firstM, firstN);
  }

  /** Computes one tile of outputs: rows from firstM on, columns from firstN on. */
  static LETHE_HOST_DEVICE void tile(const Block<kThreads>& block, const Arguments& arguments,
                                     std::size_t firstM, std::size_t firstN) {
    const std::size_t rows = arguments.batch.step->rows;
    if (firstM >= rows) return;

    float* weightSums = reinterpret_cast<float*>(block.shared() + Shape::kSharedBytes);
    if (arguments.pieceSums) {
      block.forEachThread([&](int thread) {
        for (int n = thread; n < Shape::kN; n += kThreads) {
          if (firstN + n >= arguments.layer.outputs) continue;
          weightSums[n] = sumOfPieces(arguments.pieceSums, firstN + n, arguments.layer.inputs);
        }
      });
    }
    Operand input{arguments.input, rows, false};
    if (arguments.gathers) {
      input.rows.index = arguments.batch.order + arguments.batch.step->firstRow;
    }
    const Operand weights{{.floats = arguments.weights,
                           .columns = arguments.layer.inputs,
                           .stride = arguments.layer.stride},
                          arguments.layer.outputs,
                          false};
    const arithmetic::LayerEpilogue epilogue{arguments.bias + firstN,
                                             arguments.pieceSums ? weightSums : nullptr,
                                             arguments.affine, arguments.relu};
    const arithmetic::LayerOutput<Scalar> output(epilogue);
    multiplyTile<Shape>(block, input, weights, arguments.layer.inputs, firstM, firstN,
                        [&](std::size_t m, std::size_t n, auto sums) {
                          if (m >= rows || n >= arguments.layer.outputs) return;
                          const std::size_t count = arguments.layer.outputs - n;
                          std::size_t j = 0;
                          for (float& sum : sums.at) {
                            if (j < count) sum = output(sum, n + j - firstN);
                            ++j;
                          }
                          storeSome(arguments.out + m * arguments.outStride + n, sums, count);
                        });
  }
};

/** The sums of the pieces of every output's weights, or of their products with offsets. A block
 * sums one piece of 32 outputs. */
struct PieceSums {
  using Arguments = PieceSumsArguments;
  static constexpr int kThreads = 32;
  static constexpr int kLead = kPieceInputs + 1;
  static constexpr std::size_t kSharedBytes = kThreads * kLead * sizeof(float);

  static LETHE_HOST_DEVICE void run(const Block<kThreads>& block, const Arguments& arguments) {
    const std::size_t pieces = ceilDivide(arguments.layer.inputs, kPieceInputs);
    const std::size_t piece = block.index % pieces;
    const std::size_t firstOutput = block.index / pieces * kThreads;
    const std::size_t firstInput = piece * kPieceInputs;
    const std::size_t left = arguments.layer.inputs - firstInput;
    const std::size_t inputs = left < kPieceInputs ? left : kPieceInputs;
    const std::size_t rest = arguments.layer.outputs - firstOutput;
    const std::size_t outputs = rest < kThreads ? rest : kThreads;
    float* weights = reinterpret_cast<float*>(block.shared());
    block.forEachThread([&](int thread) {
      for (std::size_t output = 0; output < outputs; ++output) {
        const float* from =
            arguments.weights + (firstOutput + output) * arguments.layer.stride + firstInput;
        for (std::size_t k = thread; k < inputs; k += kThreads) {
          weights[output * kLead + k] = from[k];
        }
      }
    });
    block.forEachThread([&](int thread) {
      const std::size_t output = thread;
      if (output >= outputs) return;
      float sum = 0;
      for (std::size_t k = 0; k < inputs; ++k) {
        const float weight = weights[output * kLead + k];
        sum = arguments.offsets ? Scalar::fma(arguments.offsets[firstInput + k], weight, sum)
                                : sum + weight;
      }
      arguments.pieceSums[(firstOutput + output) * pieces + piece] = sum;
    });
  }
};

/** The loss of every row, and the gradient at its logits. */
struct ObjectiveOfRows {
  using Arguments = ObjectiveArguments;
  static constexpr int kThreads = 32;
  static constexpr std::size_t kSharedBytes = 0;

  static LETHE_HOST_DEVICE void run(const Block<kThreads>& block, const Arguments& arguments) {
    block.forEachThread([&](int thread) {
      const std::size_t row = block.index * kThreads + thread;
      if (row >= arguments.batch.step->rows) return;
      computeRow(arguments, row, arguments.scratch + row * 2 * arguments.stride);
    });
  }

  /** @param scratch [2][stride] */
  LETHE_NOINLINE static LETHE_HOST_DEVICE void computeRow(const Arguments& arguments,
                                                          std::size_t row, float* scratch) {
    const std::size_t dataRow = arguments.batch.order[arguments.batch.step->firstRow + row];
    float* logits = arguments.logits + row * arguments.stride;
    const std::uint32_t label = arguments.labels[dataRow];
    if (arguments.lossesAndHits) {
      std::size_t best = 0;
      for (std::size_t c = 1; c < arguments.classes; ++c) {
        if (logits[best] < logits[c]) best = c;
      }
      arguments.lossesAndHits[2 * row + 1] = best == label ? 1.0f : 0.0f;
    }
    const float* distribution =
        arguments.distributions ? arguments.distributions + dataRow * arguments.classes : nullptr;
    arithmetic::objective<arithmetic::FourLanes>({
        .logits = logits,
        .stride = static_cast<std::ptrdiff_t>(arguments.stride),
        .rows = 1,
        .classes = arguments.classes,
        .target = arguments.target,
        .labels = &label,
        .removed = arguments.removed,
        .distributions = &distribution,
        .scratch = scratch,
        .scale = arguments.batch.step->scale,
        .rowWeights = arguments.rowWeights ? arguments.rowWeights + dataRow : nullptr,
        .losses = arguments.losses + row,
    });
    if (arguments.lossesAndHits) arguments.lossesAndHits[2 * row] = arguments.losses[row];
  }
};

/** Copies the logits of a batch without their padding. */
struct CollectLogits {
  using Arguments = CollectArguments;
  static constexpr int kThreads = 128;
  static constexpr std::size_t kSharedBytes = 0;

  static LETHE_HOST_DEVICE void run(const Block<kThreads>& block, const Arguments& arguments) {
    block.forEachThread([&](int thread) {
      const std::size_t at = block.index * kThreads + thread;
      if (at >= arguments.step->rows * arguments.classes) return;
      arguments.values[at] =
          arguments.logits[at / arguments.classes * arguments.stride + at % arguments.classes];
    });
  }
};

/** The gradient at a layer's input, from the gradient at its output. */
template <class Shape>
struct Backpropagate {
  using Arguments = BackpropagateArguments;
  static constexpr int kThreads = Shape::kThreads;
  static constexpr std::size_t kM = Shape::kM, kN = Shape::kN;
  static constexpr std::size_t kSharedBytes = Shape::kSharedBytes;

  static LETHE_HOST_DEVICE void run(const Block<kThreads>& block, const Arguments& arguments) {
    const auto [firstM, firstN] = tilePlace<Shape>(block.index, arguments.layer.inputs);
    tile(block, arguments, firstM, firstN);
  }

  /** Computes one tile of gradients: rows from firstM on, inputs from firstN on. */
  static LETHE_HOST_DEVICE void tile(const Block<kThreads>& block, const Arguments& arguments,
                                     std::size_t firstM, std::size_t firstN) {
    const std::size_t rows = arguments.step->kept;
    if (firstM >= rows) return;
    const Operand above{arguments.above, rows, false};
    const Operand weights{{.floats = arguments.weights,
                           .columns = arguments.layer.inputs,
                           .stride = arguments.layer.stride},
                          arguments.layer.outputs,
                          true};
    multiplyTile<Shape>(block, above, weights, arguments.layer.outputs, firstM, firstN,
                        [&](std::size_t m, std::size_t n, const Vec4& sums) {
                          if (m >= rows || n >= arguments.layer.inputs) return;
                          const std::size_t at = m * arguments.outStride + n;
                          const std::size_t count = arguments.layer.inputs - n;
                          LETHE_UNROLL
                          for (std::size_t j = 0; j < 4; ++j) {
                            if (j >= count) continue;
                            const bool active = 0 < arguments.activations[at + j];
                            arguments.out[at + j] = active ? sums.at[j] : 0;
                          }
                        });
  }
};

/** Computes the gradients of a layer's weights and biases, and applies the rule to them at once. */
template <class Shape>
struct UpdateLayer {
  using Arguments = UpdateArguments;
  static constexpr int kThreads = Shape::kThreads;
  static constexpr std::size_t kM = Shape::kM, kN = Shape::kN;
  /** A thread with 64 chains also needs registers for weights and state: only one block fits then.
   */
  static constexpr int kBlocksAtOnce = kM * kN / kThreads < 64 ? 512 / kThreads : 1;
  static constexpr std::size_t kSharedBytes = Shape::kSharedBytes + Shape::kM * sizeof(float);

  static LETHE_HOST_DEVICE void run(const Block<kThreads>& block, const Arguments& arguments) {
    const auto [firstM, firstN] = tilePlace<Shape>(block.index, arguments.layer.inputs);
    tile(block, arguments, firstM, firstN);
  }

  /** Updates one tile of weights: outputs from firstM on, inputs from firstN on. */
  static LETHE_HOST_DEVICE void tile(const Block<kThreads>& block, const Arguments& arguments,
                                     std::size_t firstM, std::size_t firstN) {
    const LayerShape& layer = arguments.layer;
    const std::size_t rows = keptRowCount(arguments.batch);
    const Update rule = ruleOf(arguments, *arguments.batch.step);

    const Operand gradient{
        keptInput(arguments.batch, arguments.gradient, arguments.gathersGradient), rows, true};
    const Operand input{keptInput(arguments.batch, arguments.input, arguments.gathers), rows, true};
    float* biasGradient = reinterpret_cast<float*>(block.shared() + Shape::kSharedBytes);
    const bool wantsSums = arguments.bias && (firstN == 0 || arguments.isAffine);
    static_assert(kM <= kThreads);
    block.forEachThread([&](int thread) {
      if (thread < Shape::kM) biasGradient[thread] = 0;
    });
    const auto addGradients = [&](int thread, const float* gradients, std::size_t count) {
      if (thread >= Shape::kM || !wantsSums) return;
      float sum = biasGradient[thread];
      LETHE_UNROLL_BY_4
      for (unsigned row = 0; row < count; ++row) sum += gradients[row * Shape::kLeadM + thread];
      biasGradient[thread] = sum;
    };
    // The rule is chosen inside, else the compiler would copy the product for each of the rules.
    const auto change = [&](std::size_t m, std::size_t n, const Vec4& sums) {
      if (m >= layer.outputs || n >= layer.inputs) return;
      const Vec4 gradients = gradientsOf(arguments, sums, n, biasGradient[m - firstM]);
      const std::size_t at = m * layer.stride + n;
      arithmetic::withStep<Scalar>(rule, [&](const auto& step) {
        changeSome(step, gradients, layer.inputs - n, arguments.parameters + at,
                   arguments.state + at);
      });
    };
    multiplyTile<Shape>(block, gradient, input, rows, firstM, firstN, change, addGradients);
    if (firstN > 0 || !arguments.bias) return;
    block.forEachThread([&](int thread) {
      const std::size_t output = firstM + thread;
      if (thread >= Shape::kM || output >= layer.outputs) return;
      arithmetic::withStep<Scalar>(rule, [&](const auto& step) {
        step(biasGradient[thread], arguments.bias + output, arguments.biasState + output);
      });
    });
  }
};

/** Sets a flag if a value is infinite or NaN. */
struct FindNotFinite {
  using Arguments = FiniteArguments;
  static constexpr int kThreads = 256;
  static constexpr std::size_t kSharedBytes = 0;

  static LETHE_HOST_DEVICE void run(const Block<kThreads>& block, const Arguments& arguments) {
    constexpr std::uint32_t kExponent = 0x7F800000;
    block.forEachThread([&](int thread) {
      const std::size_t first = block.index * kThreads + thread;
      for (std::size_t i = first; i < arguments.count; i += block.count * kThreads) {
        if ((Scalar::toBits(arguments.values[i]) & kExponent) == kExponent) *arguments.isBad = 1;
      }
    });
  }
};

}  // namespace lethe::cuda
