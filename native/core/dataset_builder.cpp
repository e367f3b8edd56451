#include "lethe/dataset_builder.h"

#include <algorithm>
#include <utility>

#include "lethe/error.h"

namespace lethe {
namespace {

/** Pieces of at least 32 MiB are memory of their own, which goes back to the system when freed. */
constexpr std::size_t kLargestPiece = std::size_t{64} << 20;
constexpr std::size_t kFirstPiece = std::size_t{64} << 10;

}  // namespace

template <class T>
void Pieces<T>::append(std::span<const T> values) {
  while (!values.empty()) {
    if (pieces_.empty() || pieces_.back().size() == pieces_.back().capacity()) {
      const std::size_t bytes = std::clamp(size_ * sizeof(T), kFirstPiece, kLargestPiece);
      pieces_.emplace_back().reserve(bytes / sizeof(T));
    }
    std::vector<T>& piece = pieces_.back();
    const std::size_t count = std::min(values.size(), piece.capacity() - piece.size());
    piece.insert(piece.end(), values.begin(), values.begin() + static_cast<std::ptrdiff_t>(count));
    values = values.subspan(count);
    size_ += count;
  }
}

template <class T>
std::vector<T> Pieces<T>::joined() {
  std::vector<T> all;
  if (pieces_.size() == 1) {
    all = std::move(pieces_.front());
  } else {
    all.reserve(size_);
    for (std::vector<T>& piece : pieces_) {
      all.insert(all.end(), piece.begin(), piece.end());
      std::vector<T>().swap(piece);
    }
  }
  pieces_.clear();
  size_ = 0;
  return all;
}

template class Pieces<std::uint8_t>;
template class Pieces<float>;

DatasetBuilder::DatasetBuilder(Storage storage) {
  if (storage == Storage::kFloats) features_.emplace<Pieces<float>>();
}

template <class T>
void DatasetBuilder::appendTo(std::span<const T> features) {
  auto* pieces = std::get_if<Pieces<T>>(&features_);
  if (!pieces) {
    throw Error(ErrorCode::kInvalidArgument, "all rows must have features of the same type");
  }
  pieces->append(features);
}

void DatasetBuilder::append(std::span<const std::uint8_t> features) { appendTo(features); }
void DatasetBuilder::append(std::span<const float> features) { appendTo(features); }

std::shared_ptr<Dataset> DatasetBuilder::finish(AffineMap map, std::vector<std::uint32_t> labels,
                                                std::size_t columns, std::size_t classes,
                                                std::vector<std::uint32_t> order,
                                                const MissingColumns& missing) {
  auto* floats = std::get_if<Pieces<float>>(&features_);
  auto dataset =
      floats ? Dataset::fromFloats(floats->joined(), std::move(labels), columns, classes, missing)
             : Dataset::fromBytes(std::get<Pieces<std::uint8_t>>(features_).joined(), map,
                                  std::move(labels), columns, classes);
  if (!order.empty()) dataset->arrange(std::move(order));
  return dataset;
}

}  // namespace lethe
