#pragma once

#include <functional>
#include <span>
#include <vector>

#include "lethe/pass.h"

namespace lethe::test {

/**
 * The network, its objectives and its sinks in double precision, as naively as the formulas read
 * and sharing nothing with the core: the numerical truth of the tests. Its gradient is itself held
 * to finite differences.
 */
class Reference {
 public:
  using Vector = std::vector<double>;

  /** Keeps a reference to spec. */
  explicit Reference(const PassSpec& spec) : spec_(spec) {}

  Vector parameters() const;
  Vector logits(const Vector& parameters, std::uint32_t row) const;
  /** The inputs of each layer and, last, the logits. */
  std::vector<Vector> activations(const Vector& parameters, std::uint32_t row) const;
  /** The target distribution of a row; for Target::kMasked it depends on the parameters. */
  Vector target(const Vector& parameters, std::uint32_t row) const;
  /** KL(q || softmax(logits)) */
  double loss(const Vector& parameters, std::uint32_t row, const Vector& q) const;
  /** weight * the gradient of a row's loss, q held constant. */
  Vector gradient(const Vector& parameters, std::uint32_t row) const;
  Vector meanGradient(const Vector& parameters, std::span<const std::uint32_t> rows) const;

  /** Calls visit(rows) for each batch of an unshuffled plan. */
  void forEachBatch(const std::function<void(std::span<const std::uint32_t>)>& visit) const;

 private:
  const PassSpec& spec_;
};

}  // namespace lethe::test
