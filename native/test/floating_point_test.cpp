// The floating-point control word of the host process changes no result, and is left as it was.

#include <gtest/gtest.h>

#include <cfenv>
#include <cmath>
#include <functional>

#include "test/support.h"

#if defined(__x86_64__) || defined(_M_X64)
#include <xmmintrin.h>
#endif

namespace lethe::test {
namespace {

/** Puts the floating-point environment back at the end of a test. */
class SavedEnvironment {
 public:
  SavedEnvironment() { std::fegetenv(&saved_); }
  ~SavedEnvironment() { std::fesetenv(&saved_); }
  SavedEnvironment(const SavedEnvironment&) = delete;
  SavedEnvironment& operator=(const SavedEnvironment&) = delete;

 private:
  std::fenv_t saved_;
};

/** Data so small that gradients, their squares and their means are subnormal numbers. */
PassSpec subnormalSpec(const Sink& sink) {
  std::vector<float> features = Random(3).uniforms(40 * 6, -1e-18f, 1e-18f);
  std::vector<std::uint32_t> labels(40);
  for (std::size_t i = 0; i < labels.size(); ++i) labels[i] = i % 3;
  PassSpec spec = makeSpec({6, 9, 3}, Features::kFloats, 40, 16, sink);
  spec.dataset = Dataset::fromFloats(std::move(features), std::move(labels), 6, 3);
  return spec;
}

const std::vector<Sink> kSinks{Sgd{.learningRate = 1e-22f, .momentum = 0.9f}, Gradient{},
                               SquaredGradient{FisherMode::kPerRow},
                               SquaredGradient{FisherMode::kBatch}, Logits{}};

/** Compares every sink's results, and initial parameters, with and without `change` in effect. */
void expectNoInfluence(const std::function<void()>& change) {
  const Architecture architecture({7, 5, 3});
  const ParameterVector initial = initialParameters(architecture, 1);
  const auto bytes = makeDataset(Features::kBytes, 1, 50, 1);
  std::vector<float> normalized(50), changedNormalized(50);
  const std::vector<std::uint32_t> row{0};
  bytes->normalized(row, normalized.data());
  {
    const SavedEnvironment saved;
    change();
    const ParameterVector changed = initialParameters(architecture, 1);
    bytes->normalized(row, changedNormalized.data());
    EXPECT_TRUE(sameBits(initial, changed));
    EXPECT_TRUE(sameBits(normalized, changedNormalized));
  }
  for (const Sink& sink : kSinks) {
    const PassSpec spec = subnormalSpec(sink);
    for (const std::size_t threads : {1, 3}) {
      const auto backend = makeCpuBackend({threads, {}});
      const PassResult expected = run(spec, *backend);
      const SavedEnvironment saved;
      change();
      const PassResult actual = run(spec, *backend);
      EXPECT_TRUE(sameBits(expected.values, actual.values)) << "sink " << sink.index();
      EXPECT_EQ(expected.epochLoss, actual.epochLoss) << "sink " << sink.index();
    }
  }
}

TEST(FloatingPointMode, test_data_gives_subnormal_results) {
  int subnormal = 0;
  for (const float value : run(subnormalSpec(SquaredGradient{}), *makeCpuBackend({})).values) {
    subnormal += std::fpclassify(value) == FP_SUBNORMAL;
  }
  EXPECT_GT(subnormal, 5);
}

TEST(FloatingPointMode, rounding_of_the_host_does_not_matter) {
  for (const int rounding : {FE_TOWARDZERO, FE_UPWARD, FE_DOWNWARD}) {
    expectNoInfluence([=] { std::fesetround(rounding); });
  }
}

TEST(FloatingPointMode, rounding_of_the_host_stays) {
  const SavedEnvironment saved;
  std::fesetround(FE_UPWARD);
  run(subnormalSpec(Gradient{}), *makeCpuBackend({2, {}}));
  EXPECT_EQ(std::fegetround(), FE_UPWARD);
}

#if defined(__x86_64__) || defined(_M_X64)
constexpr unsigned kFlushToZero = 0x8000, kDenormalsAreZero = 0x0040;

/** The modes of the control word, without the flags that any arithmetic sets. */
unsigned modes() {
  constexpr unsigned kFlags = 0x003F;
  return _mm_getcsr() & ~kFlags;
}

TEST(FloatingPointMode, flushing_of_the_host_does_not_matter) {
  for (const unsigned bits : {kFlushToZero, kDenormalsAreZero, kFlushToZero | kDenormalsAreZero}) {
    expectNoInfluence([=] { _mm_setcsr(_mm_getcsr() | bits); });
  }
}

TEST(FloatingPointMode, control_word_of_the_host_stays) {
  const SavedEnvironment saved;
  const unsigned mine = modes() | kFlushToZero | kDenormalsAreZero;
  _mm_setcsr(mine);
  run(subnormalSpec(Sgd{0.1f}), *makeCpuBackend({2, {}}));
  EXPECT_EQ(modes(), mine);
}

TEST(FloatingPointMode, control_word_of_the_host_stays_after_an_error) {
  const SavedEnvironment saved;
  PassSpec spec = makeSpec({7, 6, 3}, Features::kFloats, 20, 4, Sgd{1e30f});
  spec.plan.epochs = 5;
  const unsigned mine = modes() | kFlushToZero;
  _mm_setcsr(mine);
  EXPECT_TRUE(fails(ErrorCode::kDiverged, "not finite", [&] {
    run(spec, *makeCpuBackend({2, {}}));
  }));
  EXPECT_EQ(modes(), mine);
}
#endif

}  // namespace
}  // namespace lethe::test
