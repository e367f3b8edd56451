// Measures the CUDA backend at the reference study's work. It writes one JSON object to stdout, and
// to stderr what it is doing.
//
//   bench_cuda [--data FOLDER] [--runs N] [--models N] [--concurrent-runs N]
//   bench_cuda --status
//
// FOLDER holds MNIST's four files, not compressed; without it the data are random. Times are those
// of whole passes after one that warms up: the data set is in the device's memory by then, while
// parameters and batch orders are copied to it, and the result back, within the time. `sameBits`
// says whether the result is the CPU's, bit for bit.
//
// Exits with 0, with 1 if a run fails or other bits come out, with 2 for bad arguments, with 3 if
// there is no CUDA device. --status only says which device there is.

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "bench/cuda_oracles.h"
#include "bench/json.h"
#include "bench/timing.h"
#include "lethe/error.h"

namespace lethe::bench {
namespace {

enum ExitCode { kOk = 0, kFailed = 1, kUsage = 2, kNoDevice = 3 };

/** The models of the goal cuda.oracles.s. */
constexpr std::size_t kGoalModels = 100;

struct Arguments {
  std::string folder;
  std::size_t runs = 20;
  std::size_t models = kGoalModels;
  std::size_t concurrentRuns = 6;
  bool statusOnly = false;
};

std::optional<Arguments> parse(int count, char** values) {
  Arguments arguments;
  for (int i = 1; i < count; ++i) {
    const std::string_view name = values[i];
    if (name == "--status") {
      arguments.statusOnly = true;
      continue;
    }
    if (++i == count) return std::nullopt;
    const std::size_t number = std::strtoul(values[i], nullptr, 10);
    if (name == "--data") {
      arguments.folder = values[i];
    } else if (name == "--runs" && number > 0) {
      arguments.runs = number;
    } else if (name == "--models" && number > 0) {
      arguments.models = number;
    } else if (name == "--concurrent-runs" && number > 0) {
      arguments.concurrentRuns = number;
    } else {
      return std::nullopt;
    }
  }
  return arguments;
}

const char* nameOf(CudaExecution execution) {
  switch (execution) {
    case CudaExecution::kAuto:
      return "auto";
    case CudaExecution::kGraph:
      return "graph";
    case CudaExecution::kPersistent:
      return "persistent";
  }
  return "";
}

const char* nameOf(Precision precision) {
  return precision == Precision::kExact ? "exact" : "fast";
}

/** The state that the measurements share, and whether one of them has failed. */
class CudaBench {
 public:
  CudaBench(std::shared_ptr<CudaDevice> device, const Workloads& workloads,
            const Arguments& arguments)
      : device_(std::move(device)), workloads_(workloads), arguments_(arguments) {}

  /** Times all executions in both precisions; returns the median of the default one in seconds. */
  std::optional<double> measure(const char* name, const Workloads::Workload& workload) {
    std::optional<double> goal;
    Json figures = Json::object();
    for (const Precision precision : {Precision::kExact, Precision::kFast}) {
      Json executions = Json::object();
      for (const CudaExecution execution : kExecutions) {
        std::fprintf(stderr, "%s %s %s\n", name, nameOf(precision), nameOf(execution));
        std::optional<double> seconds;
        executions.value(nameOf(execution), attempt(execution, [&] {
                           return time(workload, precision, execution, seconds);
                         }));
        if (precision == Precision::kExact && execution == CudaExecution::kAuto) goal = seconds;
      }
      figures.value(nameOf(precision), executions);
    }
    figures_.value(name, figures);
    return goal;
  }

  /** Returns the seconds of the default execution, if there are as many models as the goal has. */
  std::optional<double> measureOracles() {
    std::optional<double> goal;
    Json figures = Json::object();
    figures.number("models", static_cast<double>(arguments_.models));
    figures.number("concurrentRuns", static_cast<double>(arguments_.concurrentRuns));
    for (const CudaExecution execution : kExecutions) {
      std::fprintf(stderr, "oracles exact %s\n", nameOf(execution));
      figures.value(nameOf(execution), attempt(execution, [&] {
                      const OracleTimes times =
                          trainOracles(workloads_, device_, execution, arguments_.models,
                                       arguments_.concurrentRuns);
                      require(times.sameBits);
                      if (execution == CudaExecution::kAuto && times.sameBits) {
                        goal = times.seconds;
                      }
                      return Json::object()
                          .number("seconds", times.seconds)
                          .boolean("sameBits", times.sameBits);
                    }));
    }
    figures_.value("oracles", figures);
    return arguments_.models == kGoalModels ? goal : std::nullopt;
  }

