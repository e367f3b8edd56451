#pragma once

#include <cstddef>
#include <cstdint>

#include "arithmetic/layer_output.h"
#include "arithmetic/objective_arguments.h"
#include "arithmetic/update.h"
#include "cpu/kernels/sparse_entry.h"

namespace lethe::cpu {

using namespace arithmetic;

/** Outputs of a layer are computed in panels of this many lanes, whatever the vector width. */
inline constexpr std::size_t kPanelLanes = 32;

/** ceil(columns / kPanelLanes) */
constexpr std::size_t panelCount(std::size_t columns) {
  return (columns + kPanelLanes - 1) / kPanelLanes;
}

/** Steps of a chain whose operands stay in the cache although they lie far apart. */
inline constexpr std::size_t kDepthBlock = 128;

/**
 * Sparse products take two panels at a time, which share the cost of a nonzero's index, and 128
 * inputs at a time: their 32 KiB of weights stay in the first-level cache for all rows of a batch.
 */
inline constexpr std::size_t kSparsePanels = 2;
inline constexpr std::size_t kSparseBlock = 128;

/**
 * The operands of C[r][lane] = chain over k of fma(a(r, k), b(k, lane)), starting at +0, and +0
 * added at its end:
 * a(r, k) = a[r * aRow + k * aDepth], b(k, lane) = b[k * bDepth + lane].
 */
struct PanelProduct {
  const float* a;
  std::ptrdiff_t aRow;
  std::ptrdiff_t aDepth;
  const float* b;
  std::ptrdiff_t bDepth;
  std::size_t rows;
  std::size_t depth;
};

/** The nonzeros of a batch row by row, each row cut at every kSparseBlock columns. */
struct SparseRows {
  const SparseEntry* entries;    ///< the index is the column
  const std::uint32_t* offsets;  ///< [rows][blocks] + 1: where in `entries` each block begins
  std::size_t rows;
  std::size_t blocks;
};

/** The nonzeros of a batch column by column. */
struct SparseColumns {
  const SparseEntry* entries;    ///< the index is the row of the batch
  const std::uint32_t* offsets;  ///< [columns + 1]: where in `entries` each column begins
  std::size_t columns;
};

/** Up to kFewRows rows take kFewRowsPanels panels at once: a panel alone has too few chains. */
inline constexpr std::size_t kFewRows = 2;
inline constexpr std::size_t kFewRowsPanels = 4;

struct ForwardArguments {
  PanelProduct product;        ///< a: activations, b: the first panel of weights
  std::size_t panels;          ///< at most kFewRowsPanels, and one for more than kFewRows rows
  std::ptrdiff_t panelStride;  ///< between panels of weights
  LayerEpilogue epilogue;
  float* out;
  std::ptrdiff_t outRow;
};

struct SparseForwardArguments {
  SparseRows input;
  const float* weights;  ///< panels of weights, panelStride apart
  std::ptrdiff_t panelStride;
  std::size_t panels;  ///< at most kSparsePanels
  LayerEpilogue epilogue;
  float* out;
  std::ptrdiff_t outRow;
};

struct BackpropagateArguments {
  PanelProduct product;      ///< a: output gradients, b: a panel of transposed weights
  const float* activations;  ///< the layer's input: the gradient is 0 where ReLU was not active
  float* out;
  std::ptrdiff_t row;  ///< stride of both activations and out
};

/** How the sums of an update, the gradients of weights, are used. */
struct WeightEpilogue {
  const float* biasGradient;  ///< [lanes] if the input is affine, else nullptr
  Affine affine;
  const float* offsets;  ///< [inputs], each input's instead of affine.offset; nullptr: none
  const float* rates;    ///< [inputs], factors of the gradients, set with offsets; nullptr: 1
  float* parameters;     ///< [inputs][kPanelLanes] of each panel
  float* state;          ///< the same shape
  Update update;
};

struct UpdateArguments {
  PanelProduct product;        ///< a: inputs transposed (rows: inputs), b: output gradients
  std::size_t panels;          ///< neighbours of b; one unless product.depth is over kDepthBlock
  std::ptrdiff_t panelStride;  ///< between the panels of parameters and of state
  float* unfinished;           ///< scratch, [panels][product.rows][kPanelLanes]
  WeightEpilogue epilogue;
};

struct SparseUpdateArguments {
  SparseColumns input;
  const float* gradients;  ///< at the outputs, [rows of the batch][gradientRow]
  std::ptrdiff_t gradientRow;
  std::ptrdiff_t panelStride;  ///< between the panels of parameters and of state
  std::size_t panels;          ///< at most kSparsePanels
  WeightEpilogue epilogue;
};

/**
 * The arithmetic of the CPU backend for one instruction set. Every entry computes the same bits in
 * every table: each output is one chain in fixed order, and no entry splits a chain.
 */
struct Kernels {
  const char* name;
  void (*forward)(const ForwardArguments&);
  void (*backpropagate)(const BackpropagateArguments&);
  void (*updateWeights)(const UpdateArguments&);
  /** These two give the bits of the dense products, but read only the nonzeros of the input. */
  void (*forwardSparse)(const SparseForwardArguments&);
  void (*updateWeightsSparse)(const SparseUpdateArguments&);
  /** Applies the rule to a bias gradient, [kPanelLanes]. */
  void (*updateBias)(const float* gradient, float* parameters, float* state, const Update&);
  /** out[lane] = chain over k of b[k * stride + lane]. */
  void (*columnSums)(const float* b, std::ptrdiff_t stride, std::size_t depth, float* out);
  /** out[lane] = chain over k of b[k * stride + lane] factors[k]. */
  void (*columnDots)(const float* b, std::ptrdiff_t stride, std::size_t depth, const float* factors,
                     float* out);
  void (*objective)(const ObjectiveArguments&);
  /**
   * Writes the nonzeros among `count` values, the first of which has the index firstIndex, and
   * returns how many there are; `entries` has room for all and one vector more.
   */
  std::size_t (*nonzeros)(const float* values, std::size_t count, std::uint32_t firstIndex,
                          SparseEntry* entries);
  void (*widen)(const std::uint8_t* in, std::size_t count, float* out);
  /** out = (scale in + offset)^2 */
  void (*affineSquare)(const float* in, Affine affine, std::size_t count, float* out);
  /** Multiplies and adds in registers at the machine's peak; returns how many operations it did. */
  double (*saturate)(std::size_t iterations);
  void (*exp)(const float* in, std::size_t count, float* out);
  void (*log)(const float* in, std::size_t count, float* out);
};

/** A table may only be used if dispatch.h says that the machine supports it. */
const Kernels& plainKernels();
#if defined(__x86_64__) || defined(_M_X64)
const Kernels& avx2Kernels();
const Kernels& avx512Kernels();
#elif defined(__aarch64__) || defined(_M_ARM64)
const Kernels& neonKernels();
#endif

}  // namespace lethe::cpu
