#pragma once

#include "exp_log.h"
#include "kernels.h"

/**
 * The arithmetic of kernels.h, written once over a Simd type. Each kernels_<isa>.cpp instantiates
 * it under its own compiler flags; only the Simd types and plain C functions appear here, so that
 * no inline function of the standard library is compiled for an instruction set that the machine
 * may lack.
 */
namespace lethe::cpu {

/**
 * One register tile: kRows x (kTileVectors * kWidth) outputs, each a chain of fused multiply-adds
 * over k in order. done(row, lane, value) receives the finished sums.
 */
template <class S, int kRows, class Done>
inline void multiplyTile(const PanelProduct& product, std::size_t firstRow, std::size_t firstLane,
                         const Done& done) {
  using Float = typename S::Float;
  constexpr int kVectors = S::kTileVectors;
  const float* a = product.a + static_cast<std::ptrdiff_t>(firstRow) * product.aRow;
  const float* b = product.b + firstLane;
  const std::ptrdiff_t aRow = product.aRow;

  Float sums[kRows][kVectors];
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) sums[r][v] = S::zero();
  }
  for (std::size_t k = 0; k < product.depth; ++k) {
    Float bVectors[kVectors];
    for (int v = 0; v < kVectors; ++v) bVectors[v] = S::load(b + v * S::kWidth);
    for (int r = 0; r < kRows; ++r) {
      const Float broadcast = S::set(a[r * aRow]);
      for (int v = 0; v < kVectors; ++v) sums[r][v] = S::fma(broadcast, bVectors[v], sums[r][v]);
    }
    a += product.aDepth;
    b += product.bDepth;
  }
  for (int r = 0; r < kRows; ++r) {
    for (int v = 0; v < kVectors; ++v) done(firstRow + r, firstLane + v * S::kWidth, sums[r][v]);
  }
}

/** Tiles of kRows while they fit, then smaller ones. */
template <class S, int kRows, class Done>
inline void multiplyRows(const PanelProduct& product, std::size_t row, std::size_t lane,
                         const Done& done) {
  for (; product.rows - row >= kRows; row += kRows) {
    multiplyTile<S, kRows>(product, row, lane, done);
  }
  if constexpr (kRows > 1) multiplyRows<S, kRows / 2>(product, row, lane, done);
}

template <class S, class Done>
inline void multiplyPanel(const PanelProduct& product, const Done& done) {
  for (std::size_t lane = 0; lane < kPanelLanes; lane += S::kTileVectors * S::kWidth) {
    multiplyRows<S, S::kTileRows>(product, 0, lane, done);
  }
}

template <class S>
void forward(const ForwardArguments& arguments) {
  using Float = typename S::Float;
  const Float scale = S::set(arguments.affine.scale);
  const Float offset = S::set(arguments.affine.offset);
  multiplyPanel<S>(arguments.product, [&](std::size_t row, std::size_t lane, Float sum) {
    Float z = S::load(arguments.bias + lane);
    if (arguments.rowSums) {
      z = S::fma(scale, sum, S::fma(offset, S::load(arguments.rowSums + lane), z));
    } else {
      z = S::add(sum, z);
    }
    if (arguments.relu) z = S::max(S::zero(), z);
    S::store(arguments.out + static_cast<std::ptrdiff_t>(row) * arguments.outRow + lane, z);
  });
}

template <class S>
void backpropagate(const BackpropagateArguments& arguments) {
  using Float = typename S::Float;
  multiplyPanel<S>(arguments.product, [&](std::size_t row, std::size_t lane, Float sum) {
    const std::ptrdiff_t at = static_cast<std::ptrdiff_t>(row) * arguments.row + lane;
    const auto active = S::less(S::zero(), S::load(arguments.activations + at));
    S::store(arguments.out + at, S::select(active, sum, S::zero()));
  });
}

template <class S>
struct SgdStep {
  using Float = typename S::Float;
  explicit SgdStep(const Update& update)
      : minusLearningRate(S::set(-update.learningRate)),
        momentum(S::set(update.momentum)),
        weightDecay(S::set(update.weightDecay)),
        nesterov(update.nesterov) {}

