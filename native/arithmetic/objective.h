#pragma once

#include "arithmetic/exp_log.h"
#include "arithmetic/objective_arguments.h"

/** Softmax and the gradient at the logits. */
namespace lethe::arithmetic {

/** Writes exp(z - largest z) to out, 0 for removed classes; returns their sum, added in order. */
template <class S>
LETHE_HOST_DEVICE inline float exponentials(const float* z, std::size_t classes,
                                            const std::uint8_t* removed, float* out,
                                            float* maximum) {
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
LETHE_HOST_DEVICE inline float logarithm(float x) {
  float lanes[S::kWidth];
  S::store(lanes, log<S>(S::set(x)));
  return lanes[0];
}

/** The target distribution of a row, [classes]: in the scratch memory, or as it was given. */
template <class S>
LETHE_HOST_DEVICE inline const float* targetOf(const ObjectiveArguments& arguments, std::size_t row,
                                               const float* z) {
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

/** Replaces the logits of each row by the gradient at them, and writes the row's loss. */
template <class S>
LETHE_HOST_DEVICE void objective(const ObjectiveArguments& arguments) {
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
      if (!(q[c] > 0)) continue;
      const float logTarget = q[c] == 1 ? 0 : logarithm<S>(q[c]);
      loss += q[c] * (logTarget - (z[c] - maximum - logSum));
    }
    arguments.losses[row] = loss;
    const float scale =
        arguments.rowWeights ? arguments.scale * arguments.rowWeights[row] : arguments.scale;
    for (std::size_t c = 0; c < classes; ++c) {
      z[c] = scale * (p[c] / sum - q[c]);
    }
  }
}

}  // namespace lethe::arithmetic
