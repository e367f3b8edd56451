// The core's losses and gradients against finite differences of a naive double-precision network.

#include <gtest/gtest.h>

#include <ostream>
#include <utility>

#include "test/reference.h"
#include "test/support.h"

namespace lethe::test {
namespace {

using Vector = Reference::Vector;

struct Shape {
  std::vector<std::uint32_t> widths;
  std::size_t rows;
  std::size_t batchSize;
};

void PrintTo(const Shape& shape, std::ostream* out) {
  *out << testing::PrintToString(shape.widths) << ", " << shape.rows << " rows";
}

/** The sizes tested: one row, one class, one layer; widths and batches that no tile divides. */
const std::vector<std::pair<std::string, Shape>> kShapes{
    {"one_row", {{7, 6, 5, 3}, 1, 1}},    {"one_layer", {{5, 3}, 9, 4}},
    {"one_class", {{4, 3, 1}, 5, 5}},     {"small", {{7, 6, 5, 3}, 23, 10}},
    {"deep", {{33, 65, 31, 10}, 37, 16}}, {"wide", {{3, 129, 2}, 70, 67}}};

/** How many parameters of a layer get finite differences: all of a small layer. */
constexpr std::size_t kSamples = 40;

std::vector<std::size_t> sampledParameters(const Architecture& architecture) {
  std::vector<std::size_t> samples;
  for (const Layer& layer : architecture.layers()) {
    const std::size_t weights = layer.inputs * layer.outputs;
    const std::size_t weightStride = 1 + weights / kSamples;
    const std::size_t biasStride = 1 + layer.outputs / kSamples;
    for (std::size_t i = 0; i < weights; i += weightStride) {
      samples.push_back(layer.weightOffset + i);
    }
    for (std::size_t i = 0; i < layer.outputs; i += biasStride) {
      samples.push_back(layer.biasOffset + i);
    }
  }
  return samples;
}

/** Central differences of weight * the mean loss, the targets held constant. */
Vector finiteDifferences(const PassSpec& spec, const std::vector<std::size_t>& at) {
  constexpr double kStep = 1e-6;  // so small that hardly a ReLU switches within it
  const Reference reference(spec);
  Vector parameters = reference.parameters();
  std::vector<Vector> targets;
  for (const auto row : spec.plan.rows) targets.push_back(reference.target(parameters, row));
  const auto objective = [&] {
    double sum = 0;
    for (std::size_t i = 0; i < targets.size(); ++i) {
      const std::uint32_t row = spec.plan.rows[i];
      const auto& weights = spec.objective.rowWeights;
      sum +=
          (weights ? double{(*weights)[row]} : 1.0) * reference.loss(parameters, row, targets[i]);
    }
    return static_cast<double>(spec.objective.weight) * sum / static_cast<double>(targets.size());
  };
  Vector differences;
  for (const std::size_t i : at) {
    const double value = parameters[i];
    parameters[i] = value + kStep;
    const double above = objective();
    parameters[i] = value - kStep;
    const double below = objective();
    parameters[i] = value;
    differences.push_back((above - below) / (2 * kStep));
  }
  return differences;
}

template <class Value>
std::vector<Value> pick(const std::vector<Value>& values, const std::vector<std::size_t>& at) {
  std::vector<Value> picked;
  for (const std::size_t i : at) picked.push_back(values[i]);
  return picked;
}

double meanLoss(const PassSpec& spec) {
  const Reference reference(spec);
  const Vector parameters = reference.parameters();
  double sum = 0;
  for (const auto row : spec.plan.rows) {
    sum += reference.loss(parameters, row, reference.target(parameters, row));
  }
  return sum / static_cast<double>(spec.plan.rows.size());
}

/** Tries every backend, because the differences take far longer than a backend's gradient. */
void check(const PassSpec& spec) {
  const auto samples = sampledParameters(spec.model.architecture);
  const Reference reference(spec);
  const Vector differences = finiteDifferences(spec, samples);
  const Vector gradient = reference.meanGradient(reference.parameters(), spec.plan.rows);
  const double loss = meanLoss(spec);
  const auto checkBackend = [&](const std::string& name) {
    SCOPED_TRACE(name);
    PassResult result;
    ASSERT_NO_THROW(result = run(spec, *makeBackend(name)));
    EXPECT_LT(relativeError(differences, pick(result.values, samples)), 1e-5);
    EXPECT_LT(relativeError(gradient, result.values), 1e-5);
    EXPECT_NEAR(result.epochLoss.at(0), loss, 1e-5 * (1 + loss));
  };
  for (const std::string& name : backendNames()) checkBackend(name);
}

class GradientTest : public testing::TestWithParam<std::pair<std::string, Shape>> {
 protected:
  void checkTarget(Target target, float weight) {
    const Shape& shape = GetParam().second;
    for (const Features features : kAllFeatures) {
      SCOPED_TRACE(featuresName(features));
      PassSpec spec = makeSpec(shape.widths, features, shape.rows, shape.batchSize, Gradient{});
      spec.objective = makeObjective(target, spec);
      spec.objective.weight = weight;
      check(spec);
    }
  }
};

TEST_P(GradientTest, of_the_labels) { checkTarget(Target::kLabel, 1); }
TEST_P(GradientTest, of_the_labels_ascending) { checkTarget(Target::kLabel, -1); }
TEST_P(GradientTest, of_the_uniform_target) { checkTarget(Target::kUniform, 1); }
TEST_P(GradientTest, of_the_masked_target) { checkTarget(Target::kMasked, 1); }
TEST_P(GradientTest, of_explicit_targets) { checkTarget(Target::kExplicit, 0.5f); }

INSTANTIATE_TEST_SUITE_P(Shapes, GradientTest, testing::ValuesIn(kShapes),
                         [](const auto& info) { return info.param.first; });

/** Probabilities from 1 down to 0: exp underflows, and nothing becomes infinite. */
TEST(Gradient, of_logits_far_apart) {
  for (const Target target : {Target::kLabel, Target::kUniform, Target::kExplicit}) {
    PassSpec spec = makeSpec({6, 8, 5}, Features::kFloats, 20, 7, Gradient{});
    ParameterVector large = *spec.model.parameters;
    for (float& value : large) value *= 25;
    spec.model.parameters = std::make_shared<const ParameterVector>(std::move(large));
    spec.objective = makeObjective(target, spec);
    check(spec);
  }
}

/** A plan's rows may skip, repeat and reorder rows of the data set. */
TEST(Gradient, of_a_subset_with_repetitions) {
  PassSpec spec = makeSpec({7, 6, 3}, Features::kBytes, 20, 4, Gradient{});
  spec.plan.rows = {19, 3, 3, 0, 11, 7, 3};
  check(spec);
}

}  // namespace
}  // namespace lethe::test
