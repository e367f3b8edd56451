#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "lethe/model.h"

namespace lethe {

struct InputScaling;

/** How a backward pass uses the gradients of a batch. */
enum class Backward {
  kNone,           ///< there is none: rows go forward only
  kUpdate,         ///< one rule updates each parameter, or a state kept beside it
  kOuterProducts,  ///< outer products are summed, see kronecker.h
};

/** What is collected of each row. */
enum class RowValues {
  kNone,
  kLogits,      ///< [classes]
  kLossAndHit,  ///< [2]: the loss, and 1 if the label has the largest logit, else 0
};

/**
 * What a sink needs of a backend, and what it leaves. Each sink states them in its definition; the
 * pass and the backends ask for these traits and not for the kind of sink.
 */
struct SinkTraits {
  Backward backward = Backward::kNone;
  RowValues rowValues = RowValues::kNone;
  /** Whether losses are computed, so that every label must be a class of the model. */
  bool hasLoss = true;
  /** Whether the result is new parameters, rather than what was collected beside them. */
  bool changesParameters = false;
  /** Whether gradients are of a batch's mean loss, rather than of the sum of its losses. */
  bool averagesBatch = false;
  /** Whether the rule is given the sum over rows of squared gradients, instead of gradients. */
  bool squaresRows = false;
  /** Whether what was collected is divided by the rows seen. */
  bool meanOverRows = false;
  /** The state beside each parameter at the start; nullptr: zeros. */
  const ParameterVector* initialState = nullptr;
  /** The dataset rows for which a pass sums up what their batches changed. */
  std::span<const std::uint32_t> trackedRows = {};
  /** The scaling of the first layer's inputs under which the rule is applied; nullptr: none. */
  const InputScaling* inputScaling = nullptr;

  bool goesBackward() const { return backward != Backward::kNone; }

  /** How many values are collected of each row if the model has so many classes. */
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
