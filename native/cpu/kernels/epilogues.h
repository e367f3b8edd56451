#pragma once

#include "cpu/kernels/kernels.h"

/** What is fused to the end of a product, so that its sums never go to memory. */
namespace lethe::cpu {

/**
 * Calls function(apply) with the fused update of weights. apply(sum, input, lane, at) takes the sum
 * of an input for lane `lane` of the panels; its weight lies `at` floats from the epilogue's first.
 */
template <class S, class Function>
inline void withWeightUpdate(const WeightEpilogue& epilogue, const Function& function) {
  using Float = typename S::Float;
  const Float scale = S::set(epilogue.affine.scale);
  const Float offset = S::set(epilogue.affine.offset);
  const float* biasGradient = epilogue.biasGradient;
  const float* offsets = epilogue.offsets;
  const float* rates = epilogue.rates;
  float* parameters = epilogue.parameters;
  float* state = epilogue.state;
  withStep<S>(epilogue.update, [&](const auto& step) {
    // Two functions, so that usual updates do not ask at every weight whether inputs are scaled.
    if (rates) {
      return function([=](Float sum, std::size_t input, std::size_t lane, std::size_t at) {
        sum = affineGradient<S>(sum, scale, S::set(offsets[input]), S::load(biasGradient + lane));
        step(S::mul(S::set(rates[input]), sum), parameters + at, state + at);
      });
    }
    function([=](Float sum, std::size_t, std::size_t lane, std::size_t at) {
      if (biasGradient) {
        sum = affineGradient<S>(sum, scale, offset, S::load(biasGradient + lane));
      }
      step(sum, parameters + at, state + at);
    });
  });
}

}  // namespace lethe::cpu
