#include "lethe/principal_components.h"

#include <algorithm>
#include <cmath>
#include <string>

#include "cpu/compute.h"
#include "lethe/error.h"
#include "lethe/floating_point.h"
#include "lethe/philox.h"
#include "lethe/symmetric_eigen.h"
#include "linalg/matrix.h"

namespace lethe {
namespace {

using linalg::Factor;
using linalg::Matrix;
using linalg::multiply;

/** How many directions the subspace has beyond those asked for: Halko et al., section 4.2. */
constexpr std::size_t kOversampling = 10;

/** A direction left with less than this share of its length by the others is rounding noise. */
constexpr double kNoise = 1e-6;

/** Random signs serve as well as Gaussian numbers, and need no function of the C library. */
void fillWithSigns(Matrix& matrix, std::uint64_t seed) {
  PhiloxStream stream(seed, PhiloxPurpose::kProjection);
  for (std::size_t i = 0; i < matrix.rows(); ++i) {
    for (std::size_t j = 0; j < matrix.columns(); ++j) {
      matrix.row(i)[j] = stream.nextWord() >> 31 ? 1.0f : -1.0f;
    }
  }
}

/** Adds in four partial sums, which compilers turn into vectors without reordering anything. */
double dot(const double* x, const double* y, std::size_t size) {
  double sums[4] = {};
  std::size_t i = 0;
  for (; i + 4 <= size; i += 4) {
    for (std::size_t lane = 0; lane < 4; ++lane) sums[lane] += x[i + lane] * y[i + lane];
  }
  for (; i < size; ++i) sums[0] += x[i] * y[i];
  return (sums[0] + sums[1]) + (sums[2] + sums[3]);
}

/**
 * Makes the columns orthonormal, and those zero that depend on the columns before them, by modified
 * Gram-Schmidt in two rounds (Giraud, Langou, Rozloznik 2005: "twice is enough").
 */
void orthonormalize(Matrix& matrix) {
  const std::size_t columns = matrix.columns();
  const std::size_t size = matrix.rows();
  std::vector<double> vectors(columns * size);
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < columns; ++j) vectors[j * size + i] = matrix.row(i)[j];
  }
  for (std::size_t j = 0; j < columns; ++j) {
    // The first round leaves up to 2^-53 / kNoise = 1e-10 of the other directions, by rounding,
    // which the second removes. That is less than a float resolves, but it decides some last bits.
    double* x = &vectors[j * size];
    const double original = std::sqrt(dot(x, x, size));
    for (int round = 0; round < 2; ++round) {
      for (std::size_t other = 0; other < j; ++other) {
        const double* y = &vectors[other * size];
        const double share = dot(x, y, size);
        for (std::size_t i = 0; i < size; ++i) x[i] -= share * y[i];
      }
    }
    const double length = std::sqrt(dot(x, x, size));
    const double factor = length > kNoise * original ? 1 / length : 0;
    for (std::size_t i = 0; i < size; ++i) x[i] *= factor;
  }
  for (std::size_t i = 0; i < size; ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      matrix.row(i)[j] = static_cast<float>(vectors[j * size + i]);
    }
  }
}

void check(const CentredRows& rows, std::size_t components) {
  if (rows.rows == 0 || rows.columns == 0 || rows.values.size() / rows.columns != rows.rows ||
      rows.values.size() % rows.columns != 0) {
    throw Error(ErrorCode::kInvalidArgument, "values must hold rows x columns numbers");
  }
  if (components == 0 || components > kMaxComponents) {
    throw Error(ErrorCode::kInvalidArgument,
                "components must be in 1.." + std::to_string(kMaxComponents));
  }
  if (!allFinite(rows.values.data(), rows.values.size())) {
    throw Error(ErrorCode::kInvalidArgument, "every value must be finite");
  }
}

/** The values column after column, in float64. */
std::vector<double> transposed(const CentredRows& rows) {
  std::vector<double> columns(rows.values.size());
  for (std::size_t i = 0; i < rows.rows; ++i) {
    for (std::size_t j = 0; j < rows.columns; ++j) {
      columns[j * rows.rows + i] = rows.values[i * rows.columns + j];
    }
  }
  return columns;
}

