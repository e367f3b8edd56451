#pragma once

#include "cuda/kernels/chip_layout.h"
#include "cuda/kernels/step_programs.h"

/**
 * The forward and the backward pass of the first layer's weights that a block owns. A row of the
 * batch is fetched once for both; the next step's rows replace those that are not needed any more.
 */
namespace lethe::cuda {

/** The arrays of ChipLayout as pointers. Only `state` may lie outside shared memory. */
struct OnChip {
  OwnOutputs outputs;
  LayerShape layer;        ///< with the owned outputs only
  std::size_t firstValue;  ///< where the owned weights begin among all
  float* weights;
  float* state;
  Vec4* gradients;
  std::byte* batch;
  std::size_t batchStride;
};

/** A unit of a row, loaded at once. */
template <class T>
class UnitOf {
 public:
  LETHE_HOST_DEVICE explicit UnitOf(const std::byte* at) {
    memcpy(values_, __builtin_assume_aligned(at, kUnitBytes), sizeof values_);
  }
  LETHE_HOST_DEVICE Vec4 four(unsigned i) const {
    return {static_cast<float>(values_[4 * i]), static_cast<float>(values_[4 * i + 1]),
            static_cast<float>(values_[4 * i + 2]), static_cast<float>(values_[4 * i + 3])};
  }

 private:
  T values_[kUnitBytes / sizeof(T)];
};

/** The data set's rows of a step. */
struct IncomingRows {
  const std::byte* data = nullptr;
  std::size_t rowBytes = 0;  ///< a multiple of kUnitBytes
  const std::uint32_t* index = nullptr;
  std::size_t count = 0;
};

LETHE_HOST_DEVICE inline IncomingRows incomingRows(const Rows& rows, const std::uint32_t* order,
                                                   const StepRecord& step) {
  const void* data = rows.bytes ? static_cast<const void*>(rows.bytes) : rows.floats;
  return {static_cast<const std::byte*>(data), rows.rowBytes(), order + step.firstRow, step.rows};
}

/** A thread's part of some incoming rows, on its way into shared memory. */
template <int kThreads>
class RowFetch {
 public:
  static constexpr int kUnits = 8;  ///< units of a thread
  static_assert(sizeof(Vec4) == kUnitBytes);

  RowFetch() = default;
  /** Divides once here, because a thread's units lie equally far apart. */
  LETHE_HOST_DEVICE RowFetch(std::size_t rowBytes, int thread)
      : perRow_(static_cast<unsigned>(rowBytes / kUnitBytes)),
        firstRow_(thread / perRow_),
        firstUnit_(thread % perRow_),
        rowsApart_(kThreads / perRow_),
        unitsApart_(kThreads % perRow_),
        atOnce_(static_cast<unsigned>(rowsAtOnce(rowBytes))) {}

  /** How many rows all threads fetch together. */
  static LETHE_HOST_DEVICE constexpr std::size_t rowsAtOnce(std::size_t rowBytes) {
    return kUnits * kThreads / (rowBytes / kUnitBytes);
  }

  /** Fetches the thread's units of the rows from `first` on. */
  LETHE_HOST_DEVICE void fetch(const IncomingRows& rows, std::size_t first) {
    forEachUnit(rows, first, [&](int i, std::size_t row, std::size_t at) {
      units_[i] = *reinterpret_cast<const Vec4*>(rows.data + rows.index[row] * rows.rowBytes + at);
    });
  }

  LETHE_HOST_DEVICE void put(const IncomingRows& rows, std::size_t first, const OnChip& own) const {
    forEachUnit(rows, first, [&](int i, std::size_t row, std::size_t at) {
      *reinterpret_cast<Vec4*>(own.batch + row * own.batchStride + at) = units_[i];
    });
  }

 private:
  /** Calls work(i, row, at) for the thread's i-th unit, `at` bytes into the row. */
  template <class Work>
  LETHE_HOST_DEVICE void forEachUnit(const IncomingRows& rows, std::size_t first,
                                     const Work& work) const {
    const std::size_t left = rows.count - first;
    const unsigned end = left < atOnce_ ? static_cast<unsigned>(left) : atOnce_;
    unsigned row = firstRow_, unit = firstUnit_;
    LETHE_UNROLL
    for (int i = 0; i < kUnits; ++i) {
      if (row < end) work(i, first + row, unit * kUnitBytes);
      row += rowsApart_;
      unit += unitsApart_;
      if (unit < perRow_) continue;
      unit -= perRow_;
      ++row;
    }
  }

