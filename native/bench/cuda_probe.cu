// Measures what a CUDA device can do at best, the floors that the backend's times stand on, and
// writes one JSON object to stdout. Exits with 0, with 1 if a call fails, with 3 if there is no
// device.
//
// Launches and barriers are medians; rates are the best of several runs.

#include <cooperative_groups.h>
#include <cuda_runtime.h>

#include <cstdio>
#include <cuda/atomic>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench/cuda_support.cuh"
#include "bench/json.h"
#include "bench/timing.h"

namespace lethe::bench {
namespace {

enum ExitCode { kOk = 0, kFailed = 1, kNoDevice = 3 };

constexpr std::size_t kRuns = 7;

__global__ void emptyKernel() {}

void launchEmpty(const Stream& stream) {
  emptyKernel<<<1, 1, 0, stream>>>();
  check(cudaGetLastError(), "emptyKernel");
}

/** The time from a launch until the host knows that the kernel is done. */
double roundTrip(const Stream& stream) {
  const Times times = timeRuns(1000, [&] {
    launchEmpty(stream);
    stream.wait();
  });
  return times.median;
}

/** The time of one launch among many in a row. */
double launchInterval(const Stream& stream) {
  constexpr int kLaunches = 1000;
  const Times times = timeRuns(kRuns, [&] {
    for (int i = 0; i < kLaunches; ++i) launchEmpty(stream);
    stream.wait();
  });
  return times.median / kLaunches;
}

/** The time of one graph of eight empty kernels, among many in a row. */
double graphInterval(const Stream& stream) {
  constexpr int kKernels = 8, kLaunches = 1000;
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
  for (int i = 0; i < kKernels; ++i) launchEmpty(stream);
  cudaGraph_t graph = nullptr;
  check(cudaStreamEndCapture(stream, &graph), "cudaStreamEndCapture");
  cudaGraphExec_t executable = nullptr;
  check(cudaGraphInstantiate(&executable, graph, 0), "cudaGraphInstantiate");
  const Times times = timeRuns(kRuns, [&] {
    for (int i = 0; i < kLaunches; ++i) {
      check(cudaGraphLaunch(executable, stream), "cudaGraphLaunch");
    }
    stream.wait();
  });
  check(cudaGraphExecDestroy(executable), "cudaGraphExecDestroy");
  check(cudaGraphDestroy(graph), "cudaGraphDestroy");
  return times.median / kLaunches;
}

/** How long a block may wait for the others: more than a second at any clock. */
constexpr long long kPatience = 4'000'000'000;

/**
 * Barriers over all blocks of the grid, which must be resident together: each block counts itself
 * in and waits until all have. A block that waits too long sets `stalled` and leaves.
 */
__global__ void barriers(unsigned* counter, unsigned* stalled, int count) {
  cuda::atomic_ref<unsigned, cuda::thread_scope_device> arrived(*counter);
  for (int i = 1; i <= count; ++i) {
    __syncthreads();
    bool patient = true;
    if (threadIdx.x == 0) {
      arrived.fetch_add(1, cuda::memory_order_release);
      const unsigned all = gridDim.x * static_cast<unsigned>(i);
      const long long start = clock64();
      while (patient && arrived.load(cuda::memory_order_acquire) < all) {
        patient = clock64() - start < kPatience;
      }
      if (!patient) atomicExch(stalled, 1u);
    }
    if (__syncthreads_and(patient) == 0) return;
  }
}

__global__ void groupBarriers(int count) {
  const auto grid = cooperative_groups::this_grid();
  for (int i = 0; i < count; ++i) grid.sync();
}

constexpr int kBarriers = 1000, kBarrierThreads = 256;

/** The time of one barrier, with one block on each multiprocessor. */
double barrierInterval(const Stream& stream, int processors) {
  const Memory state(Memory::Place::kDevice, 2 * sizeof(unsigned));
  unsigned* counter = state.as<unsigned>();
  unsigned* stalled = counter + 1;
  int count = kBarriers;
  void* arguments[] = {&counter, &stalled, &count};
  const Times times = timeOnDevice(stream, kRuns, [&] {
    check(cudaMemsetAsync(counter, 0, sizeof *counter, stream), "cudaMemsetAsync");
    check(cudaLaunchCooperativeKernel(reinterpret_cast<const void*>(barriers), processors,
                                      kBarrierThreads, arguments, 0, stream),
          "cudaLaunchCooperativeKernel");
  });
  unsigned hasStalled = 0;
  check(cudaMemcpy(&hasStalled, stalled, sizeof hasStalled, cudaMemcpyDeviceToHost), "cudaMemcpy");
  if (hasStalled != 0) throw std::runtime_error("the blocks of a grid wait for each other in vain");
  return times.median / kBarriers;
}

/** The same with cooperative_groups. */
double groupBarrierInterval(const Stream& stream, int processors) {
  int count = kBarriers;
  void* arguments[] = {&count};
  const Times times = timeOnDevice(stream, kRuns, [&] {
    check(cudaLaunchCooperativeKernel(reinterpret_cast<const void*>(groupBarriers), processors,
                                      kBarrierThreads, arguments, 0, stream),
          "cudaLaunchCooperativeKernel");
  });
  return times.median / kBarriers;
}

constexpr int kChains = 8, kIterations = 1 << 15;

/** Multiplies and adds in registers, in kChains independent chains for each thread. */
__global__ void saturate(float* out, float factor) {
  float sums[kChains];
  for (int chain = 0; chain < kChains; ++chain) sums[chain] = static_cast<float>(chain);
#pragma unroll 16
  for (int i = 0; i < kIterations; ++i) {
#pragma unroll
    for (int chain = 0; chain < kChains; ++chain) sums[chain] = fmaf(sums[chain], factor, factor);
  }
  float sum = 0;
  for (int chain = 0; chain < kChains; ++chain) sum += sums[chain];
  // Never true, but the compiler cannot know that, and so it does not remove the computation.
  if (sum == -1) *out = sum;
}

/** The rate of multiply-adds, in floating-point operations a second. */
double peakFlops(const Stream& stream, int processors) {
  constexpr int kThreads = 512, kBlocksEach = 4;
  const Memory out(Memory::Place::kDevice, sizeof(float));
  const Times times = timeOnDevice(stream, kRuns, [&] {
    saturate<<<processors * kBlocksEach, kThreads, 0, stream>>>(out.as<float>(), 0.5f);
    check(cudaGetLastError(), "saturate");
  });
  const double threads = static_cast<double>(processors) * kBlocksEach * kThreads;
  return 2 * threads * kChains * kIterations / times.minimum;
}

/** The rate of a copy in bytes a second. A copy within the device reads and writes each byte. */
double copyRate(const Stream& stream, void* to, const void* from, std::size_t bytes) {
  const Times times = timeOnDevice(stream, kRuns, [&] {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream), "cudaMemcpyAsync");
  });
  return static_cast<double>(bytes) / times.minimum;
}

