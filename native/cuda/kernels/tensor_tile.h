#pragma once

#include <cstring>
#include <type_traits>

#include "cuda/kernels/tile.h"

#ifdef __CUDACC__
#include <mma.h>
#endif

/**
 * The product of one tile on tensor cores. Factors are rounded to TF32 (10 bits after the point,
 * ties away from zero) and summed in float32 in the device's own order. These are not the
 * contract's bits.
 */
namespace lethe::cuda {

/** The sums of 16 x 16 outputs, which a warp holds together. */
#ifdef __CUDA_ARCH__
using WarpSums = nvcuda::wmma::fragment<nvcuda::wmma::accumulator, 16, 16, 8, float>;
#else
struct WarpSums {
  float at[16][16];
};
#endif

LETHE_HOST_DEVICE inline float roundToTf32(float value) {
#ifdef __CUDA_ARCH__
  return nvcuda::wmma::__float_to_tf32(value);
#else
  return Scalar::fromBits((Scalar::toBits(value) + 0x1000u) & ~0x1FFFu);
#endif
}

LETHE_HOST_DEVICE inline void clear(WarpSums& sums) {
#ifdef __CUDA_ARCH__
  nvcuda::wmma::fill_fragment(sums, 0.0f);
#else
  sums = {};
#endif
}

/** sums += a^T b over 8 steps; a is [8][leadA], b is [8][leadB]. */
LETHE_HOST_DEVICE inline void multiplyAdd(WarpSums& sums, const float* a, int leadA, const float* b,
                                          int leadB) {
#ifdef __CUDA_ARCH__
  using namespace nvcuda::wmma;
  fragment<matrix_a, 16, 16, 8, precision::tf32, col_major> left;
  fragment<matrix_b, 16, 16, 8, precision::tf32, row_major> right;
  load_matrix_sync(left, a, leadA);
  load_matrix_sync(right, b, leadB);
  for (int i = 0; i < left.num_elements; ++i) left.x[i] = roundToTf32(left.x[i]);
  for (int i = 0; i < right.num_elements; ++i) right.x[i] = roundToTf32(right.x[i]);
  mma_sync(sums, left, right, sums);
#else
  for (int m = 0; m < 16; ++m) {
    for (int n = 0; n < 16; ++n) {
      for (int k = 0; k < 8; ++k) {
        sums.at[m][n] += roundToTf32(a[k * leadA + m]) * roundToTf32(b[k * leadB + n]);
      }
    }
  }
#endif
}

/** out[m * lead + n] = sums(m, n) */
LETHE_HOST_DEVICE inline void store(const WarpSums& sums, float* out, int lead) {
#ifdef __CUDA_ARCH__
  nvcuda::wmma::store_matrix_sync(out, sums, lead, nvcuda::wmma::mem_row_major);
#else
  for (int m = 0; m < 16; ++m) std::memcpy(out + m * lead, sums.at[m], sizeof sums.at[m]);
#endif
}

/** A tile of 64 x 64 outputs, a quarter for each of four warps. */
struct TensorTile {
  static constexpr int kM = 64, kN = 64, kK = 16, kThreads = 128;
  static constexpr int kLeadM = kM + 4, kLeadN = kN + 4;
  static constexpr int kBuffer = kK * (kLeadM + kLeadN);
  static constexpr std::size_t kSharedBytes = 2 * kBuffer * sizeof(float);
  static_assert(kM * kLeadN <= 2 * kBuffer, "the sums go where the operands were");
};

template <class Shape, class Done, class Visit = NoVisit>
requires std::is_same_v<Shape, TensorTile> LETHE_HOST_DEVICE inline void multiplyTile(
    const Block<TensorTile::kThreads>& block, const Operand& a, const Operand& b, std::size_t depth,
    std::size_t firstM, std::size_t firstN, const Done& done, const Visit& visit = {}) {
  constexpr int kWarps = Shape::kThreads / 32,
                kSide = 2;  // fragments on a side of a warp's quarter
  struct Thread {
    Slab<Shape::kM, Shape::kK, Shape::kLeadM, Shape::kThreads> a;
    Slab<Shape::kN, Shape::kK, Shape::kLeadN, Shape::kThreads> b;
  };
  struct Warp {
    WarpSums sums[kSide][kSide];
  };
  PerThread<Thread, Shape::kThreads> threads;
  PerThread<Warp, kWarps> warps;
  float* const shared = reinterpret_cast<float*>(block.shared());
  const auto fetch = [&](std::size_t k) {
    block.forEachThread([&](int thread) {
      threads[thread].a.fetch(a, firstM, k, thread);
      threads[thread].b.fetch(b, firstN, k, thread);
      float* to = shared + k / Shape::kK % 2 * Shape::kBuffer;
      threads[thread].a.put(a.depthIsRow, thread, to);
      threads[thread].b.put(b.depthIsRow, thread, to + Shape::kK * Shape::kLeadM);
    });
  };
  const auto forEachSum = [&](int warp, const auto& visit) {
    LETHE_UNROLL
    for (int i = 0; i < kSide; ++i) {
      LETHE_UNROLL
      for (int j = 0; j < kSide; ++j) {
        visit(warps[warp].sums[i][j], warp / 2 * 32 + i * 16, warp % 2 * 32 + j * 16);
      }
    }
  };

  block.forEachWarp(
      [&](int warp) { forEachSum(warp, [](WarpSums& sums, int, int) { clear(sums); }); });
  for (std::size_t k = 0; k < depth; k += Shape::kK) {
    fetch(k);
    const float* slabA = shared + k / Shape::kK % 2 * Shape::kBuffer;
    const float* slabB = slabA + Shape::kK * Shape::kLeadM;
    if constexpr (!std::is_same_v<Visit, NoVisit>) {
      const std::size_t count = depth - k < Shape::kK ? depth - k : Shape::kK;
      block.forEachThread([&](int thread) { visit(thread, slabA, count); });
    }
    block.forEachWarp([&](int warp) {
      forEachSum(warp, [&](WarpSums& sums, int m, int n) {
        LETHE_UNROLL
        for (int step = 0; step < Shape::kK; step += 8) {
          multiplyAdd(sums, slabA + step * Shape::kLeadM + m, Shape::kLeadM,
                      slabB + step * Shape::kLeadN + n, Shape::kLeadN);
        }
      });
    });
  }
  block.forEachWarp([&](int warp) {
    forEachSum(warp, [&](const WarpSums& sums, int m, int n) {
      store(sums, shared + m * Shape::kLeadN + n, Shape::kLeadN);
    });
  });
  block.forEachThread([&](int thread) {
    for (int i = 4 * thread; i < Shape::kM * Shape::kN; i += 4 * Shape::kThreads) {
      const int m = i / Shape::kN, n = i % Shape::kN;
      done(firstM + m, firstN + n, *reinterpret_cast<const Vec4*>(shared + m * Shape::kLeadN + n));
    }
  });
}

}  // namespace lethe::cuda
