#include "lethe/kronecker.h"

#include <cmath>
#include <string>

#include "cpu/compute.h"
#include "lethe/error.h"
#include "lethe/floating_point.h"
#include "linalg/cholesky.h"

namespace lethe {
namespace {

using linalg::Cholesky;
using linalg::Matrix;

void check(const FactoredFisher& fisher, const ParameterVector& gradient, double damping) {
  const auto require = [](bool condition, const std::string& message) {
    if (!condition) throw Error(ErrorCode::kInvalidArgument, message);
  };
  require(fisher.values.size() == kroneckerSize(fisher.architecture),
          "the Kronecker factors must hold " + std::to_string(kroneckerSize(fisher.architecture)) +
              " numbers");
  require(gradient.size() == fisher.architecture.parameterCount(),
          "the gradient must hold one value per parameter");
  require(std::isfinite(damping) && damping > 0, "damping must be a finite number above 0");
  require(allFinite(fisher.values.data(), fisher.values.size()) &&
              allFinite(gradient.data(), gradient.size()),
          "factors and gradient must be finite");
}

double meanOfDiagonal(const float* values, std::size_t size) {
  double trace = 0;
  for (std::size_t i = 0; i < size; ++i) trace += values[i * size + i];
  return trace / static_cast<double>(size);
}

/** The block rows of all factors, which are the steps of a solution. */
std::uint64_t blockRows(const Architecture& architecture) {
  std::uint64_t rows = 0;
  for (const Layer& layer : architecture.layers()) {
    rows += cpu::panelCount(layer.inputs + 1) + cpu::panelCount(layer.outputs);
  }
  return rows;
}

Cholesky factorize(const cpu::Kernels& kernels, cpu::ThreadTeam& team, const float* values,
                   std::size_t size, double damping, Steps& steps) {
  Matrix matrix(Cholesky::paddedRows(size), size);
  for (std::size_t i = 0; i < size; ++i) {
    std::copy_n(values + i * size, size, matrix.row(i));
    matrix.row(i)[i] += static_cast<float>(damping);
  }
  return {kernels, team, std::move(matrix), steps};
}

}  // namespace

ParameterVector kroneckerSolve(const FactoredFisher& fisher, const ParameterVector& gradient,
                               double damping, const CpuOptions& cpu, Control& control) {
  const FloatingPointMode mode;
  check(fisher, gradient, damping);
  const auto [kernels, threads] = cpu::computeFor(cpu);
  cpu::ThreadTeam team(threads);
  Steps steps(control, blockRows(fisher.architecture));
  ParameterVector solution(gradient.size());
  const float* values = fisher.values.data();
  for (const Layer& layer : fisher.architecture.layers()) {
    const std::size_t inputs = layer.inputs + 1;
    const float* a = values;
    const float* g = a + squared(inputs);
    values += kroneckerSize(layer);
    const double meanA = meanOfDiagonal(a, inputs);
    const double meanG = meanOfDiagonal(g, layer.outputs);
    const double ratio = meanG > 0 ? std::sqrt(meanA / meanG) : 1;
    const double share = std::sqrt(damping);

    // (G + share / ratio)^-1 V (A + share ratio)^-1 for V = [W b]
    Matrix v(Cholesky::paddedRows(layer.outputs), inputs);
    for (std::size_t output = 0; output < layer.outputs; ++output) {
      std::copy_n(&gradient[layer.weightOffset + output * layer.inputs], layer.inputs,
                  v.row(output));
      v.row(output)[layer.inputs] = gradient[layer.biasOffset + output];
    }
    factorize(kernels, team, g, layer.outputs, share / ratio, steps).solve(v);
    Matrix transposed(Cholesky::paddedRows(inputs), layer.outputs);
    for (std::size_t output = 0; output < layer.outputs; ++output) {
      for (std::size_t k = 0; k < inputs; ++k) transposed.row(k)[output] = v.row(output)[k];
    }
    factorize(kernels, team, a, inputs, share * ratio, steps).solve(transposed);
    for (std::size_t output = 0; output < layer.outputs; ++output) {
      for (std::size_t k = 0; k < layer.inputs; ++k) {
        solution[layer.weightOffset + output * layer.inputs + k] = transposed.row(k)[output];
      }
      solution[layer.biasOffset + output] = transposed.row(layer.inputs)[output];
    }
  }
  if (!allFinite(solution.data(), solution.size())) {
    throw Error(ErrorCode::kDiverged, "the solution is not finite: try more damping");
  }
  return solution;
}

}  // namespace lethe
