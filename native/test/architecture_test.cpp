#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "lethe/model.h"
#include "test/support.h"

namespace lethe::test {
namespace {

TEST(Architecture, lays_out_weights_then_biases_layer_by_layer) {
  const Architecture architecture({4, 3, 2});
  ASSERT_EQ(architecture.layers().size(), 2u);
  const Layer& first = architecture.layers()[0];
  const Layer& second = architecture.layers()[1];
  EXPECT_EQ(first.weightOffset, 0u);
  EXPECT_EQ(first.biasOffset, 12u);
  EXPECT_EQ(second.weightOffset, 15u);
  EXPECT_EQ(second.biasOffset, 21u);
  EXPECT_EQ(architecture.parameterCount(), 23u);
  EXPECT_EQ(architecture.inputs(), 4u);
  EXPECT_EQ(architecture.classes(), 2u);
}

TEST(Architecture, refuses_impossible_widths) {
  const auto refuses = [](std::vector<std::uint32_t> widths, const char* part) {
    return fails(ErrorCode::kInvalidArgument, part, [&] { Architecture{widths}; });
  };
  EXPECT_TRUE(refuses({}, "two widths"));
  EXPECT_TRUE(refuses({784}, "two widths"));
  EXPECT_TRUE(refuses({784, 0, 10}, "one is 0"));
  EXPECT_TRUE(refuses({Architecture::kMaxWidth + 1, 10}, "1048577"));
  EXPECT_TRUE(refuses({Architecture::kMaxWidth, Architecture::kMaxWidth}, "smaller widths"));
  EXPECT_TRUE(refuses({10, 30000, 30000, 10}, "smaller widths"));
}

TEST(Architecture, takes_the_widest_layer) {
  EXPECT_EQ(Architecture({Architecture::kMaxWidth, 1}).parameterCount(),
            Architecture::kMaxWidth + 1);
}

TEST(InitialParameters, are_uniform_within_pytorchs_bound) {
  const Architecture architecture({100, 400, 25});
  const ParameterVector parameters = initialParameters(architecture, 1);
  for (const Layer& layer : architecture.layers()) {
    const double bound = 1 / std::sqrt(static_cast<double>(layer.inputs));
    const auto begin = parameters.begin() + static_cast<std::ptrdiff_t>(layer.weightOffset);
    const auto end =
        parameters.begin() + static_cast<std::ptrdiff_t>(layer.biasOffset + layer.outputs);
    double sum = 0, squares = 0;
    for (auto value = begin; value != end; ++value) {
      ASSERT_LE(std::abs(*value), bound);
      sum += *value;
      squares += *value * *value;
    }
    const auto count = static_cast<double>(end - begin);
    EXPECT_NEAR(sum / count, 0, 0.02 * bound);
    EXPECT_NEAR(squares / count, bound * bound / 3, 0.02 * bound * bound);
    EXPECT_GT(*std::max_element(begin, end), 0.999 * bound);
    EXPECT_LT(*std::min_element(begin, end), -0.999 * bound);
  }
}

TEST(InitialParameters, follow_the_documented_stream) {
  const Architecture architecture({5, 3, 2});
  const ParameterVector parameters = initialParameters(architecture, 42);
  const PhiloxStream stream(42, PhiloxPurpose::kInitialization);
  for (std::size_t i = 0; i < parameters.size(); ++i) {
    const double word = stream.block(i / 4)[i % 4] >> 8;
    const double bound = 1 / std::sqrt(i < 18 ? 5.0 : 3.0);
    EXPECT_NEAR(parameters[i], bound * (2 * word + 1 - 0x1p24) / 0x1p24, 1e-7);
  }
}

TEST(InitialParameters, depend_on_the_seed) {
  const Architecture architecture({5, 3});
  EXPECT_TRUE(sameBits(initialParameters(architecture, 1), initialParameters(architecture, 1)));
  EXPECT_FALSE(sameBits(initialParameters(architecture, 1), initialParameters(architecture, 2)));
}

}  // namespace
}  // namespace lethe::test