  void operator()(Float gradient, float* parameter, float* velocity) const {
    const Float p = S::load(parameter);
    const Float g = S::fma(weightDecay, p, gradient);
    const Float v = S::fma(momentum, S::load(velocity), g);
    S::store(velocity, v);
    const Float direction = nesterov ? S::fma(momentum, v, g) : v;
    S::store(parameter, S::fma(minusLearningRate, direction, p));
  }

  Float minusLearningRate, momentum, weightDecay;
  bool nesterov;
};

template <class S>
struct ClampedFisherStep {
  using Float = typename S::Float;
  explicit ClampedFisherStep(const Update& update)
      : learningRate(S::set(update.learningRate)),
        alpha(S::set(update.alpha)),
        low(S::set(-update.clamp)),
        high(S::set(update.clamp)) {}

  void operator()(Float gradient, float* parameter, float* fisher) const {
    const Float ratio = S::div(S::mul(learningRate, gradient), S::add(S::load(fisher), alpha));
    const Float step = S::max(low, S::min(high, ratio));
    S::store(parameter, S::sub(S::load(parameter), step));
  }

  Float learningRate, alpha, low, high;
};

template <class S>
struct AccumulateStep {
  using Float = typename S::Float;
  explicit AccumulateStep(const Update&) {}

  void operator()(Float gradient, float*, float* sum) const {
    S::store(sum, S::add(S::load(sum), gradient));
  }
};

template <class S>
struct AccumulateSquareStep {
  using Float = typename S::Float;
  explicit AccumulateSquareStep(const Update&) {}

  void operator()(Float gradient, float*, float* sum) const {
    S::store(sum, S::fma(gradient, gradient, S::load(sum)));
  }
};

/** Calls function(step) with the step that the update asks for. */
template <class S, class Function>
inline void withStep(const Update& update, const Function& function) {
  switch (update.kind) {
    case UpdateKind::kSgd:
      return function(SgdStep<S>(update));
    case UpdateKind::kClampedFisher:
      return function(ClampedFisherStep<S>(update));
    case UpdateKind::kAccumulate:
      return function(AccumulateStep<S>(update));
    case UpdateKind::kAccumulateSquare:
      return function(AccumulateSquareStep<S>(update));
  }
}

template <class S>
void updateWeights(const UpdateArguments& arguments) {
  using Float = typename S::Float;
  const Float scale = S::set(arguments.affine.scale);
  const Float offset = S::set(arguments.affine.offset);
  withStep<S>(arguments.update, [&](const auto& step) {
    multiplyPanel<S>(arguments.product, [&](std::size_t row, std::size_t lane, Float sum) {
      if (arguments.biasGradient) {
        sum = S::fma(scale, sum, S::mul(offset, S::load(arguments.biasGradient + lane)));
      }
      const std::size_t at = row * kPanelLanes + lane;
      step(sum, arguments.parameters + at, arguments.state + at);
    });
  });
}

template <class S>
void updateBias(const float* gradient, float* parameters, float* state, const Update& update) {
  withStep<S>(update, [&](const auto& step) {
    for (std::size_t lane = 0; lane < kPanelLanes; lane += S::kWidth) {
      step(S::load(gradient + lane), parameters + lane, state + lane);
    }
  });
}

template <class S>
void columnSums(const float* b, std::ptrdiff_t stride, std::size_t depth, float* out) {
  constexpr int kVectors = kPanelLanes / S::kWidth;
  typename S::Float sums[kVectors];
  for (auto& sum : sums) sum = S::zero();
  for (std::size_t k = 0; k < depth; ++k, b += stride) {
    for (int v = 0; v < kVectors; ++v) sums[v] = S::add(sums[v], S::load(b + v * S::kWidth));
  }
  for (int v = 0; v < kVectors; ++v) S::store(out + v * S::kWidth, sums[v]);
}

/** out = exp(z - max of z over the classes that count); returns their sum, added in order. */
template <class S>
inline float exponentials(const float* z, std::size_t classes, const std::uint8_t* removed,
                          float* out, float* maximum) {
  float largest = -__builtin_inff();
  for (std::size_t c = 0; c < classes; ++c) {
    if (!(removed && removed[c]) && z[c] > largest) largest = z[c];
  }
  for (std::size_t c = 0; c < classes; c += S::kWidth) {
    S::store(out + c, exp<S>(S::sub(S::load(z + c), S::set(largest))));
  }
  float sum = 0;
  for (std::size_t c = 0; c < classes; ++c) {
    if (removed && removed[c]) out[c] = 0;
    sum += out[c];
  }
  *maximum = largest;
  return sum;
}