  Vec4 units_[kUnits];  ///< as stored, bytes too
  unsigned perRow_, firstRow_, firstUnit_, rowsApart_, unitsApart_, atOnce_;
};

template <int kThreads>
struct OwnLayer {
  using OwnBlock = Block<kThreads>;
  static constexpr int kOutputs = 4;  ///< outputs computed at a time
  /** In the backward pass a thread has four neighbouring inputs in each of these parts. */
  static constexpr int kParts = 2;
  static constexpr std::size_t kColumns = kParts * kThreads * 4;

  static LETHE_HOST_DEVICE void fetchBatch(const OwnBlock& block, const OnChip& own,
                                           const IncomingRows& rows) {
    const std::size_t atOnce = RowFetch<kThreads>::rowsAtOnce(rows.rowBytes);
    for (std::size_t first = 0; first < rows.count; first += atOnce) {
      block.forEachThread([&](int thread) {
        RowFetch<kThreads> part(rows.rowBytes, thread);
        part.fetch(rows, first);
        part.put(rows, first, own);
      });
    }
  }

  /** Computes the owned outputs of the batch into `out`, which holds all outputs; each thread
   * computes whole rows. */
  static LETHE_HOST_DEVICE void forward(const OwnBlock& block, const OnChip& own,
                                        const ForwardArguments& arguments, std::size_t rows,
                                        float* out) {
    const LayerShape& layer = own.layer;
    for (std::size_t n = 0; n < layer.outputs; n += kOutputs) {
      const std::size_t output = own.outputs.first + n;
      block.forEachThread([&](int thread) {
        float weightSums[kOutputs] = {};
        LETHE_UNROLL
        for (int o = 0; o < kOutputs; ++o) {
          if (!arguments.pieceSums || n + o >= layer.outputs) continue;
          weightSums[o] = sumOfPieces(arguments.pieceSums, output + o, layer.inputs);
        }
        const arithmetic::LayerEpilogue epilogue{arguments.bias + output,
                                                 arguments.pieceSums ? weightSums : nullptr,
                                                 arguments.affine, arguments.relu};
        const arithmetic::LayerOutput<Scalar> finish(epilogue);
        for (std::size_t row = thread; row < rows; row += kThreads) {
          Vec4 sums = arguments.input.bytes ? outputsOf<std::uint8_t>(own, row, n)
                                            : outputsOf<float>(own, row, n);
          LETHE_UNROLL
          for (int o = 0; o < kOutputs; ++o) {
            if (n + o >= layer.outputs) continue;
            sums.at[o] = finish(arithmetic::finished<Scalar>(sums.at[o]), o);
          }
          storeSome(out + row * arguments.outStride + output, sums, layer.outputs - n);
        }
      });
    }
  }

  /** Applies the rule to the owned weights; the rows of `next` replace the batch. */
  static LETHE_HOST_DEVICE void update(const OwnBlock& block, const OnChip& own,
                                       const UpdateArguments& arguments, const StepRecord& step,
                                       const IncomingRows& next) {
    struct Thread {
      Vec4 sums[kParts][kOutputs];
      RowFetch<kThreads> next;
    };
    PerThread<Thread, kThreads> threads;
    const std::size_t rows = step.kept;
    const Update rule = ruleOf(arguments, step);

    for (std::size_t n = 0; n < own.layer.outputs; n += kOutputs) {
      gatherGradients(block, own, arguments, rows, n);
      for (std::size_t column = 0; column < own.layer.inputs; column += kColumns) {
        const bool isLast =
            n + kOutputs >= own.layer.outputs && column + kColumns >= own.layer.inputs;
        const std::size_t replaced = isLast ? next.count : 0;
        const std::size_t atOnce =
            replaced > 0 ? RowFetch<kThreads>::rowsAtOnce(next.rowBytes) : rows;
        block.forEachThread([&](int thread) {
          LETHE_UNROLL
          for (int part = 0; part < kParts; ++part) {
            LETHE_UNROLL
            for (int o = 0; o < kOutputs; ++o) threads[thread].sums[part][o] = {};
          }
          if (replaced > 0) threads[thread].next = RowFetch<kThreads>(next.rowBytes, thread);
        });
        for (std::size_t row = 0; row < rows || row < replaced; row += atOnce) {
          block.forEachThread([&](int thread) {
            Thread& mine = threads[thread];
            if (row < replaced) mine.next.fetch(next, row);
            const std::size_t end = row + atOnce < rows ? row + atOnce : rows;
            addRows(own, arguments.input, column, row, end, thread, mine.sums);
            // The last thread adds the bias gradients, because it has the fewest inputs.
            if (column == 0 && thread == kThreads - 1) addGradients(own, rows, row, end);
          });
          if (row >= replaced) continue;
          block.forEachThread([&](int thread) { threads[thread].next.put(next, row, own); });
        }
        arithmetic::withStep<Scalar>(rule, [&](const auto& change) {
          block.forEachThread([&](int thread) {
            changeWeights(own, arguments, own.gradients[rows], n, column, thread,
                          threads[thread].sums, change);
          });
        });
      }
      if (!arguments.bias) continue;
      arithmetic::withStep<Scalar>(rule, [&](const auto& change) {
        block.forEachThread([&](int thread) {
          if (thread >= kOutputs || n + thread >= own.layer.outputs) return;
          const std::size_t output = own.outputs.first + n + thread;
          change(own.gradients[rows].at[thread], arguments.bias + output,
                 arguments.biasState + output);
        });
      });
    }
  }

