#pragma once

#include "kernels.h"

/** What becomes of a finished sum before it is written: fused, so that it never goes to memory. */
namespace lethe::cpu {

/**
 * Ends a chain. Underflow may have left -0, where a chain over other zeros has +0: adding +0 makes
 * them one, so that skipping zero factors changes no bit.
 */
template <class S>
inline typename S::Float finished(typename S::Float sum) {
  return S::add(sum, S::zero());
}

/** z = sum + bias, with the input's affine map folded in, then ReLU. */
template <class S>
struct LayerOutput {
  using Float = typename S::Float;
  explicit LayerOutput(const LayerEpilogue& epilogue)
      : epilogue(epilogue),
        scale(S::set(epilogue.affine.scale)),
        offset(S::set(epilogue.affine.offset)) {}

  Float operator()(Float sum, std::size_t lane) const {
    Float z = S::load(epilogue.bias + lane);
    if (epilogue.weightSums) {
      z = S::fma(scale, sum, S::fma(offset, S::load(epilogue.weightSums + lane), z));
    } else {
      z = S::add(sum, z);
    }
    return epilogue.relu ? S::max(S::zero(), z) : z;
  }

  const LayerEpilogue& epilogue;
  Float scale, offset;
};

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

/**
 * Calls function(apply) with the fused update of weights: apply(sum, lane, at) for the sum of lane
 * `lane` of the panels and of the weight `at` floats from the epilogue's first.
 */
template <class S, class Function>
inline void withWeightUpdate(const WeightEpilogue& epilogue, const Function& function) {
  using Float = typename S::Float;
  const Float scale = S::set(epilogue.affine.scale);
  const Float offset = S::set(epilogue.affine.offset);
  const float* biasGradient = epilogue.biasGradient;
  float* parameters = epilogue.parameters;
  float* state = epilogue.state;
  withStep<S>(epilogue.update, [&](const auto& step) {
    function([=](Float sum, std::size_t lane, std::size_t at) {
      if (biasGradient) sum = S::fma(scale, sum, S::mul(offset, S::load(biasGradient + lane)));
      step(sum, parameters + at, state + at);
    });
  });
}

}  // namespace lethe::cpu