  const Json& figures() const { return figures_; }
  bool failed() const { return failed_; }

 private:
  /** Graphs come first, so that their results stand if a persistent kernel loses the device. */
  static constexpr CudaExecution kExecutions[] = {CudaExecution::kGraph, CudaExecution::kPersistent,
                                                  CudaExecution::kAuto};

  /** @param right becomes the median in seconds if the bits are the CPU's */
  Json time(const Workloads::Workload& workload, Precision precision, CudaExecution execution,
            std::optional<double>& right) {
    const auto backend = makeCudaBackend(device_, {.precision = precision, .execution = execution});
    PassResult result;
    const Times times = timeRuns(arguments_.runs, [&] {
      Control control;
      result = pass(*backend, workload.spec, control);
    });
    Json figures =
        Json::object()
            .number("minimumMilliseconds", times.minimum * 1e3)
            .number("medianMilliseconds", times.median * 1e3)
            .number("steps", static_cast<double>(result.steps))
            .number("stepMicroseconds", times.median * 1e6 / static_cast<double>(result.steps));
    if (!result.epochLoss.empty()) figures.number("lastEpochLoss", result.epochLoss.back());
    if (precision == Precision::kExact) {
      const bool same = sameBits(workload.expected, result.values);
      figures.boolean("sameBits", same);
      require(same);
      if (same) right = times.median;
    }
    std::fprintf(stderr, "  median %.3f ms\n", times.median * 1e3);
    return figures;
  }

  /** What work() returns, or its error. A persistent run may be refused if it does not fit. */
  template <class Work>
  Json attempt(CudaExecution execution, const Work& work) {
    try {
      return work();
    } catch (const Error& error) {
      require(execution == CudaExecution::kPersistent &&
              error.code() == ErrorCode::kInvalidArgument);
      std::fprintf(stderr, "  %s\n", error.what());
      return Json::object().string("code", codeName(error.code())).string("error", error.what());
    }
  }

  void require(bool condition) { failed_ = failed_ || !condition; }

  std::shared_ptr<CudaDevice> device_;
  const Workloads& workloads_;
  const Arguments& arguments_;
  Json figures_ = Json::object();
  bool failed_ = false;
};

Json goal(const char* id, std::optional<double> value, double factor) {
  Json goal = Json::object().string("id", id);
  return value ? goal.number("value", *value * factor) : goal.null("value");
}

int run(const Arguments& arguments) {
  const CudaStatus status = cudaStatus();
  Json report = Json::object();
  report.boolean("available", status.available).string("device", status.description);
  if (!status.available || arguments.statusOnly) {
    std::printf("%s\n", report.text().c_str());
    return status.available ? kOk : kNoDevice;
  }
  const auto device = openCudaDevice();
  std::fprintf(stderr, "%s\nthe CPU's results\n", status.description.c_str());
  TrainAndTest data =
      arguments.folder.empty() ? randomOfMnistsShape() : readMnist(arguments.folder);
  report.string("data", data.name).number("runs", static_cast<double>(arguments.runs));
  const Workloads workloads(std::move(data));

  CudaBench bench(device, workloads, arguments);
  const auto train = bench.measure("train", workloads.train());
  const auto fisher = bench.measure("fisher", workloads.fisher());
  const auto scrub = bench.measure("scrub", workloads.scrub());
  const auto evaluate = bench.measure("evaluate", workloads.evaluate());
  const auto oracles = bench.measureOracles();

  const auto scrubSteps = static_cast<double>(workloads.scrub().spec.plan.steps());
  report.value("figures", bench.figures());
  report.value("goals", Json::array()
                            .element(goal("cuda.train.ms", train, 1e3))
                            .element(goal("cuda.train.vs_pytorch", std::nullopt, 1))
                            .element(goal("cuda.fisher.ms", fisher, 1e3))
                            .element(goal("cuda.scrub_step.us", scrub, 1e6 / scrubSteps))
                            .element(goal("cuda.evaluate.ms", evaluate, 1e3))
                            .element(goal("cuda.oracles.s", oracles, 1)));
  std::printf("%s\n", report.text().c_str());
  return bench.failed() ? kFailed : kOk;
}

}  // namespace
}  // namespace lethe::bench

int main(int count, char** values) {
  using namespace lethe::bench;
  const auto arguments = parse(count, values);
  if (!arguments) {
    std::fprintf(stderr,
                 "usage: bench_cuda [--status] [--data FOLDER] [--runs N] [--models N] "
                 "[--concurrent-runs N]\n");
    return kUsage;
  }
  try {
    return run(*arguments);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return kFailed;
  }
}
