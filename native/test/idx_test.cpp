#include "bench/idx.h"

#include <cstdio>
#include <fstream>

#include "test/support.h"

namespace lethe::bench {
namespace {

using test::fails;
using Bytes = std::vector<std::uint8_t>;

/** Two rows of three values, written out by hand after the format's description. */
const Bytes kTwoByThree = {0, 0, 8, 2, 0, 0, 0, 2, 0, 0, 0, 3, 10, 20, 30, 40, 50, 255};

/** The file without its last bytes. */
Bytes cut(std::size_t size) { return {kTwoByThree.begin(), kTwoByThree.begin() + size}; }

Bytes changed(std::size_t index, std::uint8_t value) {
  Bytes bytes = kTwoByThree;
  bytes[index] = value;
  return bytes;
}

testing::AssertionResult refuses(const Bytes& bytes, const std::string& reason) {
  return fails(ErrorCode::kInvalidArgument, "file: " + reason, [&] { parseIdx(bytes, "file"); });
}

TEST(Idx, reads_shape_and_values) {
  const IdxArray array = parseIdx(kTwoByThree, "file");
  EXPECT_EQ(array.shape, (std::vector<std::uint32_t>{2, 3}));
  EXPECT_EQ(array.values, (Bytes{10, 20, 30, 40, 50, 255}));
}

TEST(Idx, reads_sizes_as_big_endian) {
  Bytes bytes = {0, 0, 8, 1, 0, 1, 2, 3};
  bytes.resize(bytes.size() + 0x010203, 7);
  EXPECT_EQ(parseIdx(bytes, "file").shape, (std::vector<std::uint32_t>{0x010203}));
}

TEST(Idx, refuses_what_is_no_idx_file_of_bytes) {
  const std::string reason = "is not an IDX file of unsigned bytes";
  EXPECT_TRUE(refuses({}, reason));
  EXPECT_TRUE(refuses(cut(3), reason));
  EXPECT_TRUE(refuses(changed(0, 1), reason));
  EXPECT_TRUE(refuses(changed(1, 1), reason));
  EXPECT_TRUE(refuses(changed(2, 0x0D), reason)) << "floats";
  EXPECT_TRUE(refuses({0, 0, 8, 0}, reason)) << "no dimensions";
}

TEST(Idx, says_of_a_compressed_file_that_it_is_one) {
  EXPECT_TRUE(refuses({0x1F, 0x8B, 8, 0}, "is compressed"));
}

TEST(Idx, refuses_a_file_cut_anywhere) {
  for (std::size_t size = 4; size < 12; ++size) {
    EXPECT_TRUE(refuses(cut(size), "ends within its header")) << size;
  }
  for (std::size_t size = 12; size < kTwoByThree.size(); ++size) {
    EXPECT_TRUE(refuses(cut(size), "holds " + std::to_string(size - 12) + " values")) << size;
  }
}

TEST(Idx, refuses_more_values_than_the_shape_has) {
  Bytes bytes = kTwoByThree;
  bytes.push_back(0);
  EXPECT_TRUE(refuses(bytes, "holds 7 values"));
}

TEST(Idx, refuses_sizes_whose_product_overflows) {
  // 2^24 to the fourth is 0 in 64 bits: as many values as follow.
  EXPECT_TRUE(refuses({0, 0, 8, 4, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0},
                      "holds 0 values, not what its header says"));
}

TEST(Idx, reads_a_file_and_names_one_that_is_missing) {
  const std::string path = testing::TempDir() + "lethe_idx_test";
  std::ofstream(path, std::ios::binary)
      .write(reinterpret_cast<const char*>(kTwoByThree.data()),
             static_cast<std::streamsize>(kTwoByThree.size()));
  EXPECT_EQ(readIdx(path).values, parseIdx(kTwoByThree, "file").values);
  std::remove(path.c_str());
  EXPECT_TRUE(
      fails(ErrorCode::kInvalidArgument, path + ": cannot be opened", [&] { readIdx(path); }));
}

}  // namespace
}  // namespace lethe::bench
