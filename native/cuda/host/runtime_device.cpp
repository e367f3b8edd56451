#include <cuda_runtime_api.h>

#include <string>

#include "cuda/host/backend.h"
#include "cuda/host/pooling_device.h"
#include "cuda/kernels/compiled_kernels.h"
#include "lethe/error.h"

/** Implements Device with the CUDA runtime, and says what is missing if there is no device. */
namespace lethe {
namespace {

using cuda::CooperativeLaunch;
using cuda::Device;
using cuda::Graph;
using cuda::Launch;
using cuda::Stream;

/** The oldest architecture that there are kernels for is sm_80. */
constexpr int kOldestMajor = 8;

std::string versionName(int version) {
  return std::to_string(version / 1000) + "." + std::to_string(version % 1000 / 10);
}

/** Throws the engine's error for an error of the runtime. */
void check(cudaError_t error, const char* what) {
  if (error == cudaSuccess) return;
  cudaGetLastError();  // clears the error, else the next call would report it again
  const std::string reason = std::string(what) + ": " + cudaGetErrorString(error);
  if (error == cudaErrorMemoryAllocation) {
    throw Error(
        ErrorCode::kOutOfMemory,
        "the CUDA device has too little free memory (" + reason +
            "): end other programs that use it, drop data sets, or take smaller batches or the "
            "device \"cpu\"");
  }
  throw Error(ErrorCode::kDeviceFailed,
              "the CUDA device failed (" + reason +
                  "); the model is as it was: take the device \"cpu\", or restart the process");
}

/** Looks for a device: its name, or what is missing and what to do about it. */
CudaStatus findDevice() {
  int driver = 0, runtime = 0, count = 0;
  cudaRuntimeGetVersion(&runtime);
  if (cudaDriverGetVersion(&driver) != cudaSuccess || driver == 0) {
    cudaGetLastError();
    return {false, "there is no NVIDIA driver: install one, or choose the device \"cpu\""};
  }
  const cudaError_t found = cudaGetDeviceCount(&count);
  if (found == cudaErrorInsufficientDriver || driver / 1000 < runtime / 1000) {
    cudaGetLastError();
    return {false, "the NVIDIA driver is too old: it is for CUDA " + versionName(driver) +
                       ", and Lethe was built with " + versionName(runtime) +
                       ": install a newer one, or choose the device \"cpu\""};
  }
  if (found == cudaErrorNoDevice || (found == cudaSuccess && count == 0)) {
    cudaGetLastError();
    return {
        false,
        "the NVIDIA driver sees no device: look at nvidia-smi and CUDA_VISIBLE_DEVICES, or choose "
        "the device \"cpu\""};
  }
  cudaDeviceProp properties;
  const cudaError_t asked = found == cudaSuccess ? cudaGetDeviceProperties(&properties, 0) : found;
  if (asked != cudaSuccess) {
    cudaGetLastError();
    return {false, std::string("the CUDA device cannot be used: ") + cudaGetErrorString(asked) +
                       ": look at nvidia-smi, or choose the device \"cpu\""};
  }
  const std::string name = std::string(properties.name) + " sm_" +
                           std::to_string(properties.major) + std::to_string(properties.minor);
  if (properties.major < kOldestMajor) {
    return {false, "the CUDA device (" + name +
                       ") is too old: Lethe needs sm_80 or "
                       "newer; choose the device \"cpu\""};
  }
  return {true, name};
}

class RuntimeGraph final : public Graph {
 public:
  explicit RuntimeGraph(cudaGraph_t recorded) {
    const cudaError_t error = cudaGraphInstantiate(&executable_, recorded, 0);
    cudaGraphDestroy(recorded);
    check(error, "instantiating a graph");
  }
  ~RuntimeGraph() override { cudaGraphExecDestroy(executable_); }
  RuntimeGraph(const RuntimeGraph&) = delete;
  RuntimeGraph& operator=(const RuntimeGraph&) = delete;

  cudaGraphExec_t executable() const { return executable_; }

 private:
  cudaGraphExec_t executable_ = nullptr;
};

class RuntimeStream final : public Stream {
 public:
  RuntimeStream() {
    check(cudaStreamCreateWithFlags(&stream_, cudaStreamNonBlocking), "opening a stream");
  }
  ~RuntimeStream() override {
    cudaStreamSynchronize(stream_);  // its error is ignored: an earlier call has reported it
    cudaStreamDestroy(stream_);
    cudaGetLastError();
  }
  RuntimeStream(const RuntimeStream&) = delete;
  RuntimeStream& operator=(const RuntimeStream&) = delete;

