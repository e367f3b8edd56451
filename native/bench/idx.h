#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace lethe::bench {

/** An array of unsigned bytes as an IDX file holds it, the format that MNIST is published in. */
struct IdxArray {
  std::vector<std::uint32_t> shape;  ///< rows first
  std::vector<std::uint8_t> values;  ///< row-major
};

/**
 * Parses the bytes of an IDX file: two zero bytes, the code of the type, the number of dimensions,
 * each dimension as a big-endian 32-bit number, then the values. The format's other types than
 * unsigned bytes are refused. Throws kInvalidArgument, its message beginning with `name`.
 */
IdxArray parseIdx(std::span<const std::uint8_t> bytes, const std::string& name);

/** Reads an IDX file that is not compressed. Throws kInvalidArgument. */
IdxArray readIdx(const std::string& path);

}  // namespace lethe::bench
