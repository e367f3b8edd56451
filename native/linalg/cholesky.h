#pragma once

#include <vector>

#include "cpu/thread_team.h"
#include "lethe/control.h"
#include "linalg/matrix.h"

namespace lethe::linalg {

/**
 * The factorization S = U^T U of a symmetric positive definite matrix, in blocks of kPanelLanes
 * rows. Every element is computed by chains in a fixed order, whatever the number of threads.
 * Source: Golub and Van Loan, "Matrix Computations", 4th edition, section 4.2.
 */
class Cholesky {
 public:
  /**
   * @param matrix S, with rows of zeros added up to paddedRows; only its upper triangle is read
   * @param steps counts each block row as a step; it outlives the factorization
   * @throws Error kInvalidArgument if it is not positive definite; kAborted
   */
  Cholesky(const Kernels& kernels, ThreadTeam& team, Matrix matrix, Steps& steps);

  /** Replaces B, which has rows of zeros up to paddedRows too, by S^-1 B. Throws kAborted. */
  void solve(Matrix& b);

  static constexpr std::size_t paddedRows(std::size_t size) { return panelCount(size) * kBlock; }

 private:
  static constexpr std::size_t kBlock = kPanelLanes;

  std::size_t blocks() const { return u_.rows() / kBlock; }
  Panel block(std::size_t row, std::size_t column) {
    return {u_.row(row * kBlock) + column * kBlock, u_.stride()};
  }
  float* inverse(std::size_t block) { return &inverses_[block * kBlock * kBlock]; }
  void factorDiagonal(std::size_t row);
  void solvePanel(const Panel& b);

  const Kernels& kernels_;
  ThreadTeam& team_;
  Steps& steps_;
  Matrix u_;
  std::vector<float> inverses_;  ///< the inverses of U's diagonal blocks
};

}  // namespace lethe::linalg
