#pragma once

#include "arithmetic/ceil_divide.h"
#include "cuda/kernels/block.h"
#include "cuda/kernels/rows.h"

/** The product of one tile: each output is a chain of fused multiply-adds in the order of k. */
namespace lethe::cuda {

/**
 * The shape of a tile of kM x kN outputs. Each thread has kThreadM x kThreadN of them, and does kK
 * steps of their chains from one barrier to the next.
 */
template <int kM_, int kN_, int kK_, int kThreadM_, int kThreadN_>
struct TileShape {
  static constexpr int kM = kM_, kN = kN_, kK = kK_, kThreadM = kThreadM_, kThreadN = kThreadN_;
  static constexpr int kThreadsN = kN / kThreadN;
  static constexpr int kThreads = kM / kThreadM * kThreadsN;
  /** Four floats of padding keep neighbouring depths in different banks. */
  static constexpr int kLeadM = kM + 4, kLeadN = kN + 4;
  static constexpr int kBuffer = kK * (kLeadM + kLeadN);  ///< floats of one of two buffers
  static constexpr std::size_t kSharedBytes = 2 * kBuffer * sizeof(float);
  static_assert(kThreadN % 4 == 0 && (kThreadM == 1 || kThreadM % 4 == 0) && kK % 4 == 0);

  /** The row of a thread's i-th output; groups of four rows lie far apart. */
  LETHE_HOST_DEVICE static constexpr int rowOf(int thread, int i) {
    const int y = thread / kThreadsN;
    return kThreadM == 1 ? y : i / 4 * (kM / kThreadM * 4) + y * 4 + i % 4;
  }
  /** The first column of a thread's g-th group of four. */
  LETHE_HOST_DEVICE static constexpr int columnOf(int thread, int g) {
    return g * (kThreadsN * 4) + thread % kThreadsN * 4;
  }
};

/**
 * For few rows on many multiprocessors. No other block on its multiprocessor hides a block's loads,
 * so kK is large enough that the next slab arrives while it works on one.
 */
using SmallTile = TileShape<16, 32, 64, 1, 4>;
/** For about one tile a multiprocessor. */
using MediumTile = TileShape<64, 64, 16, 4, 4>;
/** For wide networks. */
using LargeTile = TileShape<128, 128, 8, 8, 8>;

/** The first output of a tile. */
struct TilePlace {
  std::size_t firstM, firstN;
};

/** The place of a tile in a matrix of `columns`, if tiles are counted row by row. */
template <class Shape>
LETHE_HOST_DEVICE constexpr TilePlace tilePlace(std::size_t tile, std::size_t columns) {
  const std::size_t tilesN = arithmetic::ceilDivide(columns, std::size_t{Shape::kN});
  return {tile / tilesN * Shape::kM, tile % tilesN * Shape::kN};
}

/** An operand of a tile's product. */
struct Operand {
  Rows rows;
  std::size_t rowCount = 0;  ///< rows beyond are zeros
  bool depthIsRow = false;   ///< (k, m) lies in row k, column m; else row m, column k
};

/**
 * A slab: kK steps of an operand, which the block works on next. It is fetched into registers while
 * the block multiplies, then put into shared memory as [kK][kLead].
 */
template <int kOuter, int kK, int kLead, int kThreads>
struct Slab {
  static constexpr int kVectors = kOuter * kK / 4;
  static constexpr int kPerThread = (kVectors + kThreads - 1) / kThreads;
  Vec4 vectors[kPerThread];

  LETHE_HOST_DEVICE void fetch(const Operand& operand, std::size_t firstOuter,
                               std::size_t firstDepth, int thread) {
    LETHE_UNROLL
    for (int i = 0; i < kPerThread; ++i) {
      const int vector = thread + i * kThreads;
      vectors[i] = {};
      if (vector >= kVectors) continue;
      const auto [row, column] = placeOf(operand.depthIsRow, vector);
      const std::size_t firstRow = operand.depthIsRow ? firstDepth : firstOuter;
      const std::size_t firstColumn = operand.depthIsRow ? firstOuter : firstDepth;
      if (firstRow + row >= operand.rowCount) continue;
      vectors[i] = operand.rows.load(firstRow + row, firstColumn + column);
    }
  }

  LETHE_HOST_DEVICE void put(bool depthIsRow, int thread, float* shared) const {
    LETHE_UNROLL
    for (int i = 0; i < kPerThread; ++i) {
      const int vector = thread + i * kThreads;
      if (vector >= kVectors) continue;
      const auto [row, column] = placeOf(depthIsRow, vector);
      if (depthIsRow) {
        *reinterpret_cast<Vec4*>(shared + row * kLead + column) = vectors[i];
      } else {
        for (int j = 0; j < 4; ++j) shared[(column + j) * kLead + row] = vectors[i].at[j];
      }
    }
  }

