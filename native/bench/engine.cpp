// Measures the CPU engine, one request a line on stdin, one JSON object a line on stdout:
//
//   peak THREADS                                    {"gflops"}
//   stages THREADS BATCH DENSITY STEPS WIDTH...     {"stepMicroseconds", "stages": [...]}
//
// `peak` is what multiply-adds in registers reach. `stages` times the parts of a training step on
// random bytes, of which the share DENSITY is not 0: medians over the steps.

#include <algorithm>
#include <cstdio>
#include <iostream>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "bench/data.h"
#include "bench/timing.h"
#include "cpu/executor.h"
#include "cpu/kernels/dispatch.h"
#include "lethe/floating_point.h"

namespace lethe::bench {
namespace {

const cpu::Kernels& kernels() {
  const char* forced = std::getenv("LETHE_ISA");
  return cpu::selectKernels(forced ? forced : "");
}

/** The best of a few short runs, because other load can only slow them. */
double peakFlops(std::size_t threads) {
  constexpr std::size_t kIterations = 2'000'000;
  constexpr int kRuns = 7;
  cpu::ThreadTeam team(threads);
  std::vector<double> operations(threads);
  double best = 0;
  for (int run = 0; run < kRuns; ++run) {
    const auto start = Clock::now();
    team.run(threads, [&](std::size_t task, std::size_t) {
      operations[task] = kernels().saturate(kIterations);
    });
    const double seconds = secondsSince(start);
    double sum = 0;
    for (const double count : operations) sum += count;
    best = std::max(best, sum / seconds);
  }
  return best;
}

struct StageKey {
  cpu::Stage stage;
  std::size_t layer;
  auto operator<=>(const StageKey&) const = default;
};

const char* nameOf(cpu::Stage stage) {
  switch (stage) {
    case cpu::Stage::kGather:
      return "gather";
    case cpu::Stage::kForward:
      return "forward";
    case cpu::Stage::kObjective:
      return "objective";
    case cpu::Stage::kSelect:
      return "select";
    case cpu::Stage::kBackpropagate:
      return "backpropagate";
    case cpu::Stage::kUpdate:
      return "update";
  }
  return "";
}

/** Operations of a stage's matrix products. An update runs beside the stage of the layer below. */
double operationsOf(const StageKey& key, const Architecture& architecture, std::size_t batch) {
  const auto product = [&](std::size_t l) {
    if (l >= architecture.layers().size()) return 0.0;
    const Layer& layer = architecture.layers()[l];
    return 2.0 * static_cast<double>(batch * layer.inputs * layer.outputs);
  };
  if (key.stage == cpu::Stage::kForward) return product(key.layer);
  if (key.stage == cpu::Stage::kBackpropagate || key.stage == cpu::Stage::kUpdate) {
    return product(key.layer) + product(key.layer + 1);
  }
  return 0;
}

void printStages(std::size_t threads, std::size_t batch, double density, std::size_t steps,
                 std::vector<std::uint32_t> widths) {
  const FloatingPointMode mode;
  constexpr std::size_t kRows = 8192;
  const Architecture architecture(widths);
  const auto dataset = randomBytes(std::max(kRows, batch), widths.front(), density, widths.back());
  const Model model{architecture,
                    std::make_shared<const ParameterVector>(initialParameters(architecture, 1))};
  Plan plan;
  plan.rows.resize(dataset->rows() / batch * batch);
  for (std::size_t i = 0; i < plan.rows.size(); ++i) plan.rows[i] = static_cast<std::uint32_t>(i);
  plan.batchSize = batch;
  plan.shuffleSeed = 1;
  plan.epochs = 1000000;
  plan.maxSteps = steps;
  cpu::CpuExecutor executor(
      {model, dataset, {}, Sgd{.learningRate = 1e-4f, .momentum = 0.9f}, plan}, kernels(), threads);

  std::map<StageKey, std::vector<double>> laps;
  std::vector<double> whole;
  Clock::time_point last;
  executor.observe([&](cpu::Stage stage, std::size_t layer) {
    laps[{stage, layer}].push_back(secondsSince(last));
    last = Clock::now();
  });
  BatchOrder order(plan);
  while (const auto next = order.next()) {
    const auto start = last = Clock::now();
    executor.step(next->rows);
    whole.push_back(secondsSince(start));
  }

  std::printf("{\"stepMicroseconds\": %.2f, \"stages\": [", median(whole) * 1e6);
  const char* separator = "";
  for (const auto& [key, seconds] : laps) {
    const double typical = median(seconds);
    std::printf("%s{\"stage\": \"%s\", \"layer\": %zu, \"microseconds\": %.2f, \"gflops\": %.2f}",
                separator, nameOf(key.stage), key.layer, typical * 1e6,
                operationsOf(key, architecture, batch) / typical * 1e-9);
    separator = ", ";
  }
  std::printf("]}\n");
}

void answer(const std::string& line) {
  std::istringstream request(line);
  std::string work;
  std::size_t threads = 0;
  request >> work >> threads;
  if (work == "peak" && threads > 0) {
    std::printf("{\"gflops\": %.2f}\n", peakFlops(threads) * 1e-9);
    return;
  }
  std::size_t batch = 0, steps = 0;
  double density = 0;
  request >> batch >> density >> steps;
  std::vector<std::uint32_t> widths;
  for (std::uint32_t width; request >> width;) widths.push_back(width);
  if (work != "stages" || threads == 0 || batch == 0 || steps == 0 || widths.size() < 2) {
    std::printf(
        "{\"error\": \"a request is `peak THREADS` or "
        "`stages THREADS BATCH DENSITY STEPS WIDTH...`\"}\n");
    return;
  }
  printStages(threads, batch, density, steps, std::move(widths));
}

}  // namespace
}  // namespace lethe::bench

int main() {
  for (std::string line; std::getline(std::cin, line);) {
    lethe::bench::answer(line);
    std::fflush(stdout);
  }
}