  void upload(void* to, const void* from, std::size_t bytes) override {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyHostToDevice, stream_), "copying to it");
  }
  void download(void* to, const void* from, std::size_t bytes) override {
    check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDeviceToHost, stream_), "copying from it");
  }
  void clear(void* to, std::size_t bytes) override {
    check(cudaMemsetAsync(to, 0, bytes, stream_), "clearing memory");
  }
  void launch(const Launch& launch) override {
    void* arguments[] = {const_cast<void*>(launch.arguments)};
    check(cudaLaunchKernel(launch.kernel.function, dim3(static_cast<unsigned>(launch.blocks)),
                           dim3(launch.kernel.threads), arguments, launch.kernel.sharedBytes,
                           stream_),
          "launching a kernel");
  }
  void launch(const CooperativeLaunch& launch) override {
    void* arguments[] = {const_cast<void*>(launch.arguments)};
    check(cudaLaunchCooperativeKernel(
              launch.kernel.function, dim3(static_cast<unsigned>(launch.blocks)),
              dim3(launch.kernel.threads), arguments, launch.sharedBytes, stream_),
          "launching a cooperative kernel");
  }
  void beginRecording() override {
    check(cudaStreamBeginCapture(stream_, cudaStreamCaptureModeThreadLocal), "recording");
  }
  std::unique_ptr<Graph> endRecording() override {
    cudaGraph_t recorded = nullptr;
    check(cudaStreamEndCapture(stream_, &recorded), "recording");
    return std::make_unique<RuntimeGraph>(recorded);
  }
  void discardRecording() noexcept override {
    cudaGraph_t recorded = nullptr;
    cudaStreamEndCapture(stream_, &recorded);
    if (recorded) cudaGraphDestroy(recorded);
    cudaGetLastError();
  }
  void launch(Graph& graph) override {
    check(cudaGraphLaunch(static_cast<RuntimeGraph&>(graph).executable(), stream_),
          "launching a graph");
  }
  void wait() override { check(cudaStreamSynchronize(stream_), "computing"); }

 private:
  cudaStream_t stream_ = nullptr;
};

class RuntimeDevice final : public Device {
 public:
  explicit RuntimeDevice(std::string name) : name_(std::move(name)) {
    // Waiting threads sleep, because others need the cores that they would spin on. If other code
    // in this process has opened the device before, its choice stays.
    if (cudaSetDeviceFlags(cudaDeviceScheduleBlockingSync) != cudaSuccess) cudaGetLastError();
    check(cudaSetDevice(0), "opening it");
    check(cudaDeviceGetAttribute(&processors_, cudaDevAttrMultiProcessorCount, 0), "asking it");
    check(cudaDeviceGetAttribute(&sharedBytes_, cudaDevAttrMaxSharedMemoryPerBlockOptin, 0),
          "asking it");
    allowSharedMemory();
  }

  std::string description() const override { return name_; }
  std::size_t processors() const override { return static_cast<std::size_t>(processors_); }
  std::size_t sharedBytesPerBlock() const override {
    return static_cast<std::size_t>(sharedBytes_);
  }
  const cuda::KernelSet& kernels() const override { return kernels_; }

  void* allocate(std::size_t bytes) override {
    void* memory = nullptr;
    check(cudaMalloc(&memory, bytes), "allocating memory");
    return memory;
  }
  void release(void* memory) noexcept override { cudaFree(memory); }
  void* allocatePinned(std::size_t bytes) override {
    void* memory = nullptr;
    if (cudaMallocHost(&memory, bytes) == cudaErrorMemoryAllocation) {
      cudaGetLastError();
      throw Error(ErrorCode::kOutOfMemory,
                  "the host has too little memory that a CUDA device can copy from");
    }
    check(cudaGetLastError(), "allocating memory of the host");
    return memory;
  }
  void releasePinned(void* memory) noexcept override { cudaFreeHost(memory); }
  std::unique_ptr<Stream> openStream() override { return std::make_unique<RuntimeStream>(); }

 private:
  /** Allows kernels more than 48 KiB of shared memory, which they do not get otherwise. */
  void allowSharedMemory() const {
    const auto allowBytes = [](const void* function, std::size_t bytes) {
      check(cudaFuncSetAttribute(function, cudaFuncAttributeMaxDynamicSharedMemorySize,
                                 static_cast<int>(bytes)),
            "preparing a kernel");
    };
    const auto allow = [&](const auto& kernel) { allowBytes(kernel.function, kernel.sharedBytes); };
    const auto allowAll = [&](const cuda::TileKernels& tiles) {
      allow(tiles.forward);
      allow(tiles.backpropagate);
      allow(tiles.update);
    };
    for (const cuda::TileKernels& tiles : kernels_.tiles) allowAll(tiles);
    allowAll(kernels_.tensorTiles);
    // The limit belongs to the kernel, and concurrent runs need different amounts: it is set once,
    // to all there is.
    allowBytes(kernels_.persistent.function, sharedBytesPerBlock());
  }

  std::string name_;
  int processors_ = 0;
  int sharedBytes_ = 0;
  const cuda::KernelSet kernels_ = cuda::compiledKernels();
};

}  // namespace

CudaStatus cudaStatus() { return findDevice(); }

std::shared_ptr<CudaDevice> openCudaDevice() {
  const CudaStatus status = findDevice();
  if (!status.available) throw Error(ErrorCode::kNoDevice, status.description);
  try {
    return std::make_shared<CudaDevice>(
        std::make_unique<cuda::PoolingDevice>(std::make_unique<RuntimeDevice>(status.description)));
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kOutOfMemory) throw;
    throw Error(ErrorCode::kNoDevice, std::string("it cannot be opened: ") + error.what());
  }
}

std::unique_ptr<Backend> makeCudaBackend(std::shared_ptr<CudaDevice> device,
                                         const CudaOptions& options) {
  return cuda::makeBackend(std::move(device), options);
}

}  // namespace lethe
