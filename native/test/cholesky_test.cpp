#include "linalg/cholesky.h"

#include <gtest/gtest.h>

#include <cmath>

#include "cpu/compute.h"
#include "test/support.h"

namespace lethe::test {
namespace {

using linalg::Cholesky;
using linalg::Matrix;

class CholeskyTest : public testing::TestWithParam<std::string> {
 protected:
  /** S x for the factored S, solved for again. */
  static std::vector<float> solve(const std::vector<float>& values, std::size_t size,
                                  const std::vector<float>& right) {
    const auto [kernels, threads] = cpu::computeFor({2, GetParam()});
    cpu::ThreadTeam team(threads);
    Control control;
    Steps steps(control, cpu::panelCount(size));
    Matrix matrix(Cholesky::paddedRows(size), size);
    Matrix b(Cholesky::paddedRows(size), 1);
    for (std::size_t i = 0; i < size; ++i) {
      std::copy_n(&values[i * size], size, matrix.row(i));
      b.row(i)[0] = right[i];
    }
    Cholesky(kernels, team, std::move(matrix), steps).solve(b);
    std::vector<float> solution;
    for (std::size_t i = 0; i < size; ++i) solution.push_back(b.row(i)[0]);
    return solution;
  }
};

/** D + 1 1^T, whose inverse Sherman and Morrison's formula gives. */
std::vector<float> diagonalPlusOnes(std::size_t size) {
  std::vector<float> values(size * size, 1.0f);
  for (std::size_t i = 0; i < size; ++i) values[i * size + i] += static_cast<float>(i + 1);
  return values;
}

TEST_P(CholeskyTest, solves_what_has_a_known_inverse) {
  for (const std::size_t size : {1, 5, 32, 33, 70}) {
    SCOPED_TRACE(size);
    double reciprocals = 0;
    for (std::size_t i = 0; i < size; ++i) reciprocals += 1.0 / static_cast<double>(i + 1);
    const auto solution = solve(diagonalPlusOnes(size), size, std::vector<float>(size, 1.0f));
    for (std::size_t i = 0; i < size; ++i) {
      EXPECT_NEAR(1 / (static_cast<double>(i + 1) * (1 + reciprocals)), solution[i], 1e-6);
    }
  }
}

TEST_P(CholeskyTest, refuses_a_pivot_that_is_not_above_zero) {
  constexpr std::size_t kSize = 40;
  for (const std::size_t place : {0, 7, 31, 32, 39}) {
    for (const float pivot : {0.0f, -0.0f, -1.0f, NAN}) {
      SCOPED_TRACE(std::to_string(place) + ": " + std::to_string(pivot));
      std::vector<float> values(kSize * kSize);
      for (std::size_t i = 0; i < kSize; ++i) values[i * kSize + i] = 1;
      values[place * kSize + place] = pivot;
      EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "positive definite",
                        [&] { solve(values, kSize, std::vector<float>(kSize, 1.0f)); }));
    }
  }
}

TEST_P(CholeskyTest, refuses_a_matrix_of_too_small_a_rank) {
  const std::vector<float> ones(25, 1.0f);  // the second pivot is exactly 0
  EXPECT_TRUE(fails(ErrorCode::kInvalidArgument, "positive definite",
                    [&] { solve(ones, 5, std::vector<float>(5, 1.0f)); }));
}

INSTANTIATE_TEST_SUITE_P(InstructionSets, CholeskyTest, testing::ValuesIn(instructionSets()),
                         backendTestName);

}  // namespace
}  // namespace lethe::test
