// Progress, abort and divergence, mostly on an executor that only counts.

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <bit>
#include <chrono>
#include <cmath>
#include <functional>
#include <thread>
#include <utility>

#include "test/support.h"

namespace lethe::test {
namespace {

/** What the executor was asked for, and what it returns. */
struct Script {
  std::function<void(std::uint64_t step)> onStep = [](std::uint64_t) {};
  bool finite = true;
  std::uint64_t steps = 0;
  bool finished = false;
  int parametersAsked = 0;
  std::size_t maxBatch = 0;
};

class ScriptedExecutor final : public Executor {
 public:
  explicit ScriptedExecutor(Script& script) : script_(script) {}

  void step(std::span<const std::uint32_t> rows) override {
    EXPECT_LE(rows.size(), script_.maxBatch);
    loss_ += 2 * static_cast<double>(rows.size());
    script_.onStep(++script_.steps);
  }
  double takeLoss() override { return std::exchange(loss_, 0); }
  bool finite() override { return script_.finite; }
  /** Step s, from 0, adds 2^s, so that the bits of a sum tell which steps are in it. */
  ParameterVector parameters() override {
    ++script_.parametersAsked;
    return ParameterVector(8, std::exp2(static_cast<float>(script_.steps)));
  }
  std::vector<float> finish() override {
    script_.finished = true;
    return {30};
  }

 private:
  Script& script_;
  double loss_ = 0;
};

class ScriptedBackend final : public Backend {
 public:
  explicit ScriptedBackend(Script& script) : script_(script) {}
  std::string description() const override { return "scripted"; }
  std::unique_ptr<Executor> prepare(const Job& job) override {
    script_.maxBatch = job.maxBatch();
    return std::make_unique<ScriptedExecutor>(script_);
  }
  std::unique_ptr<Predictor> predictor(const Model&) override { return nullptr; }

