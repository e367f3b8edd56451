// Compares the Kronecker factors with sums over the naive network's rows, and puts solutions back
// into their equation.

#include "lethe/kronecker.h"

#include <gtest/gtest.h>

#include <cmath>

#include "test/reference.h"
#include "test/support.h"

namespace lethe::test {
namespace {

using Vector = Reference::Vector;

/** Adds v v^T to a square matrix. */
void addOuterProduct(const Vector& v, double* out) {
  for (const double x : v) {
    for (const double y : v) *out++ += x * y;
  }
}

Vector expectedFactors(const PassSpec& spec) {
  const Reference reference(spec);
  const Architecture& architecture = spec.model.architecture;
  const Vector parameters = reference.parameters();
  Vector factors(kroneckerSize(architecture));
  for (const std::uint32_t row : spec.plan.rows) {
    const auto activations = reference.activations(parameters, row);
    const Vector gradient = reference.gradient(parameters, row);
    double* out = factors.data();
    for (std::size_t l = 0; l < architecture.layers().size(); ++l) {
      const Layer& layer = architecture.layers()[l];
      Vector inputs = activations[l];
      inputs.push_back(1);
      addOuterProduct(inputs, out);
      const auto biases = gradient.begin() + static_cast<std::ptrdiff_t>(layer.biasOffset);
      addOuterProduct({biases, biases + static_cast<std::ptrdiff_t>(layer.outputs)},
                      out + squared(inputs.size()));
      out += kroneckerSize(layer);
    }
  }
  for (double& value : factors) value /= static_cast<double>(spec.plan.rows.size());
  return factors;
}

class KroneckerTest : public testing::TestWithParam<std::string> {};

TEST_P(KroneckerTest, factors_are_the_means_of_outer_products) {
  for (const auto& widths : {std::vector<std::uint32_t>{5, 3}, {7, 6, 5, 3}, {70, 65, 31, 10}}) {
    for (const Features features : kAllFeatures) {
      for (const Target target : {Target::kLabel, Target::kExplicit}) {
        SCOPED_TRACE(testing::PrintToString(widths) + " " + featuresName(features));
        PassSpec spec = makeSpec(widths, features, 37, 16, KroneckerFactors{});
        spec.objective = makeObjective(target, spec);
        const PassResult result = run(spec, *makeBackend(GetParam()));
        EXPECT_LT(relativeError(expectedFactors(spec), result.values), 1e-5);
      }
    }
  }
}

/** Factors of random rows, in float, as a pass would give them. */
std::vector<float> randomFactors(const Architecture& architecture, Random& random) {
  constexpr std::size_t kRows = 20;
  std::vector<float> factors;
  for (const Layer& layer : architecture.layers()) {
    for (const std::size_t size : {layer.inputs + 1, layer.outputs}) {
      Vector sum(squared(size));
      for (std::size_t row = 0; row < kRows; ++row) {
        const auto values = random.uniforms(size, -1, 1);
        addOuterProduct({values.begin(), values.end()}, sum.data());
      }
      for (const double value : sum) factors.push_back(static_cast<float>(value / kRows));
    }
  }
  return factors;
}

double traceShare(const float* values, std::size_t size) {
  double trace = 0;
  for (std::size_t i = 0; i < size; ++i) trace += values[i * size + i];
  return trace / static_cast<double>(size);
}

/** Computes (G + gamma / r) S (A + gamma r) for a layer, which should give back the gradient. */
Vector applied(const Layer& layer, const float* a, const ParameterVector& solution,
               double damping) {
  const std::size_t inputs = layer.inputs + 1;
  const float* g = a + squared(inputs);
  const double ratio = std::sqrt(traceShare(a, inputs) / traceShare(g, layer.outputs));
  const double gamma = std::sqrt(damping);
  const auto element = [&](std::size_t output, std::size_t k) -> double {
    return k < layer.inputs ? solution[layer.weightOffset + output * layer.inputs + k]
                            : solution[layer.biasOffset + output];
  };
  Vector half(layer.outputs * inputs);
  for (std::size_t output = 0; output < layer.outputs; ++output) {
    for (std::size_t k = 0; k < inputs; ++k) {
      half[output * inputs + k] = gamma / ratio * element(output, k);
      for (std::size_t i = 0; i < layer.outputs; ++i) {
        half[output * inputs + k] += g[output * layer.outputs + i] * element(i, k);
      }
    }
  }
  Vector whole(half.size());
  for (std::size_t output = 0; output < layer.outputs; ++output) {
    for (std::size_t k = 0; k < inputs; ++k) {
      whole[output * inputs + k] = gamma * ratio * half[output * inputs + k];
      for (std::size_t i = 0; i < inputs; ++i) {
        whole[output * inputs + k] += half[output * inputs + i] * a[i * inputs + k];
      }
    }
  }
  return whole;
}

class KroneckerSolveTest : public testing::TestWithParam<std::string> {
 protected:
  static ParameterVector solve(const FactoredFisher& fisher, const ParameterVector& gradient,
                               double damping, std::size_t threads = 2) {
    Control control;
    return kroneckerSolve(fisher, gradient, damping, {threads, GetParam()}, control);
  }
};

TEST_P(KroneckerSolveTest, gives_the_gradient_back) {
  for (const auto& widths :
       {std::vector<std::uint32_t>{1, 1}, {5, 3}, {31, 32, 33}, {100, 70, 5}}) {
    SCOPED_TRACE(testing::PrintToString(widths));
    const Architecture architecture(widths);
    Random random(4);
    const auto factors = randomFactors(architecture, random);
    const auto gradient = random.uniforms(architecture.parameterCount(), -1, 1);
    const auto solution = solve({architecture, factors}, gradient, 0.01, 3);
    const float* values = factors.data();
    for (const Layer& layer : architecture.layers()) {
      const Vector back = applied(layer, values, solution, 0.01);
      for (std::size_t output = 0; output < layer.outputs; ++output) {
        for (std::size_t k = 0; k <= layer.inputs; ++k) {
          const float expected = k < layer.inputs
                                     ? gradient[layer.weightOffset + output * layer.inputs + k]
                                     : gradient[layer.biasOffset + output];
          EXPECT_NEAR(expected, back[output * (layer.inputs + 1) + k], 2e-4);
        }
      }
      values += kroneckerSize(layer);
    }
  }
}

TEST_P(KroneckerSolveTest, has_the_bits_of_plain_code) {
  const Architecture architecture({70, 40, 10});
  Random random(6);
  const auto factors = randomFactors(architecture, random);
  const auto gradient = random.uniforms(architecture.parameterCount(), -1, 1);
  const FactoredFisher fisher{architecture, factors};
  Control control;
  const auto expected = kroneckerSolve(fisher, gradient, 0.1, {1, "plain"}, control);
  for (const std::size_t threads : {1, 2, 4}) {
    EXPECT_TRUE(sameBits(expected, solve(fisher, gradient, 0.1, threads)));
  }
}

TEST_P(KroneckerSolveTest, bears_a_layer_without_gradients) {
  const Architecture architecture({3, 2});
  std::vector<float> factors(kroneckerSize(architecture));
  for (std::size_t i = 0; i < 4; ++i) factors[5 * i] = 1;  // A = 1, G = 0
  const ParameterVector gradient(architecture.parameterCount(), 1.0f);
  for (const float value : solve({architecture, factors}, gradient, 0.25)) {
    EXPECT_NEAR(1 / (0.5 * 1.5), value, 1e-5);
  }
}

TEST_P(KroneckerSolveTest, refuses_what_does_not_fit) {
  const Architecture architecture({2, 2});
  const std::vector<float> factors(kroneckerSize(architecture));
  const ParameterVector gradient(architecture.parameterCount());
  const auto fail = [&](std::span<const float> values, const ParameterVector& right, double damping,
                        const char* message) {
    EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, message, [&] {
      solve({architecture, values}, right, damping);
    }));
  };
  fail({factors.data(), 3}, gradient, 0.1, "must hold 13 numbers");
  fail(factors, {1, 2}, 0.1, "one value per parameter");
  for (const double damping : {0.0, -1.0, double{NAN}, double{INFINITY}}) {
    fail(factors, gradient, damping, "damping");
  }
  fail(factors, {1, 2, 3, 4, 5, INFINITY}, 0.1, "finite");
  std::vector<float> negative = factors;
  negative[0] = -3;
  fail(negative, gradient, 0.1, "positive definite");
}

TEST_P(KroneckerSolveTest, tells_how_far_it_is_and_ends_when_asked_to) {
  const Architecture architecture({70, 40, 10});
  Random random(6);
  const auto factors = randomFactors(architecture, random);
  const auto gradient = random.uniforms(architecture.parameterCount(), -1, 1);
  Control control;
  std::vector<Progress> seen;
  control.onProgress = [&](const Progress& progress) {
    seen.push_back(progress);
    control.abort();
  };
  EXPECT_TRUE(fails(ErrorCode::kAborted, "aborted", [&] {
    kroneckerSolve({architecture, factors}, gradient, 0.1, {2, GetParam()}, control);
  }));
  ASSERT_EQ(1u, seen.size());
  EXPECT_EQ(0u, seen[0].step);
  EXPECT_EQ(3u + 2 + 2 + 1, seen[0].steps);  // 71, 40, 41 and 10 in blocks of 32
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, KroneckerSolveTest, testing::ValuesIn(instructionSets()),
                         backendTestName);

INSTANTIATE_TEST_SUITE_P(Backends, KroneckerTest, testing::ValuesIn(backendNames()),
                         backendTestName);

}  // namespace
}  // namespace lethe::test