  /**
   * Sums the pieces of the owned weights. It loads four weights at once, because single weights of
   * the pieces lie in two banks, where their loads would wait for each other.
   */
  static LETHE_HOST_DEVICE void sumPieces(const OwnBlock& block, const OnChip& own,
                                          float* pieceSums) {
    static_assert(kPieceInputs % 4 == 0);
    const std::size_t pieces = ceilDivide(own.layer.inputs, kPieceInputs);
    block.forEachThread([&](int thread) {
      for (std::size_t i = thread; i < own.layer.outputs * pieces; i += kThreads) {
        const std::size_t first = i % pieces * kPieceInputs;
        const std::size_t left = own.layer.inputs - first;
        const auto count = static_cast<unsigned>(left < kPieceInputs ? left : kPieceInputs);
        const float* weights = own.weights + i / pieces * own.layer.stride + first;
        float sum = 0;
        LETHE_UNROLL_BY_4
        for (unsigned four = 0; four < count / 4; ++four) {
          const Vec4 w = floatsAt(weights + 4 * four);
          for (int j = 0; j < 4; ++j) sum += w.at[j];
        }
        for (unsigned k = count / 4 * 4; k < count; ++k) sum += weights[k];
        pieceSums[own.outputs.first * pieces + i] = sum;
      }
    });
  }

 private:
  template <class T>
  static LETHE_HOST_DEVICE Vec4 batchAt(const OnChip& own, std::size_t row, std::size_t column) {
    return floatsAt(reinterpret_cast<const T*>(own.batch + row * own.batchStride) + column);
  }

  /** Accumulates four outputs of one row; 16-byte reads avoid bank conflicts. */
  template <class T>
  static LETHE_HOST_DEVICE Vec4 outputsOf(const OnChip& own, std::size_t row, std::size_t n) {
    constexpr unsigned kFours = kUnitBytes / (4 * sizeof(T));
    const float* weights = own.weights + n * own.layer.stride;
    const auto fours = static_cast<unsigned>(ceilDivide(own.layer.inputs, 4));
    Vec4 sums = {};
    unsigned first = 0;
    for (; first + kFours <= fours; first += kFours) {
      const UnitOf<T> unit(own.batch + row * own.batchStride + 4 * first * sizeof(T));
      LETHE_UNROLL
      for (unsigned i = 0; i < kFours; ++i) {
        addFour(own, unit.four(i), weights + 4 * (first + i), sums);
      }
    }
    for (; first < fours; ++first) {
      addFour(own, batchAt<T>(own, row, 4 * first), weights + 4 * first, sums);
    }
    return sums;
  }

  static LETHE_HOST_DEVICE void addFour(const OnChip& own, const Vec4& x, const float* weights,
                                        Vec4& sums) {
    LETHE_UNROLL
    for (int o = 0; o < kOutputs; ++o) {
      const Vec4 w = floatsAt(weights + o * own.layer.stride);
      LETHE_UNROLL
      for (int j = 0; j < 4; ++j) sums.at[o] = Scalar::fma(x.at[j], w.at[j], sums.at[o]);
    }
  }