template <class S>
inline float logarithm(float x) {
  float lanes[S::kWidth];
  S::store(lanes, log<S>(S::set(x)));
  return lanes[0];
}

/** Writes the target distribution of a row to q, unless it is one-hot or given. */
template <class S>
inline const float* targetOf(const ObjectiveArguments& arguments, std::size_t row, const float* z) {
  float* q = arguments.scratch;
  const std::size_t classes = arguments.classes;
  switch (arguments.target) {
    case Target::kLabel:
      for (std::size_t c = 0; c < classes; ++c) q[c] = c == arguments.labels[row] ? 1.0f : 0.0f;
      return q;
    case Target::kUniform:
      for (std::size_t c = 0; c < classes; ++c) q[c] = 1.0f / static_cast<float>(classes);
      return q;
    case Target::kMasked: {
      float maximum;
      const float sum = exponentials<S>(z, classes, arguments.removed, q, &maximum);
      for (std::size_t c = 0; c < classes; ++c) q[c] /= sum;
      return q;
    }
    case Target::kExplicit:
      return arguments.distributions[row];
  }
  return q;
}

template <class S>
void objective(const ObjectiveArguments& arguments) {
  const std::size_t classes = arguments.classes;
  for (std::size_t row = 0; row < arguments.rows; ++row) {
    float* z = arguments.logits + static_cast<std::ptrdiff_t>(row) * arguments.stride;
    const float* q = targetOf<S>(arguments, row, z);
    float* p = arguments.scratch + arguments.stride;
    float maximum;
    const float sum = exponentials<S>(z, classes, nullptr, p, &maximum);
    const float logSum = logarithm<S>(sum);
    float loss = 0;
    for (std::size_t c = 0; c < classes; ++c) {
      if (q[c] > 0) loss += q[c] * (logarithm<S>(q[c]) - (z[c] - maximum - logSum));
    }
    arguments.losses[row] = loss;
    for (std::size_t c = 0; c < classes; ++c) {
      z[c] = arguments.scale * (p[c] / sum - q[c]);
    }
    for (std::size_t c = classes; c < static_cast<std::size_t>(arguments.stride); ++c) z[c] = 0;
  }
}

template <class S>
void widen(const std::uint8_t* in, std::size_t count, float* out) {
  std::size_t i = 0;
  for (; i + 16 <= count; i += 16) {
    for (std::size_t j = 0; j < 16; j += S::kWidth) S::store(out + i + j, S::loadBytes(in + i + j));
  }
  for (; i < count; ++i) out[i] = static_cast<float>(in[i]);
}

/** Applies function to `count` floats; `in` and `out` are padded to whole vectors. */
template <class S, class Function>
inline void mapVectors(const float* in, std::size_t count, float* out, const Function& function) {
  for (std::size_t i = 0; i < count; i += S::kWidth) S::store(out + i, function(S::load(in + i)));
}

template <class S>
void affineSquare(const float* in, Affine affine, std::size_t count, float* out) {
  const auto scale = S::set(affine.scale), offset = S::set(affine.offset);
  mapVectors<S>(in, count, out, [&](typename S::Float u) {
    const auto x = S::fma(scale, u, offset);
    return S::mul(x, x);
  });
}

template <class S>
void expArray(const float* in, std::size_t count, float* out) {
  mapVectors<S>(in, count, out, [](typename S::Float x) { return exp<S>(x); });
}

template <class S>
void logArray(const float* in, std::size_t count, float* out) {
  mapVectors<S>(in, count, out, [](typename S::Float x) { return log<S>(x); });
}

template <class S>
constexpr Kernels makeKernels(const char* name) {
  return {name,          forward<S>,   backpropagate<S>, updateWeights<S>, updateBias<S>,
          columnSums<S>, objective<S>, widen<S>,         affineSquare<S>,  expArray<S>,
          logArray<S>};
}

}  // namespace lethe::cpu
