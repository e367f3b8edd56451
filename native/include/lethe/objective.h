#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "lethe/target.h"

namespace lethe {

/**
 * A target distribution q over the classes for each row. With p = softmax(logits) the loss of a row
 * is KL(q || p), which for a one-hot q is the cross-entropy, and the gradient at its logits is
 * weight rowWeight (p - q) / batch.
 */
struct Objective {
  Target target = Target::kLabel;
  float weight = 1;                        ///< -1 ascends the loss
  std::vector<std::uint8_t> removed = {};  ///< kMasked: [classes], 1 for each removed class
  std::shared_ptr<const std::vector<float>> distributions =
      {};  ///< kExplicit: [dataset rows, classes]
  /** [dataset rows]; a negative weight ascends the row's loss; nullptr: 1 for all. */
  std::shared_ptr<const std::vector<float>> rowWeights = {};
};

}  // namespace lethe
