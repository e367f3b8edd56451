#pragma once

namespace lethe {

/** Where the target distribution of a row comes from. */
enum class Target {
  kLabel,    ///< one-hot of the row's label: cross-entropy
  kUniform,  ///< 1 / classes: the reference study's confusion target
  kMasked,  ///< the model's own distribution with some classes removed, renormalized; held constant
  kExplicit,  ///< a given distribution per row, e.g. a teacher's
};

}  // namespace lethe
