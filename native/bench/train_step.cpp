// Times one SGD step of a network on random data: bench_train_step [threads] [batch] [width ...]

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <numeric>

#include "lethe/pass.h"
#include "lethe/philox.h"

namespace {

constexpr std::size_t kRows = 8192;
constexpr int kRepetitions = 7;

std::shared_ptr<const lethe::Dataset> randomBytes(std::size_t columns, std::size_t classes) {
  lethe::PhiloxStream random(1, lethe::PhiloxPurpose::kBatchOrder);
  std::vector<std::uint8_t> features(kRows * columns);
  for (auto& value : features) value = static_cast<std::uint8_t>(random.below(256));
  std::vector<std::uint32_t> labels(kRows);
  for (auto& label : labels) label = random.below(static_cast<std::uint32_t>(classes));
  return lethe::Dataset::fromBytes(std::move(features), {1 / 255.0f, -0.5f}, std::move(labels),
                                   columns, classes);
}

}  // namespace

int main(int argc, char** argv) {
  const std::size_t threads = argc > 1 ? std::strtoul(argv[1], nullptr, 10) : 1;
  const std::size_t batch = argc > 2 ? std::strtoul(argv[2], nullptr, 10) : 128;
  std::vector<std::uint32_t> widths;
  for (int i = 3; i < argc; ++i) widths.push_back(std::strtoul(argv[i], nullptr, 10));
  if (widths.empty()) widths = {784, 512, 128, 10};

  const lethe::Architecture architecture(widths);
  const lethe::Model model{architecture, std::make_shared<const lethe::ParameterVector>(
                                             lethe::initialParameters(architecture, 1))};
  lethe::Plan plan;
  plan.rows.resize(kRows);
  std::iota(plan.rows.begin(), plan.rows.end(), 0u);
  plan.batchSize = batch;
  plan.shuffleSeed = 1;
  const lethe::PassSpec spec{model,
                             randomBytes(widths.front(), widths.back()),
                             plan,
                             {},
                             lethe::Sgd{.learningRate = 1e-4f, .momentum = 0.9f}};

  double operations =
      0;  // per row: forward, weight gradient, and input gradient but for the first layer
  for (std::size_t l = 0; l < architecture.layers().size(); ++l) {
    const auto& layer = architecture.layers()[l];
    operations += (l == 0 ? 4.0 : 6.0) * static_cast<double>(layer.inputs * layer.outputs);
  }

  const auto backend = lethe::makeCpuBackend({threads, {}});
  std::vector<double> seconds;
  for (int i = 0; i < kRepetitions; ++i) {
    lethe::Control control;
    const auto start = std::chrono::steady_clock::now();
    lethe::pass(*backend, spec, control);
    seconds.push_back(
        std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count());
  }
  std::sort(seconds.begin(), seconds.end());
  const double steps = static_cast<double>(plan.steps());
  const double median = seconds[seconds.size() / 2];
  std::printf("%s, %zu threads, batch %zu: step %.0f us median, %.0f us best, %.1f GFLOP/s\n",
              backend->description().c_str(), threads, batch, median / steps * 1e6,
              seconds.front() / steps * 1e6, operations * kRows / median * 1e-9);
  return 0;
}
