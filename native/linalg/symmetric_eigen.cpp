#include "lethe/symmetric_eigen.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

namespace lethe {
namespace {

/** The factors of A = Q T Q^T, T tridiagonal. */
struct Tridiagonal {
  std::vector<double> diagonal;
  std::vector<double> below;  ///< below[i] is beside diagonal[i] and diagonal[i + 1]
  std::vector<double> basis;  ///< [size][size], row j is column j of Q
};

/** y += factor x */
void addScaled(const double* x, double factor, std::size_t size, double* y) {
  for (std::size_t i = 0; i < size; ++i) y[i] += factor * x[i];
}

double dot(const double* x, const double* y, std::size_t size) {
  double sum = 0;
  for (std::size_t i = 0; i < size; ++i) sum += x[i] * y[i];
  return sum;
}

Tridiagonal tridiagonalize(std::vector<double> a, std::size_t n) {
  Tridiagonal result{std::vector<double>(n), std::vector<double>(n), std::vector<double>(n * n)};
  std::vector<std::vector<double>> reflectors;  // v of H = I - v v^T, of squared length 2 or 0
  for (std::size_t k = 0; k + 2 < n; ++k) {
    const std::size_t m = n - k - 1;  // the size of what is left
    std::vector<double> v(m);
    for (std::size_t i = 0; i < m; ++i) v[i] = a[(k + 1 + i) * n + k];
    const double length = std::sqrt(dot(v.data(), v.data(), m));
    const double image = v[0] > 0 ? -length : length;
    result.below[k] = image;
    v[0] -= image;
    const double squared = dot(v.data(), v.data(), m);
    if (squared > 0) {
      const double scale = std::sqrt(2 / squared);
      for (double& value : v) value *= scale;
      // A <- H A H = A - v w^T - w v^T with w = A v - (v^T A v / 2) v.
      std::vector<double> w(m);
      for (std::size_t i = 0; i < m; ++i) {
        addScaled(&a[(k + 1 + i) * n + k + 1], v[i], m, w.data());
      }
      addScaled(v.data(), -dot(v.data(), w.data(), m) / 2, m, w.data());
      for (std::size_t i = 0; i < m; ++i) {
        double* row = &a[(k + 1 + i) * n + k + 1];
        for (std::size_t j = 0; j < m; ++j) row[j] -= v[i] * w[j] + w[i] * v[j];
      }
    } else {
      result.below[k] = 0;
    }
    reflectors.push_back(std::move(v));
  }
  for (std::size_t i = 0; i < n; ++i) result.diagonal[i] = a[i * n + i];
  if (n > 1) result.below[n - 2] = a[(n - 1) * n + n - 2];

  // Q = H_0 H_1 ...: row j is Q e_j, so the last reflector comes first.
  for (std::size_t j = 0; j < n; ++j) {
    double* q = &result.basis[j * n];
    q[j] = 1;
    for (std::size_t k = reflectors.size(); k-- > 0;) {
      const std::vector<double>& v = reflectors[k];
      addScaled(v.data(), -dot(v.data(), q + k + 1, v.size()), v.size(), q + k + 1);
    }
  }
  return result;
}

/** Turns rows i and i + 1 of the basis by the rotation (c, s). */
void rotate(std::vector<double>& basis, std::size_t n, std::size_t i, double c, double s) {
  double* x = &basis[i * n];
  double* y = x + n;
  for (std::size_t k = 0; k < n; ++k) {
    const double old = y[k];
    y[k] = s * x[k] + c * old;
    x[k] = c * x[k] - s * old;
  }
}

/** Makes T diagonal by implicit QL steps, and turns the basis along. */
void diagonalize(Tridiagonal& t, std::size_t n) {
  std::vector<double>& d = t.diagonal;
  std::vector<double>& e = t.below;
  constexpr double kEpsilon = std::numeric_limits<double>::epsilon();
  constexpr int kMaxSteps = 60;  // an eigenvalue takes two or three
  for (std::size_t first = 0; first < n; ++first) {
    for (int steps = 0; steps < kMaxSteps; ++steps) {
      std::size_t end = first;  // the last row of the block that is not yet decoupled
      while (end + 1 < n &&
             std::abs(e[end]) > kEpsilon * (std::abs(d[end]) + std::abs(d[end + 1]))) {
        ++end;
      }
      if (end == first) break;
      const double half = (d[first + 1] - d[first]) / (2 * e[first]);
      const double root = std::sqrt(half * half + 1);
      double g = d[end] - d[first] + e[first] / (half + (half < 0 ? -root : root));
      double s = 1, c = 1, shift = 0;
      std::size_t i = end;
      while (i-- > first) {
        const double f = s * e[i];
        const double b = c * e[i];
        const double r = std::sqrt(f * f + g * g);
        e[i + 1] = r;
        if (r == 0) {
          d[i + 1] -= shift;
          break;
        }
        s = f / r;
        c = g / r;
        g = d[i + 1] - shift;
        const double q = (d[i] - g) * s + 2 * c * b;
        shift = s * q;
        d[i + 1] = g + shift;
        g = c * q - b;
        rotate(t.basis, n, i, c, s);
      }
      if (i + 1 > first) {
        e[end] = 0;
        continue;
      }
      d[first] -= shift;
      e[first] = g;
      e[end] = 0;
    }
  }
}

}  // namespace

SymmetricEigen symmetricEigen(std::vector<double> matrix, std::size_t size) {
  Tridiagonal t = tridiagonalize(std::move(matrix), size);
  diagonalize(t, size);
  std::vector<std::size_t> order(size);
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return t.diagonal[a] != t.diagonal[b] ? t.diagonal[a] > t.diagonal[b] : a < b;
  });
  SymmetricEigen eigen;
  for (const std::size_t j : order) {
    eigen.values.push_back(t.diagonal[j]);
    eigen.vectors.insert(eigen.vectors.end(), &t.basis[j * size], &t.basis[j * size] + size);
  }
  return eigen;
}

}  // namespace lethe
