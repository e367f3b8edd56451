#pragma once

#include <cstddef>
#include <vector>

namespace lethe {

/** The eigenvalues and eigenvectors of A = sum over j of values[j] v_j v_j^T. */
struct SymmetricEigen {
  std::vector<double> values;   ///< descending
  std::vector<double> vectors;  ///< [size][size], orthonormal; row j is v_j
};

/**
 * Finds all eigenvalues and eigenvectors of a symmetric matrix of finite values, row-major
 * [size, size]. Householder's reduction to tridiagonal form is followed by QL with Wilkinson's
 * shift (Golub and Van Loan, "Matrix Computations", 4th edition, sections 8.3.1 and 8.3.3). It uses
 * only operations that IEEE 754 rounds correctly, in a fixed order: the same bits on every machine.
 */
SymmetricEigen symmetricEigen(std::vector<double> matrix, std::size_t size);

}  // namespace lethe
