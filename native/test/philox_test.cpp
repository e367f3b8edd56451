// Known answers: the file kat_vectors of Random123 1.14.0.

#include "lethe/philox.h"

#include <gtest/gtest.h>

#include <vector>

namespace lethe {
namespace {

constexpr PhiloxPurpose kPurpose = PhiloxPurpose::kBatchOrder;

TEST(Philox, gives_random123s_known_answers) {
  constexpr std::uint32_t kOnes = 0xffffffff;
  EXPECT_EQ(philox4x32({0, 0, 0, 0}, {0, 0}),
            (PhiloxCounter{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox4x32({kOnes, kOnes, kOnes, kOnes}, {kOnes, kOnes}),
            (PhiloxCounter{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox4x32({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, is_a_constant_expression) {
  static_assert(philox4x32({0, 0, 0, 0}, {0, 0})[0] == 0x6627e8d5);
}

TEST(PhiloxStream, lays_out_key_and_counter_as_documented) {
  const PhiloxStream stream(0x299f31d0a4093822, PhiloxPurpose{0x13198a2e}, 0x03707344);
  EXPECT_EQ(stream.block(0x85a308d3243f6a88),
            (PhiloxCounter{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(PhiloxStream, yields_the_words_of_its_blocks_in_order) {
  PhiloxStream stream(7, kPurpose, 3);
  for (std::uint64_t block = 0; block < 5; ++block) {
    for (const std::uint32_t word : stream.block(block)) EXPECT_EQ(stream.nextWord(), word);
  }
}

TEST(PhiloxStream, differs_by_seed_purpose_and_substream) {
  const auto first = PhiloxStream(1, kPurpose, 0).block(0);
  EXPECT_NE(PhiloxStream(2, kPurpose, 0).block(0), first);
  EXPECT_NE(PhiloxStream(1ull << 32 | 1, kPurpose, 0).block(0), first);
  EXPECT_NE(PhiloxStream(1, PhiloxPurpose::kInitialization, 0).block(0), first);
  EXPECT_NE(PhiloxStream(1, kPurpose, 1).block(0), first);
}

TEST(PhiloxStream, below_stays_in_range) {
  PhiloxStream stream(1, kPurpose);
  for (const std::uint32_t bound : {1u, 2u, 3u, 10u, 65537u, 0x80000001u, 0xffffffffu}) {
    for (int i = 0; i < 1000; ++i) EXPECT_LT(stream.below(bound), bound);
  }
  EXPECT_EQ(stream.below(1), 0u);
}

TEST(PhiloxStream, below_is_uniform) {
  constexpr std::uint32_t kBound = 7;
  constexpr int kDraws = 70000;
  PhiloxStream stream(1, kPurpose);
  std::vector<double> counts(kBound);
  for (int i = 0; i < kDraws; ++i) counts[stream.below(kBound)] += 1;
  double chiSquared = 0;
  for (const double count : counts) chiSquared += (count - 10000) * (count - 10000) / 10000;
  EXPECT_LT(chiSquared, 22.5);  // the 99.9 % quantile for 6 degrees of freedom
}

/** Without rejection, 3 * 2^30 buckets of 2^32 words would favour every third value by two to one.
 */
TEST(PhiloxStream, below_rejects_what_would_bias_it) {
  constexpr std::uint32_t kBound = 3u << 30;
  constexpr int kDraws = 30000;
  PhiloxStream stream(1, kPurpose);
  std::vector<double> counts(3);
  for (int i = 0; i < kDraws; ++i) counts[stream.below(kBound) % 3] += 1;
  for (const double count : counts) EXPECT_NEAR(count, kDraws / 3, 500);
}

}  // namespace
}  // namespace lethe
