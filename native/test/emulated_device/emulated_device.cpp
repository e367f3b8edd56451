#include "test/emulated_device/emulated_device.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <mutex>
#include <numeric>
#include <random>
#include <set>
#include <utility>
#include <vector>

#include "cuda/kernels/make_kernel_set.h"
#include "cuda/kernels/run_on_host.h"
#include "lethe/error.h"

namespace lethe::test {
namespace {

/** Fills new memory with NaNs and huge indices, so that a read of unwritten memory fails a test. */
constexpr int kNoise = 0xFF;

/** The shared memory of a block. */
class Shared {
 public:
  explicit Shared(std::size_t bytes) : lines_(bytes / sizeof(Line) + 1) {
    std::memset(lines_.data(), kNoise, lines_.size() * sizeof(Line));
  }
  std::byte* data() { return lines_.front().bytes; }

 private:
  struct alignas(32) Line {
    std::byte bytes[32];
  };
  std::vector<Line> lines_;
};

struct RecordedGraph final : cuda::Graph {
  std::vector<std::function<void()>> launches;
};

/** The memory that a real device might still be using: copies and clears not yet waited for. */
class QueuedMemory {
 public:
  void add(const void* memory) {
    const std::lock_guard lock(mutex_);
    memories_.insert(memory);
  }
  void remove(const void* memory) {
    const std::lock_guard lock(mutex_);
    memories_.erase(memories_.find(memory));
  }
  bool has(const void* memory) {
    const std::lock_guard lock(mutex_);
    return memories_.contains(memory);
  }

 private:
  std::mutex mutex_;
  std::multiset<const void*> memories_;
};

class EmulatedStream final : public cuda::Stream {
 public:
  EmulatedStream(QueuedMemory& queued, std::atomic<std::size_t>& launchesLeft)
      : queued_(queued), launchesLeft_(launchesLeft) {}
  ~EmulatedStream() override { wait(); }

  void upload(void* to, const void* from, std::size_t bytes) override {
    use(to);
    std::memcpy(to, from, bytes);
  }
  void download(void* to, const void* from, std::size_t bytes) override {
    use(from);
    std::memcpy(to, from, bytes);
  }
  void clear(void* to, std::size_t bytes) override {
    use(to);
    std::memset(to, 0, bytes);
  }

  void launch(const cuda::Launch& launch) override {
    const auto* bytes = static_cast<const std::byte*>(launch.arguments);
    const auto run = [this, launch, arguments = std::vector(bytes, bytes + launch.argumentBytes)] {
      takeLaunch();
      for (const std::size_t block : someOrder(launch.blocks)) {
        Shared shared(launch.kernel.sharedBytes);
        launch.kernel.emulate(arguments.data(), block, launch.blocks, shared.data());
      }
    };
    if (recording_) {
      recording_->launches.push_back(run);
    } else {
      run();
    }
  }

  void launch(const cuda::CooperativeLaunch& launch) override {
    takeLaunch();
    std::vector<Shared> shared;
    for (std::size_t block = 0; block < launch.blocks; ++block) {
      shared.emplace_back(launch.sharedBytes);
    }
    for (std::size_t stage = 0; stage < launch.kernel.stages(launch.arguments); ++stage) {
      for (const std::size_t block : someOrder(launch.blocks)) {
        launch.kernel.emulate(launch.arguments, block, launch.blocks, shared[block].data(), stage);
      }
    }
  }

  void beginRecording() override { recording_ = std::make_unique<RecordedGraph>(); }
  std::unique_ptr<cuda::Graph> endRecording() override { return std::move(recording_); }
  void discardRecording() noexcept override { recording_.reset(); }
  void launch(cuda::Graph& graph) override {
    for (const auto& launch : static_cast<RecordedGraph&>(graph).launches) launch();
  }
  void wait() override {
    for (const void* memory : std::exchange(used_, {})) queued_.remove(memory);
  }

 private:
  void use(const void* memory) {
    used_.push_back(memory);
    queued_.add(memory);
  }

  void takeLaunch() {
    if (launchesLeft_ == 0) throw Error(ErrorCode::kDeviceFailed, "the emulated device is lost");
    --launchesLeft_;
  }

  /** A new order each time, so that blocks that depend on an order fail a test. */
  std::vector<std::size_t> someOrder(std::size_t blocks) {
    std::vector<std::size_t> order(blocks);
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), random_);
    return order;
  }

  QueuedMemory& queued_;
  std::vector<const void*> used_;  ///< since the last wait
  std::minstd_rand random_;
  std::atomic<std::size_t>& launchesLeft_;
  std::unique_ptr<RecordedGraph> recording_;
};

class EmulatedDevice final : public cuda::Device {
 public:
  EmulatedDevice(std::size_t processors, const Mishaps& mishaps)
      : processors_(processors),
        memoryLeft_(mishaps.memory),
        allocationsLeft_(mishaps.allocations),
        launchesLeft_(mishaps.launches) {}

  std::string description() const override { return "emulated"; }
  std::size_t processors() const override { return processors_; }
  std::size_t sharedBytesPerBlock() const override { return 227 * 1024; }
  const cuda::KernelSet& kernels() const override { return kernels_; }

  void* allocate(std::size_t bytes) override {
    const std::lock_guard lock(mutex_);
    if (bytes > memoryLeft_ || allocationsLeft_ == 0) {
      throw Error(ErrorCode::kOutOfMemory, "the emulated device has no memory left");
    }
    void* memory =
        std::aligned_alloc(kAlignment, (bytes + kAlignment - 1) / kAlignment * kAlignment);
    --allocationsLeft_;
    memoryLeft_ -= bytes;
    sizes_[memory] = bytes;
    std::memset(memory, kNoise, bytes);
    return memory;
  }
  void release(void* memory) noexcept override {
    EXPECT_FALSE(queued_.has(memory)) << "released while a stream may be using it";
    const std::lock_guard lock(mutex_);
    memoryLeft_ += sizes_.extract(memory).mapped();
    std::free(memory);
  }
  void* allocatePinned(std::size_t bytes) override { return allocate(bytes); }
  void releasePinned(void* memory) noexcept override { release(memory); }
  std::unique_ptr<cuda::Stream> openStream() override {
    return std::make_unique<EmulatedStream>(queued_, launchesLeft_);
  }

 private:
  static constexpr std::size_t kAlignment = 256;  ///< like cudaMalloc

  const cuda::KernelSet kernels_ = cuda::makeKernelSet<cuda::OnHost>();
  std::mutex mutex_;
  std::map<void*, std::size_t> sizes_;
  std::size_t processors_;
  std::size_t memoryLeft_;
  std::size_t allocationsLeft_;
  QueuedMemory queued_;
  std::atomic<std::size_t> launchesLeft_;
};

}  // namespace

std::unique_ptr<cuda::Device> makeEmulatedDevice(std::size_t processors, const Mishaps& mishaps) {
  return std::make_unique<EmulatedDevice>(processors, mishaps);
}

}  // namespace lethe::test
