#pragma once

#include <memory>
#include <mutex>
#include <span>
#include <vector>

#include "cuda/host/device.h"
#include "cuda/kernels/rows.h"
#include "lethe/dataset.h"

namespace lethe::cuda {

/** A data set in a device's memory. Rows begin at multiples of kRowAlignment bytes. */
class DeviceDataset {
 public:
  /** Throws kOutOfMemory. */
  DeviceDataset(Device& device, const Dataset& dataset);

  /** All rows as a product's operand, without the affine map. */
  Rows rows() const;
  const std::uint32_t* labels() const { return labels_.data(); }

  /** Overwrites features and labels of these rows with zeros. */
  void erase(Device& device, std::span<const std::uint32_t> rows);

 private:
  std::size_t columns_;
  AffineMap map_;
  Buffer<std::uint8_t> bytes_;
  Buffer<float> floats_;
  Buffer<std::uint32_t> labels_;
};

/** The data sets in a device's memory. Each stays as long as it lives on the host. Thread-safe. */
class DatasetCache {
 public:
  std::shared_ptr<const DeviceDataset> get(Device& device,
                                           const std::shared_ptr<const Dataset>& dataset);
  /** Erases these rows in the copy of the data set, if there is one. */
  void erase(Device& device, const std::shared_ptr<const Dataset>& dataset,
             std::span<const std::uint32_t> rows);

 private:
  std::shared_ptr<DeviceDataset> copyOf(Device& device, const Dataset& dataset);

  struct Entry {
    std::weak_ptr<const Dataset> source;
    std::shared_ptr<DeviceDataset> copy;
  };

  std::mutex mutex_;
  std::vector<Entry> entries_;
};

}  // namespace lethe::cuda
