#include "lethe/principal_components.h"

#include <gtest/gtest.h>

#include <cmath>

#include "test/support.h"

namespace lethe::test {
namespace {

double inner(const float* x, const float* y, std::size_t size) {
  double sum = 0;
  for (std::size_t i = 0; i < size; ++i) sum += double{x[i]} * y[i];
  return sum;
}

/** Rows whose variance along some orthonormal directions is known exactly. */
struct KnownRows {
  std::vector<float> values;
  std::size_t rows;
  std::size_t columns;
  std::vector<double> variances;

  CentredRows centred() const { return {values, rows, columns}; }
};

/** Pairs of rows +-amplitude on one axis each: the axes are the components. */
KnownRows onAxes(std::size_t columns, std::size_t axes, float decay) {
  KnownRows known{std::vector<float>(2 * axes * columns), 2 * axes, columns, {}};
  float amplitude = 8;
  for (std::size_t axis = 0; axis < axes; ++axis, amplitude *= decay) {
    known.values[2 * axis * columns + axis] = amplitude;
    known.values[(2 * axis + 1) * columns + axis] = -amplitude;
    known.variances.push_back(double{amplitude} * amplitude / static_cast<double>(axes));
  }
  return known;
}

class PrincipalComponentsTest : public testing::TestWithParam<std::string> {
 protected:
  static PrincipalComponents find(const CentredRows& rows, std::size_t components,
                                  std::uint64_t seed, std::size_t threads = 2) {
    return principalComponents(rows, components, seed, {threads, GetParam()});
  }
};

TEST_P(PrincipalComponentsTest, finds_the_axes_of_the_largest_variance) {
  const KnownRows known = onAxes(70, 40, 0.8f);
  const auto found = find(known.centred(), 12, 3);
  ASSERT_EQ(12u, found.variances.size());
  double total = 0;
  for (const double variance : known.variances) total += variance;
  EXPECT_NEAR(total, found.totalVariance, 1e-6 * total);
  for (std::size_t j = 0; j < 12; ++j) {
    EXPECT_NEAR(known.variances[j], found.variances[j], 1e-5 * known.variances[0]);
    EXPECT_NEAR(1, std::abs(found.directions[j * 70 + j]), 1e-3);
  }
}

TEST_P(PrincipalComponentsTest, gives_orthonormal_directions_even_of_a_steep_spectrum) {
  const KnownRows known = onAxes(50, 30, 0.4f);
  const auto found = find(known.centred(), 10, 1);
  for (std::size_t i = 0; i < found.variances.size(); ++i) {
    for (std::size_t j = 0; j <= i; ++j) {
      EXPECT_NEAR(i == j ? 1 : 0, inner(&found.directions[i * 50], &found.directions[j * 50], 50),
                  2e-3);
    }
  }
}

TEST_P(PrincipalComponentsTest, loses_no_weak_direction_to_rounding) {
  constexpr std::size_t kAxes = 12;  // amplitudes of 8 to 0.004
  const auto found = find(onAxes(16, kAxes, 0.5f).centred(), 16, 1);
  ASSERT_EQ(kAxes, found.variances.size());
  for (std::size_t axis = 0; axis < kAxes; ++axis) {
    double held = 0;
    for (std::size_t j = 0; j < kAxes; ++j) {
      held += double{found.directions[j * 16 + axis]} * found.directions[j * 16 + axis];
    }
    EXPECT_NEAR(1, held, 1e-3);
  }
}

/** Random rows, centred, of unequal columns. */
std::vector<float> centredValues(std::size_t rows, std::size_t columns, std::uint64_t seed) {
  auto values = Random(seed).uniforms(rows * columns, -1, 1);
  for (std::size_t j = 0; j < columns; ++j) {
    double mean = 0;
    for (std::size_t i = 0; i < rows; ++i) mean += values[i * columns + j] / double(rows);
    for (std::size_t i = 0; i < rows; ++i) {
      values[i * columns + j] =
          static_cast<float>((values[i * columns + j] - mean) / (1.0 + double(j)));
    }
  }
  return values;
}

/** Orthonormal directions along which the rows are uncorrelated, with these variances. */
void expectComponents(const CentredRows& rows, const PrincipalComponents& found) {
  const std::size_t count = found.variances.size();
  const double largest = found.variances[0];
  std::vector<double> images(rows.rows * count);
  for (std::size_t i = 0; i < rows.rows; ++i) {
    for (std::size_t j = 0; j < count; ++j) {
      images[i * count + j] =
          inner(&rows.values[i * rows.columns], &found.directions[j * rows.columns], rows.columns);
    }
  }
  for (std::size_t j = 0; j < count; ++j) {
    for (std::size_t k = 0; k <= j; ++k) {
      double covariance = 0;
      for (std::size_t i = 0; i < rows.rows; ++i) {
        covariance += images[i * count + j] * images[i * count + k] / double(rows.rows);
      }
      EXPECT_NEAR(j == k ? found.variances[j] : 0, covariance, 1e-5 * largest);
      EXPECT_NEAR(j == k ? 1 : 0,
                  inner(&found.directions[j * rows.columns], &found.directions[k * rows.columns],
                        rows.columns),
                  1e-5);
    }
  }
}

TEST_P(PrincipalComponentsTest, finds_all_of_a_few_columns_or_rows_from_any_seed) {
  struct Size {
    std::size_t rows, columns, components, expected;
  };
  for (const auto& [rows, columns, components, expected] :
       {Size{16, 6, 6, 6}, Size{6, 14, 8, 5}, Size{6, 30, 8, 5}, Size{2, 12, 1, 1}}) {
    for (std::uint64_t seed = 0; seed < 200; ++seed) {
      SCOPED_TRACE(std::to_string(rows) + " x " + std::to_string(columns) + ", seed " +
                   std::to_string(seed));
      const auto values = centredValues(rows, columns, seed);
      const CentredRows centred{values, rows, columns};
      const auto found = find(centred, components, seed);
      ASSERT_EQ(expected, found.variances.size());
      expectComponents(centred, found);
      double held = 0;
      for (const double variance : found.variances) held += variance;
      EXPECT_NEAR(found.totalVariance, held, 1e-5 * held);
    }
  }
}

TEST_P(PrincipalComponentsTest, finds_no_more_than_there_are) {
  EXPECT_EQ(3u, find(onAxes(40, 3, 0.5f).centred(), 20, 1).variances.size());
  const std::vector<float> zeros(12);
  EXPECT_TRUE(find({zeros, 3, 4}, 2, 1).variances.empty());
  const std::vector<float> one{2};
  EXPECT_EQ(std::vector<double>{4}, find({one, 1, 1}, 1, 1).variances);
}

TEST_P(PrincipalComponentsTest, has_the_bits_of_plain_code) {
  const auto values = Random(5).uniforms(90 * 75, -1, 1);
  const CentredRows rows{values, 90, 75};
  const auto expected = principalComponents(rows, 20, 7, {1, "plain"});
  for (const std::size_t threads : {1, 2, 3}) {
    const auto actual = find(rows, 20, 7, threads);
    EXPECT_TRUE(sameBits(expected.directions, actual.directions));
    EXPECT_EQ(expected.variances, actual.variances);
  }
}

TEST_P(PrincipalComponentsTest, refuses_what_is_no_matrix) {
  const std::vector<float> values{1, 2, 3, INFINITY};
  const auto fail = [&](const CentredRows& rows, std::size_t components, const char* message) {
    EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, message, [&] { find(rows, components, 1); }));
  };
  fail({values, 2, 2}, 1, "finite");
  fail({{values.data(), 3}, 2, 2}, 1, "rows x columns");
  fail({{values.data(), 3}, 3, 1}, 0, "components");
  fail({{values.data(), 3}, 3, 1}, kMaxComponents + 1, "components");
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, PrincipalComponentsTest,
                         testing::ValuesIn(instructionSets()), backendTestName);

}  // namespace
}  // namespace lethe::test
