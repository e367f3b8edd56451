#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "lethe/model.h"

namespace lethe {

/** What a backward pass gives the gradients of a batch to. */
enum class Backward {
  kNone,           ///< nothing: rows go forward only
  kUpdate,         ///< one rule for every parameter, which may keep a state beside it
  kOuterProducts,  ///< sums of outer products, see kronecker.h
};

/** What is collected of each row. */
enum class RowValues {
  kNone,
  kLogits,      ///< [classes]
  kLossAndHit,  ///< [2]: the loss, and 1 where the label has the largest logit, else 0
};

/**
 * What a sink needs of a backend, and what it leaves. Each sink says it in its definition; whoever
 * runs a pass asks for these traits and not for the kind of sink.
 */
struct SinkTraits {
  Backward backward = Backward::kNone;
  RowValues rowValues = RowValues::kNone;
  /** Whether there are losses: then the labels of the data set must be classes of the model. */
  bool hasLoss = true;
  /** Whether the result is new parameters, rather than what has been collected beside them. */
  bool changesParameters = false;
  /** Whether gradients are those of a batch's mean loss, rather than of the sum of its losses. */
  bool averagesBatch = false;
  /** Whether the rule is given sums of the squares of each row's gradient. */
  bool squaresRows = false;
  /** Whether what was collected is divided by the rows seen. */
  bool meanOverRows = false;
  /** What stands beside each parameter at first; nullptr: zeros. */
  const ParameterVector* initialState = nullptr;
  /** The dataset rows of which a pass answers what their batches have changed. */
  std::span<const std::uint32_t> trackedRows = {};

  bool goesBackward() const { return backward != Backward::kNone; }

  /** How many values are collected of each row by a model of so many classes. */
  std::size_t valuesPerRow(std::size_t classes) const {
    switch (rowValues) {
      case RowValues::kNone:
        return 0;
      case RowValues::kLogits:
        return classes;
      case RowValues::kLossAndHit:
        return 2;
    }
    return 0;
  }
};

}  // namespace lethe
