#pragma once

#include "cuda/kernels/tile.h"

namespace lethe::cuda {

/**
 * A tile in which each thread has one chain only, for products so small that larger tiles would
 * leave most multiprocessors without work. A thread reads four steps at once, which are neighbours
 * in the operands' rows.
 */
template <int kM_, int kN_, int kK_>
struct ThinTileShape {
  static constexpr int kM = kM_, kN = kN_, kK = kK_;
  static constexpr int kThreads = kM * kN;
  /** An odd number of units of four floats, so that eight consecutive rows use all banks. */
  static constexpr int kLead = kK + 4;
  static constexpr int kBuffer = (kM + kN) * kLead;  ///< floats of one of two buffers
  static constexpr std::size_t kSharedBytes = 2 * kBuffer * sizeof(float);
  static constexpr bool kIsThin = true;
  static_assert(kK % 16 == 0);
};

/** The one sum of a thread, where other tiles have a Vec4 of them. */
struct ThinSum {
  float at[1];
};

/** kK steps of some rows of an operand, fetched into registers, then put into shared memory. */
template <class Shape, int kRows>
struct ThinSlab {
  static constexpr int kVectors = kRows * Shape::kK / 4;
  static constexpr int kPerThread = (kVectors + Shape::kThreads - 1) / Shape::kThreads;
  Vec4 vectors[kPerThread];

  LETHE_HOST_DEVICE void fetch(const Operand& operand, std::size_t firstRow, std::size_t firstDepth,
                               int thread) {
    forEachVector(thread, [&](int i, int row, int depth) {
      vectors[i] = firstRow + row < operand.rowCount
                       ? operand.rows.load(firstRow + row, firstDepth + depth)
                       : Vec4{};
    });
  }

  LETHE_HOST_DEVICE void put(int thread, float* shared) const {
    forEachVector(thread, [&](int i, int row, int depth) {
      *reinterpret_cast<Vec4*>(shared + row * Shape::kLead + depth) = vectors[i];
    });
  }

 private:
  template <class Work>
  static LETHE_HOST_DEVICE void forEachVector(int thread, const Work& work) {
    LETHE_UNROLL
    for (int i = 0; i < kPerThread; ++i) {
      const int vector = thread + i * Shape::kThreads;
      if (vector < kVectors) work(i, vector / (Shape::kK / 4), vector % (Shape::kK / 4) * 4);
    }
  }
};

/** Like that of other tiles, but the depth must run along the rows of both operands. */
template <class Shape, class Done>
requires(Shape::kIsThin) LETHE_HOST_DEVICE
    inline void multiplyTile(const Block<Shape::kThreads>& block, const Operand& a,
                             const Operand& b, std::size_t depth, std::size_t firstM,
                             std::size_t firstN, const Done& done) {
  struct Thread {
    ThinSlab<Shape, Shape::kM> a;
    ThinSlab<Shape, Shape::kN> b;
    float sum = 0;
  };
  PerThread<Thread, Shape::kThreads> threads;
  const auto fetch = [&](int thread, std::size_t k) {
    threads[thread].a.fetch(a, firstM, k, thread);
    threads[thread].b.fetch(b, firstN, k, thread);
  };
  const auto put = [&](int thread, float* to) {
    threads[thread].a.put(thread, to);
    threads[thread].b.put(thread, to + Shape::kM * Shape::kLead);
  };
  const auto multiply = [&](int thread, const float* rows, std::size_t steps) {
    float& sum = threads[thread].sum;
    const float* left = rows + thread / Shape::kN * Shape::kLead;
    const float* right = rows + (Shape::kM + thread % Shape::kN) * Shape::kLead;
    for (unsigned first = 0; first < Shape::kK && first < steps; first += 16) {
      LETHE_UNROLL
      for (unsigned step = first; step < first + 16; step += 4) {
        const Vec4 x = floatsAt(left + step), w = floatsAt(right + step);
        LETHE_UNROLL
        for (int j = 0; j < 4; ++j) sum = Scalar::fma(x.at[j], w.at[j], sum);
      }
    }
  };
  forEachSlab<Shape>(block, depth, fetch, put, multiply);
  block.forEachThread([&](int thread) {
    done(firstM + thread / Shape::kN, firstN + thread % Shape::kN,
         ThinSum{{arithmetic::finished<Scalar>(threads[thread].sum)}});
  });
}

}  // namespace lethe::cuda
