#include "bench/idx.h"

#include <fstream>
#include <iterator>

#include "lethe/error.h"

namespace lethe::bench {
namespace {

constexpr std::uint8_t kUnsignedBytes = 0x08;
constexpr std::size_t kMagicBytes = 4, kSizeBytes = 4;

[[noreturn]] void refuse(const std::string& name, const std::string& reason) {
  throw Error(ErrorCode::kInvalidArgument, name + ": " + reason);
}

std::uint32_t bigEndian(std::span<const std::uint8_t> bytes) {
  std::uint32_t value = 0;
  for (const std::uint8_t byte : bytes) value = value << 8 | byte;
  return value;
}

}  // namespace

IdxArray parseIdx(std::span<const std::uint8_t> bytes, const std::string& name) {
  if (bytes.size() >= 2 && bytes[0] == 0x1F && bytes[1] == 0x8B) {
    refuse(name, "is compressed; unpack it with gunzip first");
  }
  if (bytes.size() < kMagicBytes || bytes[0] != 0 || bytes[1] != 0 || bytes[2] != kUnsignedBytes ||
      bytes[3] == 0) {
    refuse(name, "is not an IDX file of unsigned bytes");
  }
  const std::size_t dimensions = bytes[3];
  const std::size_t start = kMagicBytes + dimensions * kSizeBytes;
  if (bytes.size() < start) refuse(name, "ends within its header");

  // Bounded by what the file holds after each factor, the product cannot overflow.
  const auto values = bytes.subspan(start);
  IdxArray array;
  std::size_t count = 1;
  for (std::size_t i = 0; i < dimensions; ++i) {
    array.shape.push_back(bigEndian(bytes.subspan(kMagicBytes + i * kSizeBytes, kSizeBytes)));
    count *= array.shape.back();
    if (count > values.size()) break;
  }
  if (count != values.size()) {
    refuse(name, "holds " + std::to_string(values.size()) + " values, not what its header says");
  }
  array.values.assign(values.begin(), values.end());
  return array;
}

IdxArray readIdx(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) refuse(path, "cannot be opened");
  const std::vector<char> bytes{std::istreambuf_iterator<char>(file),
                                std::istreambuf_iterator<char>()};
  if (file.bad()) refuse(path, "cannot be read");
  return parseIdx({reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size()}, path);
}

}  // namespace lethe::bench
