#include "lethe/schedule.h"

#include <algorithm>

namespace lethe {

float Schedule::at(std::uint64_t step, std::uint64_t steps) const {
  const double position = static_cast<double>(step) / static_cast<double>(steps);
  const auto after = std::find_if(knots_.begin(), knots_.end(), [&](const Knot& knot) {
    return static_cast<double>(knot.at) > position;
  });
  if (after == knots_.begin()) return after->value;
  if (after == knots_.end()) return knots_.back().value;
  const Knot& before = *(after - 1);
  const double from = before.value, to = after->value;
  const double share = (position - before.at) / (static_cast<double>(after->at) - before.at);
  return static_cast<float>(from + (to - from) * share);
}

}  // namespace lethe
