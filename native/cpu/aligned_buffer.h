#pragma once

#include <algorithm>
#include <cstddef>
#include <memory>
#include <new>

namespace lethe::cpu {

/** Floats that begin on a cache line and are zero at first. Throws std::bad_alloc. */
class AlignedBuffer {
 public:
  AlignedBuffer() = default;
  explicit AlignedBuffer(std::size_t size)
      : size_(size), data_(static_cast<float*>(::operator new(size * sizeof(float), kAlignment))) {
    std::fill_n(data_.get(), size, 0.0f);
  }

  float* data() { return data_.get(); }
  const float* data() const { return data_.get(); }
  std::size_t size() const { return size_; }
  std::size_t bytes() const { return size_ * sizeof(float); }

 private:
  static constexpr std::align_val_t kAlignment{64};
  struct Free {
    void operator()(float* data) const { ::operator delete(data, kAlignment); }
  };

  std::size_t size_ = 0;
  std::unique_ptr<float[], Free> data_;
};

}  // namespace lethe::cpu
