#pragma once

#include <cstddef>
#include <span>

#include "lethe/control.h"
#include "lethe/cpu.h"
#include "lethe/model.h"

namespace lethe {

/**
 * The Kronecker factors of the Fisher information, layer by layer: A, the mean of a a^T over the
 * layer's inputs a with a 1 appended, [inputs + 1][inputs + 1]; then G, the mean of d d^T over the
 * gradients d at its outputs, [outputs][outputs]. Source: Martens, Grosse 2015, "Optimizing neural
 * networks with Kronecker-factored approximate curvature", section 3.
 */
struct FactoredFisher {
  const Architecture& architecture;
  std::span<const float> values;  ///< A and G of every layer, one after another
};

inline std::size_t squared(std::size_t size) { return size * size; }

/** How many numbers the factors of one layer hold, or of all layers. */
inline std::size_t kroneckerSize(const Layer& layer) {
  return squared(layer.inputs + 1) + squared(layer.outputs);
}
inline std::size_t kroneckerSize(const Architecture& architecture) {
  std::size_t size = 0;
  for (const Layer& layer : architecture.layers()) size += kroneckerSize(layer);
  return size;
}

/**
 * Multiplies the gradient, one value per parameter, by the inverse of the Fisher information that
 * the factors stand for. A layer's part is (G + sqrt(damping) / r)^-1 V (A + r sqrt(damping))^-1: V
 * holds the gradients of its weights and, as the last column, of its biases; r^2 is the ratio of
 * the mean diagonals of A and G (Martens, Grosse 2015, sections 4.2 and 6.3). Progress counts block
 * rows of the factors. Throws kInvalidArgument, kAborted, kDiverged (the solution is not finite).
 */
ParameterVector kroneckerSolve(const FactoredFisher& fisher, const ParameterVector& gradient,
                               double damping, const CpuOptions& cpu, Control& control);

}  // namespace lethe
