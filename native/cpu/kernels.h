#pragma once

#include <cstddef>
#include <cstdint>

#include "lethe/target.h"

namespace lethe::cpu {

/** Outputs of a layer are computed in panels of this many lanes, whatever the vector width. */
inline constexpr std::size_t kPanelLanes = 32;

/**
 * The operands of C[r][lane] = chain over k of fma(a(r, k), b(k, lane)), starting at +0:
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

/** What is left of x = scale u + offset once the sums over the raw u are known. */
struct Affine {
  float scale;
  float offset;
};

struct ForwardArguments {
  PanelProduct product;  ///< a: activations, b: a panel of weights
  const float* bias;     ///< [kPanelLanes]
  const float*
      rowSums;  ///< sums of the weights over k, [kPanelLanes]; nullptr: the input is not affine
  Affine affine;
  bool relu;
  float* out;
  std::ptrdiff_t outRow;
};

struct BackpropagateArguments {
  PanelProduct product;      ///< a: output gradients, b: a panel of transposed weights
  const float* activations;  ///< the layer's input: the gradient is 0 where ReLU was not active
  float* out;
  std::ptrdiff_t row;  ///< stride of both activations and out
};

enum class UpdateKind { kSgd, kClampedFisher, kAccumulate, kAccumulateSquare };

/** What becomes of a gradient g: p is the parameter, s the state beside it. */
struct Update {
  UpdateKind kind;
  float learningRate = 0;
  float momentum = 0;  ///< kSgd: s is the velocity
  float weightDecay = 0;
  bool nesterov = false;
  float alpha = 0;  ///< kClampedFisher: s is the Fisher diagonal
  float clamp = 0;
};

struct UpdateArguments {
  PanelProduct
      product;  ///< a: inputs transposed (rows: inputs k), b: output gradients (depth: batch)
  const float* biasGradient;  ///< [kPanelLanes] if the input is affine, else nullptr
  Affine affine;
  float* parameters;  ///< [product.rows][kPanelLanes]
  float* state;       ///< the same shape
  Update update;
};

struct ObjectiveArguments {
  float* logits;  ///< [rows][stride], replaced by the gradient at the logits
  std::ptrdiff_t stride;
  std::size_t rows;
  std::size_t classes;
  Target target;
  const std::uint32_t* labels;        ///< kLabel: [rows]
  const std::uint8_t* removed;        ///< kMasked: [classes]
  const float* const* distributions;  ///< kExplicit: [rows] pointers to [classes]
  float* scratch;                     ///< [stride]
  float scale;                        ///< weight / batch
  float* losses;                      ///< [rows]
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
  /** Feeds a bias gradient, [kPanelLanes], to the update. */
  void (*updateBias)(const float* gradient, float* parameters, float* state, const Update&);
  /** out[lane] = chain over k of b[k * stride + lane]. */
  void (*columnSums)(const float* b, std::ptrdiff_t stride, std::size_t depth, float* out);
  void (*objective)(const ObjectiveArguments&);
  void (*widen)(const std::uint8_t* in, std::size_t count, float* out);
  /** out = (scale in + offset)^2 */
  void (*affineSquare)(const float* in, Affine affine, std::size_t count, float* out);
  void (*exp)(const float* in, std::size_t count, float* out);
  void (*log)(const float* in, std::size_t count, float* out);
};

/** A table may only be used where dispatch.h says that the machine supports it. */
const Kernels& plainKernels();
#if defined(__x86_64__) || defined(_M_X64)
const Kernels& avx2Kernels();
const Kernels& avx512Kernels();
#elif defined(__aarch64__) || defined(_M_ARM64)
const Kernels& neonKernels();
#endif

}  // namespace lethe::cpu
