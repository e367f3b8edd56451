#include "test/support.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <numeric>
#include <utility>

#include "cpu/kernels/dispatch.h"
#include "cuda/host/backend.h"
#include "lethe/cuda.h"
#include "test/emulated_device/emulated_device.h"

namespace lethe::test {
namespace {

const std::string kCpu = "cpu_";
/** On a real device: its own choice, and graphs, where it might choose the persistent kernel. */
const std::pair<std::string, CudaExecution> kCuda[] = {{"cuda", CudaExecution::kAuto},
                                                       {"cuda_graph", CudaExecution::kGraph}};

/** The number of multiprocessors decides on the tiles: one takes the largest, many the smallest. */
struct EmulatedCuda {
  std::string name;
  std::size_t processors;
  CudaExecution execution;
};
const EmulatedCuda kEmulatedCuda[] = {
    {"cuda_emulated_graph_with_1_processor", 1, CudaExecution::kGraph},
    {"cuda_emulated_graph_with_132_processors", 132, CudaExecution::kGraph},
    {"cuda_emulated_auto_with_5_processors", 5, CudaExecution::kAuto}};

}  // namespace

std::vector<std::string> instructionSets() {
  std::vector<std::string> names;
  for (const cpu::Kernels* kernels : cpu::supportedKernels()) names.push_back(kernels->name);
  return names;
}

std::vector<std::string> backendNames() {
  std::vector<std::string> names;
  for (const std::string& name : instructionSets()) names.push_back(kCpu + name);
#ifndef __SANITIZE_THREAD__  // an emulated device has one thread, so there is nothing to find
  for (const EmulatedCuda& emulated : kEmulatedCuda) names.push_back(emulated.name);
#endif
  if (cudaStatus().available) {
    for (const auto& [name, execution] : kCuda) names.push_back(name);
  }
  return names;
}

std::unique_ptr<Backend> makeBackend(const std::string& name, std::size_t threads) {
  for (const EmulatedCuda& emulated : kEmulatedCuda) {
    if (emulated.name != name) continue;
    return cuda::makeBackend(std::make_shared<CudaDevice>(makeEmulatedDevice(emulated.processors)),
                             {.execution = emulated.execution, .cpu = {threads, {}}});
  }
  for (const auto& [cudaName, execution] : kCuda) {
    if (cudaName != name) continue;
    return makeCudaBackend(openCudaDevice(), {.execution = execution, .cpu = {threads, {}}});
  }
  return makeCpuBackend({threads, name.substr(kCpu.size())});
}

std::string backendTestName(const testing::TestParamInfo<std::string>& info) { return info.param; }

float Random::uniform(float low, float high) {
  return low + (high - low) * static_cast<float>(stream_.nextWord() >> 8) * 0x1p-24f;
}

std::vector<float> Random::uniforms(std::size_t count, float low, float high) {
  std::vector<float> values(count);
  for (float& value : values) value = uniform(low, high);
  return values;
}

std::string featuresName(Features features) {
  switch (features) {
    case Features::kBytes:
      return "bytes";
    case Features::kFloats:
      return "floats";
    case Features::kSparseBytes:
      return "sparse_bytes";
    case Features::kSparseFloats:
      return "sparse_floats";
  }
  return "";
}

std::shared_ptr<const Dataset> makeDataset(Features features, std::size_t rows, std::size_t columns,
                                           std::size_t classes, std::uint64_t seed) {
  Random random(seed);
  std::vector<std::uint32_t> labels(rows);
  for (auto& label : labels) label = random.below(static_cast<std::uint32_t>(classes));
  const bool sparse = features == Features::kSparseBytes || features == Features::kSparseFloats;
  if (features == Features::kFloats || features == Features::kSparseFloats) {
    std::vector<float> floats = random.uniforms(rows * columns, -2, 2);
    for (float& value : floats) {
      if (sparse && random.below(5) > 0) value = random.below(2) == 0 ? 0.0f : -0.0f;
    }
    return Dataset::fromFloats(floats, labels, columns, classes);
  }
  std::vector<std::uint8_t> bytes(rows * columns);
  for (auto& byte : bytes) {
    const bool zero = sparse ? random.below(5) > 0 : random.below(3) == 0;
    byte = zero ? 0 : static_cast<std::uint8_t>(random.below(256));
  }
  return Dataset::fromBytes(bytes, {0.0127f, -0.42f}, labels, columns, classes);
}

Model makeModel(std::vector<std::uint32_t> widths, std::uint64_t seed) {
  const Architecture architecture(std::move(widths));
  return {architecture,
          std::make_shared<const ParameterVector>(initialParameters(architecture, seed))};
}

Plan everyRow(const Dataset& dataset, std::size_t batchSize) {
  Plan plan;
  plan.rows.resize(dataset.rows());
  std::iota(plan.rows.begin(), plan.rows.end(), 0u);
  plan.batchSize = batchSize;
  return plan;
}

std::shared_ptr<const InputScaling> makeScaling(std::size_t inputs) {
  Random random(9);
  InputScaling scaling{random.uniforms(inputs, -1, 1), random.uniforms(inputs, 0.1f, 2), 0.25f};
  for (std::size_t k = 0; k < inputs; k += 5) scaling.rates[k] = 0;
  return std::make_shared<const InputScaling>(std::move(scaling));
}

PassSpec makeSpec(std::vector<std::uint32_t> widths, Features features, std::size_t rows,
                  std::size_t batchSize, Sink sink, std::uint64_t seed) {
  const auto dataset = makeDataset(features, rows, widths.front(), widths.back(), seed);
  return {makeModel(std::move(widths), seed),
          dataset,
          everyRow(*dataset, batchSize),
          {},
          std::move(sink)};
}

std::shared_ptr<const std::vector<float>> makeDistributions(std::size_t rows, std::size_t classes,
                                                            std::uint64_t seed) {
  Random random(seed);
  std::vector<float> distributions;
  for (std::size_t row = 0; row < rows; ++row) {
    std::vector<float> q = random.uniforms(classes, 0.1f, 1);
    if (classes > 1) q[random.below(static_cast<std::uint32_t>(classes))] = 0;
    const float sum = std::accumulate(q.begin(), q.end(), 0.0f);
    for (const float value : q) distributions.push_back(value / sum);
  }
  return std::make_shared<const std::vector<float>>(std::move(distributions));
}

Objective makeObjective(Target target, const PassSpec& spec) {
  const std::size_t classes = spec.model.architecture.classes();
  Objective objective;
  objective.target = target;
  if (target == Target::kMasked) {
    objective.removed.assign(classes, 0);
    objective.removed.front() = classes > 1;
  }
  if (target == Target::kExplicit) {
    objective.distributions = makeDistributions(spec.dataset->rows(), classes);
    objective.rowWeights =
        std::make_shared<const std::vector<float>>(Random(9).uniforms(spec.dataset->rows(), -1, 2));
  }
  return objective;
}

PassResult run(const PassSpec& spec, Backend& backend) {
  Control control;
  return pass(backend, spec, control);
}

testing::AssertionResult sameBits(const std::vector<float>& expected,
                                  const std::vector<float>& actual) {
  if (expected.size() != actual.size()) {
    return testing::AssertionFailure() << expected.size() << " and " << actual.size() << " values";
  }
  for (std::size_t i = 0; i < expected.size(); ++i) {
    if (std::bit_cast<std::uint32_t>(expected[i]) != std::bit_cast<std::uint32_t>(actual[i])) {
      return testing::AssertionFailure()
             << "value " << i << " is " << std::hexfloat << actual[i] << ", not " << expected[i];
    }
  }
  return testing::AssertionSuccess();
}

double relativeError(const std::vector<double>& expected, const std::vector<float>& actual) {
  if (expected.size() != actual.size()) return INFINITY;
  double scale = 0, difference = 0;
  for (std::size_t i = 0; i < expected.size(); ++i) {
    scale = std::max(scale, std::abs(expected[i]));
    difference = std::max(difference, std::abs(expected[i] - actual[i]));
  }
  return scale > 0 ? difference / scale : difference;
}

}  // namespace lethe::test