Json copies(const Stream& stream) {
  constexpr std::size_t kBytes = std::size_t{1} << 30;
  const Memory to(Memory::Place::kDevice, kBytes);
  Json rates = Json::object();
  {
    const Memory from(Memory::Place::kDevice, kBytes);
    rates.number("onDeviceReadAndWritten",
                 2e-9 * copyRate(stream, to.as<void>(), from.as<void>(), kBytes));
  }
  {
    const Memory from(Memory::Place::kPinned, kBytes);
    rates.number("fromPinned", 1e-9 * copyRate(stream, to.as<void>(), from.as<void>(), kBytes));
  }
  const std::vector<char> from(kBytes, 1);
  return rates.number("fromPageable", 1e-9 * copyRate(stream, to.as<void>(), from.data(), kBytes));
}

int run() {
  int devices = 0;
  const cudaError_t status = cudaGetDeviceCount(&devices);
  if (status != cudaSuccess || devices == 0) {
    const char* reason = status == cudaSuccess ? "there is none" : cudaGetErrorString(status);
    std::printf("%s\n", Json::object().null("device").string("reason", reason).text().c_str());
    return kNoDevice;
  }
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, 0), "cudaGetDeviceProperties");
  const int processors = properties.multiProcessorCount;
  const Stream stream;
  Json report = Json::object();
  report.string("device", properties.name)
      .number("multiprocessors", processors)
      .number("sharedBytesPerBlock", static_cast<double>(properties.sharedMemPerBlockOptin))
      .number("roundTripMicroseconds", roundTrip(stream) * 1e6)
      .number("launchMicroseconds", launchInterval(stream) * 1e6)
      .number("graphOfEightMicroseconds", graphInterval(stream) * 1e6)
      .number("barrierMicroseconds", barrierInterval(stream, processors) * 1e6)
      .number("groupBarrierMicroseconds", groupBarrierInterval(stream, processors) * 1e6)
      .number("fp32Teraflops", peakFlops(stream, processors) * 1e-12)
      .value("copyGigabytesPerSecond", copies(stream));
  std::printf("%s\n", report.text().c_str());
  return kOk;
}

}  // namespace
}  // namespace lethe::bench

int main() {
  try {
    return lethe::bench::run();
  } catch (const std::exception& error) {
    std::fprintf(stderr, "%s\n", error.what());
    return lethe::bench::kFailed;
  }
}
