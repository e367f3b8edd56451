// The core's exp and log against the C library in extended precision, on every instruction set.

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "cpu/kernels/dispatch.h"
#include "test/support.h"

namespace lethe::test {
namespace {

using cpu::Kernels;
using Function = void (*)(const float* in, std::size_t count, float* out);

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kSmallest = std::numeric_limits<float>::denorm_min();
constexpr float kLargest = std::numeric_limits<float>::max();

/** The unit in the last place of a float near x; below the normal numbers it is 2^-149. */
long double ulp(long double x) {
  int exponent;
  std::frexp(x, &exponent);
  return std::ldexp(1.0L, std::max(exponent - 24, -149));
}

/** All floats whose bits are first, first + stride, ... up to last, and padding. */
std::vector<float> floatsBetween(float first, float last, std::uint32_t stride) {
  std::vector<float> values;
  const auto end = std::bit_cast<std::uint32_t>(last);
  for (auto bits = std::bit_cast<std::uint32_t>(first); bits < end; bits += stride) {
    values.push_back(std::bit_cast<float>(bits));
  }
  values.push_back(last);
  while (values.size() % cpu::kPanelLanes != 0) values.push_back(last);
  return values;
}

std::vector<float> evaluated(Function function, const std::vector<float>& values) {
  std::vector<float> results(values.size());
  function(values.data(), values.size(), results.data());
  return results;
}

/** One value, in every lane of the widest vector. */
float at(Function function, float value) {
  const std::vector<float> results =
      evaluated(function, std::vector<float>(cpu::kPanelLanes, value));
  for (const float result : results) {
    EXPECT_EQ(std::bit_cast<std::uint32_t>(result), std::bit_cast<std::uint32_t>(results[0]));
  }
  return results[0];
}

template <class Truth>
long double worstUlps(Function function, const std::vector<float>& values, Truth truth) {
  const std::vector<float> results = evaluated(function, values);
  long double worst = 0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    const long double expected = truth(static_cast<long double>(values[i]));
    const long double error = std::abs(static_cast<long double>(results[i]) - expected);
    worst = std::max(worst, error / ulp(expected));
  }
  return worst;
}

long double trueExp(long double x) { return std::exp(x); }
long double trueLog(long double x) { return std::log(x); }

/** Sampled over all bit patterns, with strides that share no factor with a power of two. */
const std::vector<float>& expArguments(bool negative) {
  static const std::vector<float> positives = floatsBetween(kSmallest, 88.72283f, 2111);
  static const std::vector<float> negatives = floatsBetween(-kSmallest, -110, 2111);
  return negative ? negatives : positives;
}

const std::vector<float>& logArguments() {
  static const std::vector<float> values = floatsBetween(kSmallest, kLargest, 4111);
  return values;
}

class ExpLogTest : public testing::TestWithParam<const Kernels*> {
 protected:
  const Function exp_ = GetParam()->exp;
  const Function log_ = GetParam()->log;
};

TEST_P(ExpLogTest, exp_is_within_its_bound) {
  EXPECT_LT(worstUlps(exp_, expArguments(false), trueExp), 1.5L);
  EXPECT_LT(worstUlps(exp_, expArguments(true), trueExp), 1.5L);
}

TEST_P(ExpLogTest, exp_is_within_its_bound_where_results_are_subnormal) {
  EXPECT_LT(worstUlps(exp_, floatsBetween(-87, -104.5f, 7), trueExp), 1.5L);
}

TEST_P(ExpLogTest, exp_of_special_values) {
  EXPECT_EQ(at(exp_, 0.0f), 1.0f);
  EXPECT_EQ(at(exp_, -0.0f), 1.0f);
  EXPECT_EQ(at(exp_, kSmallest), 1.0f);
  EXPECT_EQ(at(exp_, kInfinity), kInfinity);
  EXPECT_EQ(at(exp_, -kInfinity), 0.0f);
  EXPECT_TRUE(std::isnan(at(exp_, std::numeric_limits<float>::quiet_NaN())));
}

TEST_P(ExpLogTest, exp_overflows_and_underflows_where_it_should) {
  EXPECT_LT(at(exp_, 0x1.62e42ep6f), kInfinity);  // the largest float below ln(2^128)
  EXPECT_EQ(at(exp_, 0x1.62e430p6f), kInfinity);
  EXPECT_EQ(at(exp_, kLargest), kInfinity);
  EXPECT_EQ(at(exp_, -0x1.9d1d9ep6f), kSmallest);  // about ln(2^-149)
  EXPECT_EQ(at(exp_, -104.0f), 0.0f);              // below ln(2^-150)
  EXPECT_EQ(at(exp_, -kLargest), 0.0f);
}

TEST_P(ExpLogTest, log_is_within_its_bound) {
  EXPECT_LT(worstUlps(log_, logArguments(), trueLog), 2.0L);
}

TEST_P(ExpLogTest, log_is_within_its_bound_around_1) {
  EXPECT_LT(worstUlps(log_, floatsBetween(0.49f, 2.01f, 97), trueLog), 2.0L);
  EXPECT_LT(worstUlps(log_, floatsBetween(0.9999f, 1.0001f, 1), trueLog), 2.0L);
}

TEST_P(ExpLogTest, log_of_special_values) {
  EXPECT_EQ(std::bit_cast<std::uint32_t>(at(log_, 1.0f)), 0u);
  for (const float x : {kSmallest, 0x1.fffffcp-127f, 0x1p-126f, 2.0f, kLargest}) {
    EXPECT_LT(worstUlps(log_, std::vector<float>(cpu::kPanelLanes, x), trueLog), 2.0L) << x;
  }
}

TEST_P(ExpLogTest, has_the_same_bits_as_plain) {
  const Kernels& plain = cpu::plainKernels();
  EXPECT_TRUE(
      sameBits(evaluated(plain.exp, expArguments(false)), evaluated(exp_, expArguments(false))));
  EXPECT_TRUE(
      sameBits(evaluated(plain.exp, expArguments(true)), evaluated(exp_, expArguments(true))));
  EXPECT_TRUE(sameBits(evaluated(plain.log, logArguments()), evaluated(log_, logArguments())));
}

INSTANTIATE_TEST_SUITE_P(Kernels, ExpLogTest, testing::ValuesIn(cpu::supportedKernels()),
                         [](const auto& info) { return std::string(info.param->name); });

}  // namespace
}  // namespace lethe::test
