#include "lethe/symmetric_eigen.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>

#include "test/support.h"

namespace lethe::test {
namespace {

double element(const SymmetricEigen& eigen, std::size_t size, std::size_t i, std::size_t k) {
  double sum = 0;
  for (std::size_t j = 0; j < size; ++j) {
    sum += eigen.values[j] * eigen.vectors[j * size + i] * eigen.vectors[j * size + k];
  }
  return sum;
}

TEST(SymmetricEigen, gives_back_the_matrix_and_orthonormal_vectors) {
  Random random(1);
  for (const std::size_t size : {1, 2, 3, 5, 20, 61}) {
    SCOPED_TRACE(size);
    std::vector<double> matrix(size * size);
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t k = 0; k <= i; ++k) {
        matrix[i * size + k] = matrix[k * size + i] = random.uniform(-1, 1);
      }
    }
    const SymmetricEigen eigen = symmetricEigen(matrix, size);
    EXPECT_TRUE(std::is_sorted(eigen.values.rbegin(), eigen.values.rend()));
    for (std::size_t i = 0; i < size; ++i) {
      for (std::size_t k = 0; k < size; ++k) {
        EXPECT_NEAR(matrix[i * size + k], element(eigen, size, i, k), 1e-13 * size);
        double product = 0;
        for (std::size_t j = 0; j < size; ++j) {
          product += eigen.vectors[i * size + j] * eigen.vectors[k * size + j];
        }
        EXPECT_NEAR(i == k ? 1 : 0, product, 1e-13 * size);
      }
    }
  }
}

TEST(SymmetricEigen, knows_the_eigenvalues_of_the_second_difference) {
  constexpr std::size_t kSize = 40;
  std::vector<double> matrix(kSize * kSize);
  for (std::size_t i = 0; i < kSize; ++i) {
    matrix[i * kSize + i] = 2;
    if (i > 0) matrix[i * kSize + i - 1] = matrix[(i - 1) * kSize + i] = -1;
  }
  const auto eigen = symmetricEigen(matrix, kSize);
  for (std::size_t j = 0; j < kSize; ++j) {
    const double angle = std::numbers::pi * static_cast<double>(kSize - j) / (kSize + 1);
    EXPECT_NEAR(2 - 2 * std::cos(angle), eigen.values[j], 1e-13);
  }
}

TEST(SymmetricEigen, bears_equal_and_vanishing_eigenvalues) {
  constexpr std::size_t kSize = 8;
  EXPECT_EQ(std::vector<double>(kSize), symmetricEigen(std::vector<double>(64), kSize).values);
  const auto ones = symmetricEigen(std::vector<double>(64, 1.0), kSize);
  EXPECT_NEAR(8, ones.values[0], 1e-13);
  for (std::size_t j = 1; j < kSize; ++j) EXPECT_NEAR(0, ones.values[j], 1e-13);
}

}  // namespace
}  // namespace lethe::test
