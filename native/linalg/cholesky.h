#pragma once

#include <vector>

#include "cpu/thread_team.h"
#include "lethe/control.h"
#include "linalg/matrix.h"

namespace lethe::linalg {

/**
 * S = U^T U of a symmetric positive definite matrix, in blocks of kPanelLanes rows: every element
 * is a sequence of chains in fixed order, whatever the threads.
 */
class Cholesky {
 public:
  /**
   * @param matrix with as many rows as columns, and empty ones up to paddedRows of them; of the
   * elements the upper triangle is read
   * @param steps of which each block row is one; it outlives the factorization
   * @throws Error kInvalidArgument if it is not positive definite; kAborted
   */
  Cholesky(const Kernels& kernels, ThreadTeam& team, Matrix matrix, Steps& steps);

  /** Replaces B by S^-1 B. B has the padded rows too, those beyond the matrix zero. Throws
   * kAborted. */
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
  std::vector<float> inverses_;  ///< of the diagonal blocks of U
};

}  // namespace lethe::linalg
