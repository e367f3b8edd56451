#include "node/pass_spec.h"

#include "node/convert.h"
#include "node/dataset_handle.h"

namespace lethe::node {
namespace {

constexpr std::uint64_t kMaxUint32 = 0xFFFFFFFF;

Plan readPlan(const Fields& fields) {
  Plan plan;
  plan.rows = fields.array<std::uint32_t>("rows");
  plan.batchSize = fields.integer("batchSize", kMaxUint32);
  plan.epochs = static_cast<std::uint32_t>(fields.integer("epochs", kMaxUint32));
  if (fields.has("maxSteps")) plan.maxSteps = fields.integer("maxSteps", kMaxSafeInteger);
  if (fields.has("shuffleSeed")) plan.shuffleSeed = fields.integer("shuffleSeed", kMaxSafeInteger);
  if (fields.has("sampledRows")) plan.sampledRows = fields.array<std::uint32_t>("sampledRows");
  if (fields.has("samplesPerEpoch")) {
    plan.samplesPerEpoch = fields.integer("samplesPerEpoch", kMaxUint32);
  }
  if (fields.has("hardest")) plan.hardest = fields.integer("hardest", kMaxUint32);
  return plan;
}

/** Reads a schedule from {at, values}: the places of its knots, and the values there. */
Schedule readSchedule(const Fields& fields) {
  const auto at = fields.array<float>("at");
  const auto values = fields.array<float>("values");
  if (at.size() != values.size()) {
    throw Error(ErrorCode::kInvalidArgument, "a schedule needs as many values as knots");
  }
  std::vector<Schedule::Knot> knots;
  for (std::size_t i = 0; i < at.size(); ++i) knots.push_back({at[i], values[i]});
  return Schedule(std::move(knots));
}

Target readTarget(const std::string& name) {
  if (name == "label") return Target::kLabel;
  if (name == "uniform") return Target::kUniform;
  if (name == "masked") return Target::kMasked;
  if (name == "explicit") return Target::kExplicit;
  throw Error(ErrorCode::kInvalidArgument, "there is no target \"" + name + "\"");
}

Objective readObjective(const Fields& fields) {
  Objective objective;
  objective.target = readTarget(fields.text("target"));
  objective.weight = fields.number("weight");
  if (fields.has("removed")) objective.removed = fields.array<std::uint8_t>("removed");
  if (fields.has("distributions")) {
    objective.distributions =
        std::make_shared<const std::vector<float>>(fields.array<float>("distributions"));
  }
  if (fields.has("rowWeights")) {
    objective.rowWeights =
        std::make_shared<const std::vector<float>>(fields.array<float>("rowWeights"));
  }
  return objective;
}

Sink readSink(const Fields& fields) {
  const std::string kind = fields.text("kind");
  if (kind == "sgd") {
    Sgd sgd{readSchedule(fields.nested("learningRate")), fields.number("momentum"),
            fields.number("weightDecay"), fields.boolean("nesterov")};
    if (fields.has("trackedRows")) sgd.trackedRows = fields.array<std::uint32_t>("trackedRows");
    if (fields.has("inputScaling")) {
      const Fields scaling = fields.nested("inputScaling");
      sgd.inputScaling = std::make_shared<const InputScaling>(InputScaling{
          scaling.array<float>("centres"), scaling.array<float>("rates"), scaling.number("unit")});
    }
    return sgd;
  }
  if (kind == "clampedFisher") {
    return ClampedFisher{std::make_shared<const ParameterVector>(fields.array<float>("fisher")),
                         fields.number("learningRate"), fields.number("alpha"),
                         fields.number("clamp")};
  }
  if (kind == "gradient") return Gradient{};
  if (kind == "squaredGradient") {
    const std::string mode = fields.text("mode");
    if (mode == "batch") return SquaredGradient{FisherMode::kBatch};
    if (mode == "perRow") return SquaredGradient{FisherMode::kPerRow};
    throw Error(ErrorCode::kInvalidArgument, "there is no Fisher mode \"" + mode + "\"");
  }
  if (kind == "kroneckerFactors") return KroneckerFactors{};
  if (kind == "logits") return Logits{};
  if (kind == "rowLosses") return RowLosses{};
  throw Error(ErrorCode::kInvalidArgument, "there is no sink \"" + kind + "\"");
}

Precision readPrecision(const std::string& name) {
  if (name == "exact") return Precision::kExact;
  if (name == "fast") return Precision::kFast;
  throw Error(ErrorCode::kInvalidArgument, "there is no precision \"" + name + "\"");
}

/** How the pass runs on a CUDA device; nothing if it runs on the CPU. */
std::optional<CudaOptions> readCudaOptions(const Fields& fields, const CpuOptions& cpu) {
  CudaOptions cuda;
  cuda.precision = readPrecision(fields.text("precision"));
  cuda.concurrentRuns = fields.integer("concurrentRuns", CudaOptions::kMaxConcurrentRuns);
  cuda.cpu = cpu;
  const std::string device = fields.text("device");
  if (device == "cuda") return cuda;
  if (device != "cpu") {
    throw Error(ErrorCode::kInvalidArgument, "there is no device \"" + device + "\"");
  }
  if (cuda.precision == Precision::kFast) {
    throw Error(ErrorCode::kInvalidArgument, "the CPU has no precision \"fast\"");
  }
  return std::nullopt;
}

}  // namespace

PassRequest readPassRequest(Napi::Value value) {
  const Fields fields(value);
  ModelHandle& model = ModelHandle::from(fields.value("model"));
  const CpuOptions cpu{fields.integer("threads", kMaxUint32), {}};
  return {model,
          {model.model(), DatasetHandle::from(fields.value("dataset")).dataset(),
           readPlan(fields.nested("plan")), readObjective(fields.nested("objective")),
           readSink(fields.nested("sink"))},
          cpu,
          readCudaOptions(fields, cpu)};
}

}  // namespace lethe::node