  /** Copies each row's gradients at four owned outputs, from n on, into shared memory. */
  static LETHE_HOST_DEVICE void gatherGradients(const OwnBlock& block, const OnChip& own,
                                                const UpdateArguments& arguments, std::size_t rows,
                                                std::size_t n) {
    block.forEachThread([&](int thread) {
      for (std::size_t row = thread; row < rows; row += kThreads) {
        own.gradients[row] = arguments.gradient.load(row, own.outputs.first + n);
      }
    });
  }

  /** Adds the gradients of rows from `row` to `end`, in their order, to those of the biases. */
  static LETHE_HOST_DEVICE void addGradients(const OnChip& own, std::size_t rows, std::size_t row,
                                             std::size_t end) {
    Vec4 sums = row == 0 ? Vec4{} : own.gradients[rows];
    LETHE_UNROLL_BY_4
    for (std::size_t r = row; r < end; ++r) {
      const Vec4 four = own.gradients[r];
      LETHE_UNROLL
      for (int o = 0; o < kOutputs; ++o) sums.at[o] += four.at[o];
    }
    own.gradients[rows] = sums;
  }

  /** Continues a thread's chains with the rows from `row` to `end`. */
  static LETHE_HOST_DEVICE void addRows(const OnChip& own, const Rows& input, std::size_t column,
                                        std::size_t row, std::size_t end, int thread,
                                        Vec4 (&sums)[kParts][kOutputs]) {
    LETHE_UNROLL
    for (int part = 0; part < kParts; ++part) {
      const std::size_t k = columnOf(column, part, thread);
      if (k >= own.layer.inputs) continue;
      if (input.values == Values::kNormalizedSquare) {
        const auto mapped = [&](Vec4 x) {
          for (int j = 0; j < 4; ++j) x.at[j] = input.mapped(x.at[j], k + j);
          return x;
        };
        input.bytes ? addProducts<std::uint8_t>(own, k, row, end, sums[part], mapped)
                    : addProducts<float>(own, k, row, end, sums[part], mapped);
      } else {
        const auto raw = [](const Vec4& x) { return x; };
        input.bytes ? addProducts<std::uint8_t>(own, k, row, end, sums[part], raw)
                    : addProducts<float>(own, k, row, end, sums[part], raw);
      }
    }
  }

  template <class T, class Map>
  static LETHE_HOST_DEVICE void addProducts(const OnChip& own, std::size_t k, std::size_t row,
                                            std::size_t end, Vec4 (&sums)[kOutputs],
                                            const Map& map) {
    LETHE_UNROLL_BY_4
    for (std::size_t r = row; r < end; ++r) {
      const Vec4 gradients = own.gradients[r];
      const Vec4 x = map(batchAt<T>(own, r, k));
      LETHE_UNROLL
      for (int o = 0; o < kOutputs; ++o) {
        LETHE_UNROLL
        for (int j = 0; j < 4; ++j) {
          sums[o].at[j] = Scalar::fma(gradients.at[o], x.at[j], sums[o].at[j]);
        }
      }
    }
  }

  template <class Change>
  static LETHE_HOST_DEVICE void changeWeights(const OnChip& own, const UpdateArguments& arguments,
                                              const Vec4& biasGradients, std::size_t n,
                                              std::size_t column, int thread,
                                              const Vec4 (&sums)[kParts][kOutputs],
                                              const Change& change) {
    LETHE_UNROLL
    for (int part = 0; part < kParts; ++part) {
      const std::size_t k = columnOf(column, part, thread);
      if (k >= own.layer.inputs) continue;
      LETHE_UNROLL
      for (int o = 0; o < kOutputs; ++o) {
        if (n + o >= own.layer.outputs) continue;
        Vec4 finished = sums[part][o];
        for (float& sum : finished.at) sum = arithmetic::finished<Scalar>(sum);
        const Vec4 gradients = gradientsOf(arguments, finished, k, biasGradients.at[o]);
        const std::size_t at = (n + o) * own.layer.stride + k;
        changeSome(change, gradients, own.layer.inputs - k, own.weights + at, own.state + at);
      }
    }
  }

  static LETHE_HOST_DEVICE constexpr std::size_t columnOf(std::size_t first, int part, int thread) {
    return first + (part * kThreads + thread) * 4;
  }
};

}  // namespace lethe::cuda