/** The eigenvectors of X^T X, which are all the directions there are. */
SymmetricEigen exactDirections(const CentredRows& rows) {
  const std::size_t size = rows.columns;
  const std::vector<double> columns = transposed(rows);
  std::vector<double> gram(size * size);
  for (std::size_t j = 0; j < size; ++j) {
    for (std::size_t k = 0; k <= j; ++k) {
      gram[j * size + k] = gram[k * size + j] =
          dot(&columns[j * rows.rows], &columns[k * rows.rows], rows.rows);
    }
  }
  return symmetricEigen(std::move(gram), size);
}

/** The strongest directions, found in a random subspace of `followed` directions. */
SymmetricEigen followedDirections(const CentredRows& rows, std::size_t followed, std::uint64_t seed,
                                  const cpu::Compute& compute) {
  const cpu::Kernels& kernels = compute.kernels;
  cpu::ThreadTeam team(compute.threads);
  const auto stride = static_cast<std::ptrdiff_t>(rows.columns);
  const Factor x{rows.values.data(), stride, 1};
  const Factor xTransposed{rows.values.data(), 1, stride};

  // The basis spans (X^T X)^2 times random directions. It is made orthonormal after each power,
  // else weak directions would drown in the rounding of strong ones. It lies on the side of the
  // columns, which mostly are fewer than the rows.
  Matrix basis(rows.columns, followed);
  Matrix images(rows.rows, followed);
  fillWithSigns(basis, seed);
  for (int power = 0; power < 2; ++power) {
    multiply(kernels, team, x, basis, images);
    multiply(kernels, team, xTransposed, images, basis);
    orthonormalize(basis);
  }

  // In this basis X has so few columns that its right singular vectors are found exactly.
  multiply(kernels, team, x, basis, images);
  Matrix gram(followed, followed);
  multiply(kernels, team, {images.data(), 1, images.stride()}, images, gram);
  std::vector<double> symmetric(followed * followed);
  for (std::size_t i = 0; i < followed; ++i) {
    for (std::size_t j = 0; j < followed; ++j) symmetric[i * followed + j] = gram.row(i)[j];
  }
  SymmetricEigen eigen = symmetricEigen(std::move(symmetric), followed);

  Matrix weights(followed, followed);
  for (std::size_t j = 0; j < followed; ++j) {
    for (std::size_t k = 0; k < followed; ++k) {
      weights.row(k)[j] = static_cast<float>(eigen.vectors[j * followed + k]);
    }
  }
  Matrix directions(rows.columns, followed);
  multiply(kernels, team, {basis.data(), basis.stride(), 1}, weights, directions);
  eigen.vectors.resize(followed * rows.columns);
  for (std::size_t j = 0; j < followed; ++j) {
    for (std::size_t i = 0; i < rows.columns; ++i) {
      eigen.vectors[j * rows.columns + i] = directions.row(i)[j];
    }
  }
  return eigen;
}

}  // namespace

PrincipalComponents principalComponents(const CentredRows& rows, std::size_t components,
                                        std::uint64_t seed, const CpuOptions& cpu) {
  const FloatingPointMode mode;
  check(rows, components);
  const cpu::Compute compute = cpu::computeFor(cpu);
  const std::size_t followed = components + kOversampling;
  const SymmetricEigen found = followed < rows.columns
                                   ? followedDirections(rows, followed, seed, compute)
                                   : exactDirections(rows);

  PrincipalComponents result;
  for (const float value : rows.values) result.totalVariance += double{value} * value;
  const auto count = static_cast<double>(rows.rows);
  result.totalVariance /= count;
  for (std::size_t j = 0; j < std::min(components, found.values.size()); ++j) {
    if (!(found.values[j] > kNoise * kNoise * found.values[0])) break;
    result.variances.push_back(found.values[j] / count);
    for (std::size_t i = 0; i < rows.columns; ++i) {
      result.directions.push_back(static_cast<float>(found.vectors[j * rows.columns + i]));
    }
  }
  return result;
}

}  // namespace lethe
