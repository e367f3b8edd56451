#pragma once

#include <cstdint>
#include <vector>

namespace lethe {

/** A value that changes over a run: linear between its knots, constant before and after them. */
class Schedule {
 public:
  struct Knot {
    float at;  ///< share of the run's steps, in [0, 1], ascending
    float value;
  };

  Schedule(float constant) : knots_{{0, constant}} {}
  explicit Schedule(std::vector<Knot> knots) : knots_(std::move(knots)) {}

  const std::vector<Knot>& knots() const { return knots_; }

  /** The value for step 0..steps - 1, computed in double precision and rounded once. */
  float at(std::uint64_t step, std::uint64_t steps) const;

 private:
  std::vector<Knot> knots_;
};

}  // namespace lethe
