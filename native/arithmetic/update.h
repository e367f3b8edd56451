#pragma once

#include "arithmetic/host_device.h"

/** The rules that gradients go through. */
namespace lethe::arithmetic {

enum class UpdateKind { kSgd, kClampedFisher, kAccumulate, kAccumulateSquare };

/** A rule for a gradient g, a parameter p and the state s that is kept beside it. */
struct Update {
  UpdateKind kind;
  float learningRate = 0;
  float momentum = 0;  ///< kSgd: s is the velocity
  float weightDecay = 0;
  bool nesterov = false;
  float alpha = 0;  ///< kClampedFisher: s is the Fisher diagonal
  float clamp = 0;
};

template <class S>
struct SgdStep {
  using Float = typename S::Float;
  static constexpr bool kChangesParameter = true, kChangesState = true;
  LETHE_HOST_DEVICE explicit SgdStep(const Update& update)
      : minusLearningRate(S::set(-update.learningRate)),
        momentum(S::set(update.momentum)),
        weightDecay(S::set(update.weightDecay)),
        nesterov(update.nesterov) {}

  LETHE_HOST_DEVICE void operator()(Float gradient, float* parameter, float* velocity) const {
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
  static constexpr bool kChangesParameter = true, kChangesState = false;
  LETHE_HOST_DEVICE explicit ClampedFisherStep(const Update& update)
      : learningRate(S::set(update.learningRate)),
        alpha(S::set(update.alpha)),
        low(S::set(-update.clamp)),
        high(S::set(update.clamp)) {}

  LETHE_HOST_DEVICE void operator()(Float gradient, float* parameter, float* fisher) const {
    const Float ratio = S::div(S::mul(learningRate, gradient), S::add(S::load(fisher), alpha));
    const Float step = S::max(low, S::min(high, ratio));
    S::store(parameter, S::sub(S::load(parameter), step));
  }

  Float learningRate, alpha, low, high;
};

template <class S>
struct AccumulateStep {
  using Float = typename S::Float;
  static constexpr bool kChangesParameter = false, kChangesState = true;
  LETHE_HOST_DEVICE explicit AccumulateStep(const Update&) {}

  LETHE_HOST_DEVICE void operator()(Float gradient, float*, float* sum) const {
    S::store(sum, S::add(S::load(sum), gradient));
  }
};

template <class S>
struct AccumulateSquareStep {
  using Float = typename S::Float;
  static constexpr bool kChangesParameter = false, kChangesState = true;
  LETHE_HOST_DEVICE explicit AccumulateSquareStep(const Update&) {}

  LETHE_HOST_DEVICE void operator()(Float gradient, float*, float* sum) const {
    S::store(sum, S::fma(gradient, gradient, S::load(sum)));
  }
};

/** Calls function(step) with the step that the rule asks for: step(gradient, parameter, state). */
template <class S, class Function>
LETHE_HOST_DEVICE inline void withStep(const Update& update, const Function& function) {
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

}  // namespace lethe::arithmetic
