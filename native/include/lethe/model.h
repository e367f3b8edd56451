#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

namespace lethe {

/** One linear layer y = W x + b, as it lies in the flat parameter vector. */
struct Layer {
  std::size_t inputs;
  std::size_t outputs;
  std::size_t weightOffset;  ///< W, row-major [outputs, inputs], as PyTorch and ONNX Gemm have it
  std::size_t biasOffset;    ///< b, [outputs]
};

/** A multilayer perceptron: linear layers with ReLU between them; the last one gives the logits. */
class Architecture {
 public:
  static constexpr std::size_t kMaxWidth = 1u << 20;
  static constexpr std::size_t kMaxParameters = 1u << 29;

  /** `widths`: inputs, hidden layers, classes; at least two. Throws kInvalidArgument. */
  explicit Architecture(std::vector<std::uint32_t> widths);

  const std::vector<std::uint32_t>& widths() const { return widths_; }
  const std::vector<Layer>& layers() const { return layers_; }
  std::size_t parameterCount() const { return parameterCount_; }
  std::size_t inputs() const { return widths_.front(); }
  std::size_t classes() const { return widths_.back(); }

 private:
  std::vector<std::uint32_t> widths_;
  std::vector<Layer> layers_;
  std::size_t parameterCount_ = 0;
};

/** One value per parameter in the order of Architecture, e.g. a gradient or a Fisher diagonal. */
using ParameterVector = std::vector<float>;

/**
 * PyTorch's default for nn.Linear: W and b uniform in +-1/sqrt(inputs). Element i of the flat
 * vector comes from word i % 4 of Philox block i / 4, so the result depends on the seed alone.
 */
ParameterVector initialParameters(const Architecture& architecture, std::uint64_t seed);

/**
 * An architecture with its parameters. The parameters are an immutable snapshot: a run works on the
 * snapshot that it was given, and a change replaces it as a whole.
 */
struct Model {
  Architecture architecture;
  std::shared_ptr<const ParameterVector> parameters;
};

}  // namespace lethe
