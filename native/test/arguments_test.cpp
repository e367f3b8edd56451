// What pass() and makeCpuBackend() refuse before anything is computed.

#include <gtest/gtest.h>

#include <cstdlib>
#include <functional>
#include <limits>
#include <set>

#include "cpu/kernels/dispatch.h"
#include "test/support.h"

namespace lethe::test {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInfinity = std::numeric_limits<float>::infinity();

PassSpec goodSpec(Sink sink = Sgd{0.1f}) {
  return makeSpec({4, 3, 2}, Features::kBytes, 5, 2, std::move(sink));
}

testing::AssertionResult refuses(ErrorCode code, const char* part, const PassSpec& spec) {
  return fails(code, part, [&] { run(spec, *makeCpuBackend({})); });
}

/** Refused with kInvalidArgument once `change` is made to a good argument. */
testing::AssertionResult refuses(const char* part, const std::function<void(PassSpec&)>& change) {
  PassSpec spec = goodSpec();
  change(spec);
  return refuses(ErrorCode::kInvalidArgument, part, spec);
}

TEST(PassArguments, take_the_good_ones) {
  EXPECT_EQ(run(goodSpec(), *makeCpuBackend({})).steps, 3u);
}

TEST(PassArguments, need_a_model_that_fits_the_data) {
  EXPECT_TRUE(refuses("4 columns", [](auto& spec) { spec.model = makeModel({5, 3, 2}); }));
  EXPECT_TRUE(refuses("1 classes", [](auto& spec) { spec.model = makeModel({4, 3, 1}); }));
  PassSpec wider = goodSpec();
  wider.model = makeModel({4, 3, 9});
  EXPECT_EQ(run(wider, *makeCpuBackend({})).steps, 3u);
}

TEST(PassArguments, need_a_whole_model_and_a_data_set) {
  EXPECT_TRUE(refuses("data set", [](auto& spec) { spec.dataset = nullptr; }));
  EXPECT_TRUE(
      refuses("one value per parameter", [](auto& spec) { spec.model.parameters = nullptr; }));
  EXPECT_TRUE(refuses("one value per parameter", [](auto& spec) {
    spec.model.parameters = std::make_shared<const ParameterVector>(22, 0.0f);
  }));
}

TEST(PassArguments, need_a_plan_with_steps) {
  EXPECT_TRUE(refuses("batchSize", [](auto& spec) { spec.plan.batchSize = 0; }));
  EXPECT_TRUE(refuses("epochs", [](auto& spec) { spec.plan.epochs = 0; }));
  EXPECT_TRUE(refuses("maxSteps", [](auto& spec) { spec.plan.maxSteps = 0; }));
  PassSpec spec = goodSpec();
  spec.plan.rows.clear();
  EXPECT_TRUE(refuses(ErrorCode::kEmptySet, "no rows", spec));
  spec.plan.rows = {0, 5};
  EXPECT_TRUE(refuses(ErrorCode::kInvalidRows, "row 5", spec));
}

TEST(PassArguments, need_samples_that_can_be_drawn) {
  PassSpec spec = goodSpec();
  spec.plan.sampledRows = {0, 1};
  spec.plan.samplesPerEpoch = 2;
  EXPECT_TRUE(refuses(ErrorCode::kInvalidArgument, "shuffleSeed", spec));
  spec.plan.shuffleSeed = 1;
  EXPECT_EQ(run(spec, *makeCpuBackend({})).rows, 7u);
  spec.plan.samplesPerEpoch = 3;
  EXPECT_TRUE(refuses(ErrorCode::kInvalidArgument, "samplesPerEpoch", spec));
  spec.plan.sampledRows = {0, 1, 5};
  EXPECT_TRUE(refuses(ErrorCode::kInvalidRows, "row 5", spec));
}

TEST(PassArguments, need_hardest_rows_of_a_batch_that_teaches) {
  for (const std::size_t bad : {0, 3}) {
    EXPECT_TRUE(refuses("hardest", [=](auto& spec) { spec.plan.hardest = bad; }));
  }
  for (const Sink& sink : {Sink(Gradient{}), Sink(SquaredGradient{}), Sink(Logits{})}) {
    PassSpec spec = goodSpec(sink);
    spec.plan.hardest = 1;
    EXPECT_TRUE(refuses(ErrorCode::kInvalidArgument, "changes the model", spec));
  }
}

TEST(PassArguments, need_a_schedule_that_ascends_in_0_to_1) {
  using Knots = std::vector<Schedule::Knot>;
  for (const Knots& bad :
       {Knots{}, Knots{{-0.1f, 1}}, Knots{{0, 1}, {1.1f, 1}}, Knots{{0.5f, 1}, {0.5f, 2}},
        Knots{{0.5f, 1}, {0.2f, 2}}, Knots{{kNan, 1}}, Knots{{0, kNan}}, Knots{{0, kInfinity}},
        Knots{{0, 1}, {1, -1}}, Knots{{0, 0}, {1, 0}}}) {
    EXPECT_TRUE(refuses("learningRate",
                        [&](auto& spec) { spec.sink = Sgd{.learningRate = Schedule(bad)}; }));
  }
}

TEST(PassArguments, need_a_finite_weight) {
  for (const float bad : {kNan, kInfinity}) {
    EXPECT_TRUE(refuses("weight", [=](auto& spec) { spec.objective.weight = bad; }));
  }
}

TEST(PassArguments, need_a_mask_that_keeps_a_class) {
  for (const auto& removed : {std::vector<std::uint8_t>{}, {1}, {1, 0, 0}}) {
    EXPECT_TRUE(refuses("one value per class", [&](auto& spec) {
      spec.objective = {.target = Target::kMasked, .removed = removed};
    }));
  }
  EXPECT_TRUE(refuses("must not be removed", [](auto& spec) {
    spec.objective = {.target = Target::kMasked, .removed = {1, 1}};
  }));
}

TEST(PassArguments, need_a_distribution_for_every_row) {
  const auto distributions = [](std::size_t count, float last) {
    std::vector<float> values(count, 0.5f);
    if (count > 0) values.back() = last;
    return std::make_shared<const std::vector<float>>(values);
  };
  const auto refusesTargets = [](const char* part, std::shared_ptr<const std::vector<float>> q) {
    return refuses(part, [&](auto& spec) {
      spec.objective = {.target = Target::kExplicit, .distributions = q};
    });
  };
  EXPECT_TRUE(refusesTargets("one value per data set row", nullptr));
  EXPECT_TRUE(refusesTargets("one value per data set row", distributions(9, 0.5f)));
  EXPECT_TRUE(refusesTargets("one value per data set row", distributions(11, 0.5f)));
  for (const float bad : {kNan, kInfinity, -0.5f}) {
    EXPECT_TRUE(refusesTargets("finite and at least 0", distributions(10, bad)));
  }
}

TEST(PassArguments, need_a_finite_weight_for_every_row) {
  const auto refusesWeights = [](const char* part, std::vector<float> weights) {
    return refuses(part, [&](auto& spec) {
      spec.objective.rowWeights = std::make_shared<const std::vector<float>>(std::move(weights));
    });
  };
  EXPECT_TRUE(refusesWeights("one value per data set row", {}));
  EXPECT_TRUE(refusesWeights("one value per data set row", std::vector<float>(6, 1.0f)));
  for (const float bad : {kNan, kInfinity}) {
    EXPECT_TRUE(refusesWeights("must be finite", {1, 1, 1, 1, bad}));
  }
}

TEST(PassArguments, need_sensible_sgd) {
  const auto refusesSgd = [](const char* part, const Sgd& sgd) {
    return refuses(ErrorCode::kInvalidArgument, part, goodSpec(sgd));
  };
  for (const float bad : {0.0f, -1.0f, kNan, kInfinity}) {
    EXPECT_TRUE(refusesSgd("learningRate", {.learningRate = bad}));
  }
  for (const float bad : {-0.1f, 1.0f, kNan}) {
    EXPECT_TRUE(refusesSgd("momentum", {.learningRate = 1, .momentum = bad}));
  }
  for (const float bad : {-0.1f, kNan, kInfinity}) {
    EXPECT_TRUE(refusesSgd("weightDecay", {.learningRate = 1, .weightDecay = bad}));
  }
  EXPECT_TRUE(refusesSgd("nesterov", {.learningRate = 1, .nesterov = true}));
  EXPECT_TRUE(refuses(ErrorCode::kInvalidRows, "row 5",
                      goodSpec(Sgd{.learningRate = 1, .trackedRows = {4, 5}})));
}

TEST(PassArguments, need_a_sensible_input_scaling) {
  const std::size_t inputs = goodSpec().model.architecture.inputs();
  const auto refusesScaling = [](const char* part, InputScaling scaling, Sgd sgd = {1.0f}) {
    sgd.inputScaling = std::make_shared<const InputScaling>(std::move(scaling));
    return refuses(ErrorCode::kInvalidArgument, part, goodSpec(sgd));
  };
  const std::vector<float> ones(inputs, 1), tooFew(inputs - 1, 1);
  EXPECT_TRUE(refusesScaling("one centre and one rate", {tooFew, ones}));
  EXPECT_TRUE(refusesScaling("one centre and one rate", {ones, tooFew}));
  for (const float bad : {kNan, kInfinity}) {
    EXPECT_TRUE(refusesScaling("centre", {std::vector<float>(inputs, bad), ones}));
  }
  for (const float bad : {-1.0f, kNan, kInfinity}) {
    EXPECT_TRUE(refusesScaling("rate", {ones, std::vector<float>(inputs, bad)}));
  }
  for (const float bad : {0.0f, 3.0f, -2.0f, kNan, kInfinity}) {
    EXPECT_TRUE(refusesScaling("power of two", {ones, ones, bad}));
  }
  EXPECT_TRUE(refusesScaling("weightDecay", {ones, ones}, {.learningRate = 1, .weightDecay = 1}));
  EXPECT_TRUE(refusesScaling("trackedRows", {ones, ones}, {.learningRate = 1, .trackedRows = {0}}));
}

TEST(PassArguments, need_a_sensible_scrub) {
  const auto fisher = std::make_shared<const ParameterVector>(23, 1.0f);
  const auto refusesScrub = [](const char* part, const ClampedFisher& scrub) {
    return refuses(ErrorCode::kInvalidArgument, part, goodSpec(scrub));
  };
  for (const float bad : {0.0f, -1.0f, kNan, kInfinity}) {
    EXPECT_TRUE(refusesScrub("learningRate", {fisher, bad, 1, 1}));
    EXPECT_TRUE(refusesScrub("alpha", {fisher, 1, bad, 1}));
    EXPECT_TRUE(refusesScrub("clamp", {fisher, 1, 1, bad}));
  }
  EXPECT_TRUE(refusesScrub("one value per parameter", {nullptr, 1, 1, 1}));
  EXPECT_TRUE(refusesScrub("one value per parameter",
                           {std::make_shared<const ParameterVector>(22, 1.0f), 1, 1, 1}));
  for (const float bad : {-1.0f, kNan, kInfinity}) {
    ParameterVector values(23, 1.0f);
    values.back() = bad;
    EXPECT_TRUE(refusesScrub("finite values of at least 0",
                             {std::make_shared<const ParameterVector>(values), 1, 1, 1}));
  }
}

TEST(CpuBackend, says_what_it_is) {
  for (const cpu::Kernels* kernels : cpu::supportedKernels()) {
    EXPECT_EQ(makeCpuBackend({1, kernels->name})->description(),
              std::string("cpu ") + kernels->name);
  }
}

TEST(CpuBackend, refuses_impossible_threads_and_instruction_sets) {
  for (const std::size_t threads : {std::size_t{0}, std::size_t{1025}, SIZE_MAX}) {
    EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "threads", [&] {
      makeCpuBackend({threads, {}});
    }));
  }
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "\"mmx\" is not available here", [] {
    makeCpuBackend({1, "mmx"});
  }));
}

TEST(CpuBackend, takes_the_instruction_set_of_the_environment_unless_told) {
  const char* before = std::getenv("LETHE_ISA");
  const std::string saved = before ? before : "";
  setenv("LETHE_ISA", "plain", 1);
  EXPECT_EQ(makeCpuBackend({})->description(), "cpu plain");
  const std::string fastest = cpu::supportedKernels().front()->name;
  EXPECT_EQ(makeCpuBackend({1, fastest})->description(), "cpu " + fastest);
  before ? setenv("LETHE_ISA", saved.c_str(), 1) : unsetenv("LETHE_ISA");
}

TEST(ErrorCode, has_a_name_of_its_own) {
  std::set<std::string> names;
  for (const ErrorCode code :
       {ErrorCode::kInvalidArgument, ErrorCode::kInvalidRows, ErrorCode::kEmptySet,
        ErrorCode::kBusy, ErrorCode::kDiverged, ErrorCode::kAborted, ErrorCode::kOutOfMemory}) {
    EXPECT_EQ(std::string(codeName(code)).substr(0, 4), "ERR_");
    names.insert(codeName(code));
  }
  EXPECT_EQ(names.size(), 7u);
}

}  // namespace
}  // namespace lethe::test
