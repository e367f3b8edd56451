#pragma once

#include <cstddef>
#include <vector>

namespace lethe {

/** A = sum over j of values[j] v_j v_j^T. */
struct SymmetricEigen {
  std::vector<double> values;   ///< descending
  std::vector<double> vectors;  ///< [size][size], row j is v_j: of length 1, at right angles
};

/**
 * All eigenvalues and eigenvectors of a symmetric matrix, row-major [size, size], of finite values.
 * Householder's reduction to tridiagonal form, then QL with Wilkinson's shift: Golub and Van Loan,
 * "Matrix Computations", 4th edition, sections 8.3.1 and 8.3.3. Only operations that IEEE 754
 * rounds correctly, in fixed order: the same bits on every machine.
 */
SymmetricEigen symmetricEigen(std::vector<double> matrix, std::size_t size);

}  // namespace lethe