 private:
  Script& script_;
};

/** 3 epochs of 5 steps; 10 rows in batches of 2. */
PassSpec makeSpec15(const Sink& sink = Sgd{0.1f}) {
  PassSpec spec = makeSpec({3, 2}, Features::kFloats, 10, 2, sink);
  spec.plan.epochs = 3;
  return spec;
}

PassResult run(Script& script, const PassSpec& spec, Control& control) {
  ScriptedBackend backend(script);
  return pass(backend, spec, control);
}

TEST(Pass, counts_steps_rows_and_the_mean_loss_of_each_epoch) {
  Script script;
  Control control;
  const PassResult result = run(script, makeSpec15(), control);
  EXPECT_EQ(result.steps, 15u);
  EXPECT_EQ(result.rows, 30u);
  EXPECT_EQ(result.epochLoss, std::vector<double>(3, 2.0));
  EXPECT_EQ(result.values, std::vector<float>{30});
}

TEST(Pass, divides_what_is_collected_by_the_rows_visited) {
  const std::vector<Sink> collecting{Gradient{}, SquaredGradient{}};
  for (const Sink& sink : collecting) {
    Script script;
    Control control;
    EXPECT_EQ(run(script, makeSpec15(sink), control).values, std::vector<float>{1});
  }
  Script script;
  Control control;
  const PassResult logits = run(script, makeSpec15(Logits{}), control);
  EXPECT_EQ(logits.values, std::vector<float>{30});
  EXPECT_TRUE(logits.epochLoss.empty());
}

TEST(Pass, sums_the_changes_of_the_steps_that_see_a_tracked_row) {
  struct Case {
    std::vector<std::uint32_t> rows;
    std::uint32_t steps;  ///< a bit for each of 15
  };
  for (const auto& [rows, steps] :
       {Case{{3}, 0b00010'00010'00010}, Case{{2, 5}, 0b00110'00110'00110},
        Case{{1, 8, 9}, 0b10001'10001'10001}, Case{{0, 2, 4, 6, 8}, 0b11111'11111'11111}}) {
    Script script;
    Control control;
    Sgd sgd{0.1f};
    sgd.trackedRows = rows;
    const PassResult result = run(script, makeSpec15(sgd), control);
    EXPECT_EQ(result.trackedChange, ParameterVector(8, static_cast<float>(steps)));
    EXPECT_EQ(result.trackedSteps, static_cast<std::uint64_t>(std::popcount(steps)));
    EXPECT_EQ(result.values, std::vector<float>{30});
  }
}

TEST(Pass, without_tracked_rows_never_looks_at_the_parameters) {
  Script script;
  Control control;
  const PassResult result = run(script, makeSpec15(), control);
  EXPECT_TRUE(result.trackedChange.empty());
  EXPECT_EQ(result.trackedSteps, 0u);
  EXPECT_EQ(script.parametersAsked, 0);
}

TEST(Pass, with_tracked_rows_that_no_batch_holds_answers_zeros) {
  Script script;
  Control control;
  PassSpec spec = makeSpec15(Sgd{.learningRate = 0.1f, .trackedRows = {9}});
  spec.plan.rows = {0, 1, 2};
  const PassResult result = run(script, spec, control);
  EXPECT_EQ(result.trackedChange, ParameterVector(8, 0.0f));
  EXPECT_EQ(result.trackedSteps, 0u);
}

TEST(Pass, asks_for_no_larger_batch_than_there_are_rows) {
  Script script;
  Control control;
  PassSpec spec = makeSpec15();
  spec.plan.batchSize = 1u << 30;
  run(script, spec, control);
  EXPECT_EQ(script.maxBatch, 10u);
}

TEST(Control, aborts_before_the_first_step) {
  Script script;
  Control control;
  control.abort();
  EXPECT_TRUE(fails(ErrorCode::kAborted, "aborted", [&] { run(script, makeSpec15(), control); }));
  EXPECT_EQ(script.steps, 0u);
}

TEST(Control, aborts_after_the_step_that_is_running) {
  Script script;
  Control control;
  script.onStep = [&](std::uint64_t step) {
    if (step == 7) control.abort();
  };
  EXPECT_TRUE(fails(ErrorCode::kAborted, "aborted", [&] { run(script, makeSpec15(), control); }));
  EXPECT_EQ(script.steps, 7u);
  EXPECT_FALSE(script.finished);
}

TEST(Control, aborts_a_real_run_from_another_thread) {
  PassSpec spec = makeSpec({20, 30, 5}, Features::kBytes, 64, 16, Sgd{1e-6f});
  spec.plan.epochs = 0xffffffff;
  Control control;
  std::atomic<bool> started{false};
  control.onProgress = [&](const Progress& progress) { started = started || progress.step > 0; };
  std::thread aborter([&] {
    while (!started) std::this_thread::yield();
    control.abort();
  });
  EXPECT_TRUE(fails(ErrorCode::kAborted, "aborted", [&] {
    pass(*makeCpuBackend({2, {}}), spec, control);
  }));
  aborter.join();
}

TEST(Control, reports_progress_in_order_and_not_too_often) {
  using Clock = std::chrono::steady_clock;
  Script script;
  script.onStep = [](std::uint64_t) { std::this_thread::sleep_for(std::chrono::milliseconds(10)); };
  Control control;
  std::vector<Progress> reports;
  control.onProgress = [&](const Progress& progress) { reports.push_back(progress); };
  const auto start = Clock::now();
  run(script, makeSpec15(), control);
  const auto elapsed = Clock::now() - start;

  // 15 sleeps of at least 10 ms: one report at once, another once 50 ms are over.
  ASSERT_GE(reports.size(), 2u);
  EXPECT_LE(reports.size(), static_cast<std::size_t>(1 + elapsed / std::chrono::milliseconds(50)));
  EXPECT_EQ(reports.front().step, 0u);
  for (std::size_t i = 0; i < reports.size(); ++i) {
    EXPECT_EQ(reports[i].steps, 15u);
    if (i == 0) continue;
    EXPECT_GT(reports[i].step, reports[i - 1].step);
    EXPECT_EQ(reports[i].epoch, (reports[i].step - 1) / 5);
  }
}

TEST(Divergence, ends_a_pass_after_the_epoch) {
  Script script;
  script.finite = false;
  Control control;
  EXPECT_TRUE(
      fails(ErrorCode::kDiverged, "learning rate", [&] { run(script, makeSpec15(), control); }));
  EXPECT_EQ(script.steps, 5u);
  EXPECT_FALSE(script.finished);
}

class DivergenceTest : public testing::TestWithParam<std::string> {};

TEST_P(DivergenceTest, of_a_huge_learning_rate) {
  PassSpec spec = makeSpec({7, 6, 3}, Features::kFloats, 20, 4, Sgd{.learningRate = 1e30f});
  spec.plan.epochs = 5;
  const ParameterVector before = *spec.model.parameters;
  EXPECT_TRUE(fails(ErrorCode::kDiverged, "not finite",
                    [&] { test::run(spec, *makeBackend(GetParam())); }));
  EXPECT_TRUE(sameBits(before, *spec.model.parameters));
}

/** A single value that is not finite is enough, wherever it lies and whatever is collected. */
TEST_P(DivergenceTest, of_parameters_that_are_not_finite) {
  const std::vector<Sink> sinks{Sgd{0.1f}, Gradient{}, SquaredGradient{}, Logits{}};
  for (const Sink& sink : sinks) {
    for (const float bad : {INFINITY, -INFINITY, NAN}) {
      PassSpec spec = makeSpec({7, 6, 3}, Features::kFloats, 20, 4, sink);
      ParameterVector parameters = *spec.model.parameters;
      parameters.back() = bad;
      spec.model.parameters = std::make_shared<const ParameterVector>(parameters);
      EXPECT_TRUE(fails(ErrorCode::kDiverged, "not finite",
                        [&] { test::run(spec, *makeBackend(GetParam())); }));
    }
  }
}

/** A loss that is not a number is the hardest of its batch: it must not be left out unseen. */
TEST_P(DivergenceTest, of_one_row_among_the_hardest) {
  constexpr std::size_t kRows = 8, kColumns = 4;
  const auto backend = makeBackend(GetParam());
  for (std::size_t bad = 0; bad < kRows; ++bad) {
    SCOPED_TRACE(bad);
    std::vector<float> features = Random(1).uniforms(kRows * kColumns, -1, 1);
    std::fill_n(features.begin() + static_cast<std::ptrdiff_t>(bad * kColumns), kColumns, 3e38f);
    PassSpec spec = makeSpec({kColumns, 3}, Features::kFloats, kRows, kRows, Sgd{0.01f});
    spec.model.parameters = std::make_shared<const ParameterVector>(
        Random(2).uniforms(spec.model.parameters->size(), 2, 3));
    spec.dataset = Dataset::fromFloats(features, std::vector<std::uint32_t>(kRows, 1), kColumns, 3);
    spec.plan.hardest = 1;
    EXPECT_TRUE(fails(ErrorCode::kDiverged, "not finite", [&] { test::run(spec, *backend); }));
  }
}

INSTANTIATE_TEST_SUITE_P(Backends, DivergenceTest, testing::ValuesIn(backendNames()),
                         backendTestName);

}  // namespace
}  // namespace lethe::test
