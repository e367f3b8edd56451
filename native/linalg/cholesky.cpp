#include "linalg/cholesky.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "lethe/error.h"

namespace lethe::linalg {
namespace {

/** target -= a b, for one block. */
void subtractProduct(const Kernels& kernels, const Factor& a, const Panel& b, std::size_t depth,
                     const Panel& target) {
  float product[kPanelLanes * kPanelLanes];
  multiplyPanel(kernels, a, b, kPanelLanes, depth, {product, kPanelLanes});
  for (std::size_t i = 0; i < kPanelLanes; ++i) {
    float* row = target.values + static_cast<std::ptrdiff_t>(i) * target.row;
    for (std::size_t j = 0; j < kPanelLanes; ++j) row[j] -= product[i * kPanelLanes + j];
  }
}

/** target = a target, for one block. */
void multiplyInPlace(const Kernels& kernels, const Factor& a, const Panel& target) {
  float copy[kPanelLanes * kPanelLanes];
  for (std::size_t i = 0; i < kPanelLanes; ++i) {
    std::copy_n(target.values + static_cast<std::ptrdiff_t>(i) * target.row, kPanelLanes,
                copy + i * kPanelLanes);
  }
  multiplyPanel(kernels, a, {copy, kPanelLanes}, kPanelLanes, kPanelLanes, target);
}

}  // namespace

Cholesky::Cholesky(const Kernels& kernels, ThreadTeam& team, Matrix matrix, Steps& steps)
    : kernels_(kernels),
      team_(team),
      steps_(steps),
      u_(std::move(matrix)),
      inverses_(u_.rows() * kBlock) {
  for (std::size_t i = u_.columns(); i < u_.rows(); ++i) u_.row(i)[i] = 1;
  for (std::size_t row = 0; row < blocks(); ++row) {
    // U_rc = U_rr^-T (S_rc - sum over k < r of U_kr^T U_kc), the diagonal block first.
    const Factor above{block(0, row).values, 1, u_.stride()};
    const std::size_t depth = row * kBlock;
    subtractProduct(kernels_, above, block(0, row), depth, block(row, row));
    factorDiagonal(row);
    team_.run(blocks() - row - 1, [&](std::size_t task, std::size_t) {
      const std::size_t column = row + 1 + task;
      subtractProduct(kernels_, above, block(0, column), depth, block(row, column));
      multiplyInPlace(kernels_, {inverse(row), 1, kBlock}, block(row, column));
    });
    steps_.advance();
  }
}

/** Computes U_rr and its inverse in double precision. */
void Cholesky::factorDiagonal(std::size_t row) {
  const Panel diagonal = block(row, row);
  double u[kBlock][kBlock] = {};
  double inverted[kBlock][kBlock] = {};
  for (std::size_t i = 0; i < kBlock; ++i) {
    for (std::size_t j = i; j < kBlock; ++j) {
      double rest = diagonal.values[static_cast<std::ptrdiff_t>(i) * diagonal.row + j];
      for (std::size_t k = 0; k < i; ++k) rest -= u[k][i] * u[k][j];
      if (i == j && !(rest > 0)) {
        throw Error(ErrorCode::kInvalidArgument,
                    "the matrix is not positive definite: try more damping");
      }
      u[i][j] = i == j ? std::sqrt(rest) : rest / u[i][i];
    }
  }
  for (std::size_t j = 0; j < kBlock; ++j) {
    inverted[j][j] = 1 / u[j][j];
    for (std::size_t i = j; i-- > 0;) {
      double sum = 0;
      for (std::size_t k = i + 1; k <= j; ++k) sum += u[i][k] * inverted[k][j];
      inverted[i][j] = -sum / u[i][i];
    }
  }
  for (std::size_t i = 0; i < kBlock; ++i) {
    for (std::size_t j = 0; j < kBlock; ++j) {
      inverse(row)[i * kBlock + j] = static_cast<float>(inverted[i][j]);
    }
  }
}

void Cholesky::solve(Matrix& b) {
  team_.run(panelCount(b.columns()), [&](std::size_t panel, std::size_t) {
    // A panel of a wide layer takes a while. After an abort the result is not used.
    if (!steps_.aborted()) solvePanel({b.data() + panel * kPanelLanes, b.stride()});
  });
  steps_.poll();
}

/** Solves U^T Y = B from the top, then U X = Y from the bottom. */
void Cholesky::solvePanel(const Panel& b) {
  const auto rows = [&](std::size_t row) {
    return Panel{b.values + static_cast<std::ptrdiff_t>(row * kBlock) * b.row, b.row};
  };
  for (std::size_t row = 0; row < blocks(); ++row) {
    subtractProduct(kernels_, {block(0, row).values, 1, u_.stride()}, b, row * kBlock, rows(row));
    multiplyInPlace(kernels_, {inverse(row), 1, kBlock}, rows(row));
  }
  for (std::size_t row = blocks(); row-- > 0;) {
    const std::size_t below = blocks() - row - 1;
    if (below > 0) {
      subtractProduct(kernels_, {block(row, row + 1).values, u_.stride(), 1}, rows(row + 1),
                      below * kBlock, rows(row));
    }
    multiplyInPlace(kernels_, {inverse(row), kBlock, 1}, rows(row));
  }
}

}  // namespace lethe::linalg