 private:
  struct Place {
    int row, column;
  };
  LETHE_HOST_DEVICE static constexpr Place placeOf(bool depthIsRow, int vector) {
    if (depthIsRow) return {vector / (kOuter / 4), vector % (kOuter / 4) * 4};
    // A thread's neighbours take few columns each: long runs would conflict in a few banks.
    constexpr int kRun = kK < 16 ? kK / 4 : 4;
    const int inStrip = vector % (kOuter * kRun);
    return {inStrip / kRun, (vector / (kOuter * kRun) * kRun + inStrip % kRun) * 4};
  }
};

/**
 * Takes a block through the depth of a product, a slab of kK steps at a time. Each thread fetches
 * its part of the next slab, calls multiply(thread, slab, steps) for the present one, and puts the
 * next one into the other of two buffers in shared memory. fetch(thread, k) begins at step k.
 */
template <class Shape, class Fetch, class Put, class Multiply>
LETHE_HOST_DEVICE inline void forEachSlab(const Block<Shape::kThreads>& block, std::size_t depth,
                                          const Fetch& fetch, const Put& put,
                                          const Multiply& multiply) {
  float* const shared = reinterpret_cast<float*>(block.shared());
  block.forEachThread([&](int thread) {
    fetch(thread, 0);
    put(thread, shared);
  });
  int buffer = 0;
  for (std::size_t k = 0; k < depth; k += Shape::kK, buffer ^= 1) {
    block.forEachThread([&](int thread) {
      const bool more = k + Shape::kK < depth;
      if (more) fetch(thread, k + Shape::kK);
      multiply(thread, shared + buffer * Shape::kBuffer, more ? Shape::kK : depth - k);
      if (more) put(thread, shared + (buffer ^ 1) * Shape::kBuffer);
    });
  }
}

/** The visit of a product that needs only its outputs. */
struct NoVisit {
  LETHE_HOST_DEVICE void operator()(int, const float*, std::size_t) const {}
};

/**
 * Computes the tile whose first output is (firstM, firstN), and calls done(m, n, sums) for every
 * row m and every four columns n..n + 3 of it, inside the matrix or not. For each slab each thread
 * also calls visit(thread, slab, count) with `count` steps of the left operand, [count][kLeadM].
 */
template <class Shape, class Done, class Visit = NoVisit>
requires(Shape::kThreadM > 0) LETHE_HOST_DEVICE
    inline void multiplyTile(const Block<Shape::kThreads>& block, const Operand& a,
                             const Operand& b, std::size_t depth, std::size_t firstM,
                             std::size_t firstN, const Done& done, const Visit& visit = {}) {
  constexpr int kGroups = Shape::kThreadN / 4;
  constexpr int kUnrolled = Shape::kK < 16 ? Shape::kK : 16;
  static_assert(Shape::kK % kUnrolled == 0);
  using SlabA = Slab<Shape::kM, Shape::kK, Shape::kLeadM, Shape::kThreads>;
  using SlabB = Slab<Shape::kN, Shape::kK, Shape::kLeadN, Shape::kThreads>;
  struct Thread {
    SlabA a;
    SlabB b;
    Vec4 sums[Shape::kThreadM][kGroups] = {};
  };
  PerThread<Thread, Shape::kThreads> threads;
  const auto fetch = [&](int thread, std::size_t k) {
    threads[thread].a.fetch(a, firstM, k, thread);
    threads[thread].b.fetch(b, firstN, k, thread);
  };
  const auto put = [&](int thread, float* to) {
    threads[thread].a.put(a.depthIsRow, thread, to);
    threads[thread].b.put(b.depthIsRow, thread, to + Shape::kK * Shape::kLeadM);
  };
  const auto multiply = [&](int thread, const float* slabA, std::size_t steps) {
    Thread& own = threads[thread];
    const float* slabB = slabA + Shape::kK * Shape::kLeadM;
    visit(thread, slabA, steps);
    for (unsigned first = 0; first < Shape::kK && first < steps; first += kUnrolled) {
      LETHE_UNROLL
      for (unsigned step = first; step < first + kUnrolled; ++step) {
        float left[Shape::kThreadM];
        Vec4 right[kGroups];
        LETHE_UNROLL
        for (int g = 0; g < kGroups; ++g) {
          right[g] = *reinterpret_cast<const Vec4*>(slabB + step * Shape::kLeadN +
                                                    Shape::columnOf(thread, g));
        }
        LETHE_UNROLL
        for (int i = 0; i < Shape::kThreadM; ++i) {
          left[i] = slabA[step * Shape::kLeadM + Shape::rowOf(thread, i)];
        }
        LETHE_UNROLL
        for (int i = 0; i < Shape::kThreadM; ++i) {
          LETHE_UNROLL
          for (int g = 0; g < kGroups; ++g) {
            LETHE_UNROLL
            for (int j = 0; j < 4; ++j) {
              own.sums[i][g].at[j] = Scalar::fma(left[i], right[g].at[j], own.sums[i][g].at[j]);
            }
          }
        }
      }
    }
  };
  forEachSlab<Shape>(block, depth, fetch, put, multiply);
  block.forEachThread([&](int thread) {
    Thread& own = threads[thread];
    LETHE_UNROLL
    for (int i = 0; i < Shape::kThreadM; ++i) {
      LETHE_UNROLL
      for (int g = 0; g < kGroups; ++g) {
        for (float& sum : own.sums[i][g].at) sum = arithmetic::finished<Scalar>(sum);
        done(firstM + Shape::rowOf(thread, i), firstN + Shape::columnOf(thread, g), own.sums[i][g]);
      }
    }
  });
}

}  // namespace lethe::cuda
