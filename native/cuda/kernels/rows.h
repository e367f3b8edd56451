#pragma once

#include <cstddef>
#include <cstdint>

#include "arithmetic/layer_output.h"
#include "arithmetic/scalar.h"

/** The operands of products, as they lie in a device's memory. */
namespace lethe::cuda {

using arithmetic::Affine;
using arithmetic::Scalar;

/** Four neighbouring floats, which a device loads and stores at once. */
struct alignas(16) Vec4 {
  float at[4];
};

struct alignas(4) Bytes4 {
  std::uint8_t at[4];
};

LETHE_HOST_DEVICE inline Vec4 floatsAt(const float* four) {
  return *reinterpret_cast<const Vec4*>(four);
}
LETHE_HOST_DEVICE inline Vec4 floatsAt(const std::uint8_t* four) {
  const Bytes4 raw = *reinterpret_cast<const Bytes4*>(four);
  Vec4 floats;
  for (int i = 0; i < 4; ++i) floats.at[i] = static_cast<float>(raw.at[i]);
  return floats;
}

/** Rows begin at multiples of this many bytes, with zeros between. */
inline constexpr std::size_t kRowAlignment = 16;

/** How many values a row of `columns` takes with its padding: the stride of such rows. */
template <class T = float>
LETHE_HOST_DEVICE constexpr std::size_t alignedWidth(std::size_t columns) {
  constexpr std::size_t kValues = kRowAlignment / sizeof(T);
  return (columns + kValues - 1) / kValues * kValues;
}

/** How a product reads the values of its operand. Only bytes have an affine map. */
enum class Values {
  kRaw,
  kNormalizedAndOne,  ///< scale u + offset, with a column of ones after the last
  kNormalizedSquare,  ///< (scale u + offset)^2
};

/** The rows of an operand. */
struct Rows {
  const float* floats = nullptr;
  const std::uint8_t* bytes = nullptr;   ///< set instead of `floats`
  const std::uint32_t* index = nullptr;  ///< row r lies at index[r]; nullptr: at r
  std::size_t columns = 0;
  std::size_t stride = 0;  ///< alignedWidth(columns)
  Values values = Values::kRaw;
  Affine affine = {1, 0};

  /** Four values from `column` on, a multiple of 4; they are zeros beyond the stride. */
  LETHE_HOST_DEVICE Vec4 load(std::size_t row, std::size_t column) const {
    const std::size_t at = (index ? index[row] : row) * stride + column;
    Vec4 four = {};
    if (column < stride) {
      four = bytes ? floatsAt(bytes + at) : floatsAt(floats + at);
    }
    if (values != Values::kRaw) {
      for (int i = 0; i < 4; ++i) four.at[i] = mapped(four.at[i], column + i);
    }
    return four;
  }

  LETHE_HOST_DEVICE std::size_t rowBytes() const { return stride * (bytes ? 1 : sizeof(float)); }

  /** The number that the product uses for a stored value. */
  LETHE_HOST_DEVICE float mapped(float raw, std::size_t column) const {
    if (values == Values::kNormalizedAndOne && column >= columns) return 1;
    const float x = bytes ? Scalar::fma(affine.scale, raw, affine.offset) : raw;
    return values == Values::kNormalizedSquare ? x * x : x;
  }
};

}  // namespace lethe::cuda
