#pragma once

#include <array>
#include <cstdint>

namespace lethe {

using PhiloxCounter = std::array<std::uint32_t, 4>;
using PhiloxKey = std::array<std::uint32_t, 2>;

/**
 * Philox 4x32-10: a bijection of the counter, chosen by the key.
 * Source: Salmon, Moraes, Dror, Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011,
 * section 4.3.
 */
constexpr PhiloxCounter philox4x32(PhiloxCounter counter, PhiloxKey key) {
  constexpr std::uint64_t kMultiplier0 = 0xD2511F53, kMultiplier1 = 0xCD9E8D57;
  constexpr std::uint32_t kWeyl0 = 0x9E3779B9, kWeyl1 = 0xBB67AE85;
  for (int round = 0; round < 10; ++round) {
    const std::uint64_t product0 = kMultiplier0 * counter[0];
    const std::uint64_t product1 = kMultiplier1 * counter[2];
    counter = {static_cast<std::uint32_t>(product1 >> 32) ^ counter[1] ^ key[0],
               static_cast<std::uint32_t>(product1),
               static_cast<std::uint32_t>(product0 >> 32) ^ counter[3] ^ key[1],
               static_cast<std::uint32_t>(product0)};
    key[0] += kWeyl0;
    key[1] += kWeyl1;
  }
  return counter;
}

/** What a random stream is for. Streams of different purposes never share a counter. */
enum class PhiloxPurpose : std::uint32_t {
  kInitialization = 1,
  kBatchOrder = 2,
  kRowSample = 3,
  kProjection = 4,
};

/**
 * The words of one random stream. The key is the seed (low word first); the counter is
 * {block low, block high, purpose, substream}, so that any word can be computed by itself.
 */
class PhiloxStream {
 public:
  constexpr PhiloxStream(std::uint64_t seed, PhiloxPurpose purpose, std::uint32_t substream = 0)
      : key_{static_cast<std::uint32_t>(seed), static_cast<std::uint32_t>(seed >> 32)},
        purpose_(static_cast<std::uint32_t>(purpose)),
        substream_(substream) {}

  constexpr PhiloxCounter block(std::uint64_t index) const {
    return philox4x32({static_cast<std::uint32_t>(index), static_cast<std::uint32_t>(index >> 32),
                       purpose_, substream_},
                      key_);
  }

  constexpr std::uint32_t nextWord() {
    if (position_ == 4) {
      words_ = block(nextBlock_++);
      position_ = 0;
    }
    return words_[position_++];
  }

  /** An unbiased integer in [0, bound), bound >= 1: Lemire, "Fast random integer generation in an
   * interval", ACM TOMACS 29(1), 2019, algorithm 5. */
  constexpr std::uint32_t below(std::uint32_t bound) {
    std::uint64_t product = static_cast<std::uint64_t>(nextWord()) * bound;
    if (static_cast<std::uint32_t>(product) < bound) {
      const std::uint32_t threshold = (0u - bound) % bound;
      while (static_cast<std::uint32_t>(product) < threshold) {
        product = static_cast<std::uint64_t>(nextWord()) * bound;
      }
    }
    return static_cast<std::uint32_t>(product >> 32);
  }

 private:
  PhiloxKey key_;
  std::uint32_t purpose_;
  std::uint32_t substream_;
  std::uint64_t nextBlock_ = 0;
  int position_ = 4;
  PhiloxCounter words_{};
};

}  // namespace lethe
