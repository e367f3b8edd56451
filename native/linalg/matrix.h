#pragma once

#include "cpu/kernels/kernels.h"
#include "cpu/padded_rows.h"
#include "cpu/thread_team.h"

namespace lethe::linalg {

using cpu::Kernels;
using cpu::kPanelLanes;
using cpu::panelCount;
using cpu::ThreadTeam;

/** A matrix whose rows are padded with zeros to whole panels, as the products need it. */
class Matrix : public cpu::PaddedRows {
 public:
  Matrix(std::size_t rows, std::size_t columns) : cpu::PaddedRows(rows, columns), rows_(rows) {}

  std::size_t rows() const { return rows_; }

 private:
  std::size_t rows_;
};

/** One operand of a product: element (r, k) is values[r * row + k * depth]. */
struct Factor {
  const float* values;
  std::ptrdiff_t row;
  std::ptrdiff_t depth;
};

/** kPanelLanes columns, whose rows begin `row` floats apart. */
struct Panel {
  float* values;
  std::ptrdiff_t row;
};

/** out = a b for one panel of `rows` rows. Each element is one chain of `depth` products. */
void multiplyPanel(const Kernels& kernels, const Factor& a, const Panel& b, std::size_t rows,
                   std::size_t depth, const Panel& out);

/** out = a b for whole matrices, on the team's threads. */
void multiply(const Kernels& kernels, ThreadTeam& team, const Factor& a, Matrix& b, Matrix& out);

}  // namespace lethe::linalg
