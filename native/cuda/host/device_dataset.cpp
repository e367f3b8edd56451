#include "cuda/host/device_dataset.h"

#include <algorithm>

#include "lethe/error.h"

namespace lethe::cuda {
namespace {

/** Copies rows to the device, each to a multiple of kRowAlignment bytes. */
template <class T>
Buffer<T> alignedRows(Device& device, Stream& stream, const T* values, std::size_t rows,
                      std::size_t columns) {
  const std::size_t stride = alignedWidth<T>(columns);
  Buffer<T> buffer(device, rows * stride);
  if (stride == columns) {
    stream.upload(buffer.data(), values, buffer.bytes());
    stream.wait();
    return buffer;
  }
  std::vector<T> aligned(rows * stride);
  for (std::size_t row = 0; row < rows; ++row) {
    std::copy_n(values + row * columns, columns, aligned.begin() + row * stride);
  }
  stream.upload(buffer.data(), aligned.data(), buffer.bytes());
  stream.wait();
  return buffer;
}

}  // namespace

DeviceDataset::DeviceDataset(Device& device, const Dataset& dataset)
    : columns_(dataset.columns()), map_(dataset.map()) {
  const auto stream = device.openStream();
  if (const std::uint8_t* bytes = dataset.byteFeatures()) {
    bytes_ = alignedRows(device, *stream, bytes, dataset.rows(), columns_);
  } else {
    floats_ = alignedRows(device, *stream, dataset.floatFeatures(), dataset.rows(), columns_);
  }
  std::vector<std::uint32_t> labels;
  labels.reserve(dataset.rows());
  for (std::size_t row = 0; row < dataset.rows(); ++row) labels.push_back(dataset.label(row));
  labels_ = uploaded<std::uint32_t>(device, *stream, labels);
  stream->wait();
}

Rows DeviceDataset::rows() const {
  return {.floats = floats_.data(),
          .bytes = bytes_.data(),
          .columns = columns_,
          .stride = bytes_.data() ? alignedWidth<std::uint8_t>(columns_) : alignedWidth(columns_),
          .affine = {map_.scale, map_.offset}};
}

void DeviceDataset::erase(Device& device, std::span<const std::uint32_t> rows) {
  const auto stream = device.openStream();
  const auto clear = [&](auto& buffer, std::size_t stride) {
    if (!buffer.data()) return;
    for (const std::uint32_t row : rows) {
      stream->clear(buffer.data() + row * stride, stride * sizeof *buffer.data());
    }
  };
  clear(bytes_, alignedWidth<std::uint8_t>(columns_));
  clear(floats_, alignedWidth(columns_));
  clear(labels_, 1);
  stream->wait();
}

/** If there is too little memory, lets go of the copies that no run is using and tries again. */
std::shared_ptr<DeviceDataset> DatasetCache::copyOf(Device& device, const Dataset& dataset) {
  try {
    return std::make_shared<DeviceDataset>(device, dataset);
  } catch (const Error& error) {
    if (error.code() != ErrorCode::kOutOfMemory) throw;
  }
  std::erase_if(entries_, [](const Entry& entry) { return entry.copy.use_count() == 1; });
  return std::make_shared<DeviceDataset>(device, dataset);
}

std::shared_ptr<const DeviceDataset> DatasetCache::get(
    Device& device, const std::shared_ptr<const Dataset>& dataset) {
  const std::lock_guard lock(mutex_);
  std::erase_if(entries_, [](const Entry& entry) { return entry.source.expired(); });
  for (const Entry& entry : entries_) {
    // Compares living data sets only: a new one may lie at the address of a dead one.
    if (entry.source.lock() == dataset) return entry.copy;
  }
  entries_.push_back({dataset, copyOf(device, *dataset)});
  return entries_.back().copy;
}

void DatasetCache::erase(Device& device, const std::shared_ptr<const Dataset>& dataset,
                         std::span<const std::uint32_t> rows) {
  const std::lock_guard lock(mutex_);
  for (const Entry& entry : entries_) {
    if (entry.source.lock() == dataset) entry.copy->erase(device, rows);
  }
}

}  // namespace lethe::cuda
