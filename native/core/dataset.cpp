#include "lethe/dataset.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <string>
#include <type_traits>

#include "lethe/error.h"
#include "lethe/floating_point.h"

namespace lethe {
namespace {

/** Counts in pieces of 255, whose counts fit a byte: compilers then count 16 values at once. */
template <class T>
std::uint32_t countNonzeros(const T* values, std::size_t size) {
  constexpr std::size_t kPiece = 255;
  std::uint32_t count = 0;
  for (std::size_t first = 0; first < size; first += kPiece) {
    const std::size_t end = std::min(size, first + kPiece);
    std::uint8_t piece = 0;
    for (std::size_t i = first; i < end; ++i) piece += values[i] != 0;
    count += piece;
  }
  return count;
}

/** A run of consecutive columns. */
struct Stretch {
  std::uint32_t first;
  std::uint32_t count;
};

std::vector<Stretch> stretchesOf(std::span<const std::uint32_t> columns) {
  std::vector<Stretch> stretches;
  for (const std::uint32_t column : columns) {
    if (!stretches.empty() && column == stretches.back().first + stretches.back().count) {
      ++stretches.back().count;
    } else {
      stretches.push_back({column, 1});
    }
  }
  return stretches;
}

/** Copies a few bytes inline, because a call of memcpy takes longer than the copying. */
std::byte* copyFew(const std::byte* from, std::size_t size, std::byte* to) {
  const auto copy = [&]<std::size_t kSize>(std::integral_constant<std::size_t, kSize>) {
    std::memcpy(to, from, kSize);
    from += kSize;
    to += kSize;
  };
  for (; size >= 16; size -= 16) copy(std::integral_constant<std::size_t, 16>{});
  if (size & 8) copy(std::integral_constant<std::size_t, 8>{});
  if (size & 4) copy(std::integral_constant<std::size_t, 4>{});
  if (size & 2) copy(std::integral_constant<std::size_t, 2>{});
  if (size & 1) copy(std::integral_constant<std::size_t, 1>{});
  return to;
}

/** Puts row order[i] into place i, cycle by cycle; it leaves the order without a use. */
template <class T>
void arrangeRows(T* values, std::size_t columns, std::vector<std::uint32_t> order) {
  std::vector<T> held(columns);
  for (std::uint32_t first = 0; first < order.size(); ++first) {
    if (order[first] == first) continue;
    std::copy_n(values + first * columns, columns, held.begin());
    std::uint32_t place = first;
    while (order[place] != first) {
      const std::uint32_t source = order[place];
      std::copy_n(values + source * columns, columns, values + place * columns);
      order[place] = place;
      place = source;
    }
    std::copy_n(held.begin(), columns, values + place * columns);
    order[place] = place;
  }
}

/** The nonzeros of each whole row. */
template <class T>
std::vector<std::uint32_t> countRows(std::span<const T> values, std::size_t columns) {
  std::vector<std::uint32_t> counts(columns == 0 ? 0 : values.size() / columns);
  for (std::size_t row = 0; row < counts.size(); ++row) {
    counts[row] = countNonzeros(values.data() + row * columns, columns);
  }
  return counts;
}

/**
 * The same of rows that must be finite, or missing where they may be. Each is checked and counted
 * while it is in the cache.
 */
std::vector<std::uint32_t> countCheckedRows(std::span<const float> values, std::size_t columns,
                                            const MissingColumns& missing) {
  if (!missing.empty() && missing.size() != columns) {
    throw Error(ErrorCode::kInvalidArgument, "`missing` must say of every column whether it may");
  }
  std::vector<std::uint32_t> counts(columns == 0 ? 0 : values.size() / columns);
  for (std::size_t row = 0; row < counts.size(); ++row) {
    const auto own = values.subspan(row * columns, columns);
    counts[row] = countNonzeros(own.data(), columns);
    if (allFinite(own.data(), columns)) continue;
    for (std::size_t k = 0; k < columns; ++k) {
      const bool isMissing = std::isnan(own[k]) && !missing.empty() && missing[k];
      if (std::isfinite(own[k]) || isMissing) continue;
      throw Error(ErrorCode::kInvalidArgument, "the feature in row " + std::to_string(row) +
                                                   ", column " + std::to_string(k) +
                                                   " is not finite");
    }
  }
  return counts;
}

/** The features as they lie in the file. Throws kInvalidArgument if they are not all in it. */
template <class T>
std::span<const T> valuesIn(const FeaturesInFile& features, std::size_t rows, std::size_t columns) {
  const std::size_t size = features.file->size();
  const std::size_t begin = std::min(features.begin, size);
  const std::size_t available = (size - begin) / sizeof(T);
  if (begin % alignof(T) != 0 || (columns > 0 && rows > available / columns)) {
    throw Error(ErrorCode::kInvalidArgument,
                "the features must lie in the file, aligned like their type");
  }
  return {reinterpret_cast<const T*>(features.file->data() + begin), rows * columns};
}

/** Through a volatile pointer, because a compiler may leave out what it sees nobody read. */
void overwrite(void* memory, std::size_t size) {
  auto* bytes = static_cast<volatile std::byte*>(memory);
  for (std::size_t i = 0; i < size; ++i) bytes[i] = std::byte{0};
}

}  // namespace

Dataset::Dataset(Owned owned, std::shared_ptr<MappedFile> file, View features, AffineMap map,
                 std::vector<std::uint32_t> labels, std::vector<std::uint32_t> nonzeros,
                 std::size_t columns, std::size_t classes)
    : owned_(std::move(owned)),
      file_(std::move(file)),
      features_(features),
      map_(map),
      labels_(std::move(labels)),
      nonzeros_(std::move(nonzeros)),
      columns_(columns),
      classes_(classes) {
  const std::size_t values = std::visit([](auto values) { return values.size(); }, features_);
  if (labels_.empty() || columns_ == 0 || values / columns_ != labels_.size() ||
      values % columns_ != 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "features must hold rows x columns values, with one label a row and at least one "
                "row and one column");
  }
  if (classes_ == 0) throw Error(ErrorCode::kInvalidArgument, "classes must be at least 1");
  const auto outside = std::find_if(labels_.begin(), labels_.end(),
                                    [&](std::uint32_t label) { return label >= classes_; });
  if (outside != labels_.end()) {
    throw Error(ErrorCode::kInvalidArgument,
                "the label of row " + std::to_string(outside - labels_.begin()) + " is " +
                    std::to_string(*outside) + ", but there are only " + std::to_string(classes_) +
                    " classes");
  }
  if (nonzeros_.size() != labels_.size()) {
    throw Error(ErrorCode::kInvalidArgument, "there must be one count of nonzeros a row");
  }
  if (!std::isfinite(map_.scale) || !std::isfinite(map_.offset) || map_.scale == 0) {
    throw Error(ErrorCode::kInvalidArgument,
                "the affine map needs a finite scale other than 0 and a finite offset");
  }
}

std::shared_ptr<Dataset> Dataset::inMemory(Owned features, AffineMap map,
                                           std::vector<std::uint32_t> labels, std::size_t columns,
                                           std::size_t classes,
                                           std::vector<std::uint32_t> nonzeros) {
  // A vector keeps its memory when it moves.
  const View view =
      std::visit([](const auto& values) -> View { return std::span(values); }, features);
  if (nonzeros.empty()) {
    nonzeros = std::visit([&](auto values) { return countRows(values, columns); }, view);
  }
  return std::shared_ptr<Dataset>(new Dataset(std::move(features), nullptr, view, map,
                                              std::move(labels), std::move(nonzeros), columns,
                                              classes));
}

std::shared_ptr<Dataset> Dataset::fromBytes(std::vector<std::uint8_t> features, AffineMap map,
                                            std::vector<std::uint32_t> labels, std::size_t columns,
                                            std::size_t classes) {
  return inMemory(std::move(features), map, std::move(labels), columns, classes);
}

std::shared_ptr<Dataset> Dataset::fromFloats(std::vector<float> features,
                                             std::vector<std::uint32_t> labels, std::size_t columns,
                                             std::size_t classes, const MissingColumns& missing) {
  auto nonzeros = countCheckedRows(features, columns, missing);
  return inMemory(std::move(features), {}, std::move(labels), columns, classes,
                  std::move(nonzeros));
}

std::shared_ptr<Dataset> Dataset::fromCounted(std::vector<float> features,
                                              std::vector<std::uint32_t> nonzeros,
                                              std::vector<std::uint32_t> labels,
                                              std::size_t columns, std::size_t classes) {
  return inMemory(std::move(features), {}, std::move(labels), columns, classes,
                  std::move(nonzeros));
}

std::shared_ptr<Dataset> Dataset::bytesInFile(FeaturesInFile features, AffineMap map,
                                              std::vector<std::uint32_t> labels,
                                              std::size_t columns, std::size_t classes) {
  const auto values = valuesIn<std::uint8_t>(features, labels.size(), columns);
  auto nonzeros = countRows(values, columns);
  features.file->check();
  return std::shared_ptr<Dataset>(new Dataset(Owned(), std::move(features.file), values, map,
                                              std::move(labels), std::move(nonzeros), columns,
                                              classes));
}

std::shared_ptr<Dataset> Dataset::floatsInFile(FeaturesInFile features,
                                               std::vector<std::uint32_t> labels,
                                               std::size_t columns, std::size_t classes,
                                               const MissingColumns& missing) {
  const auto values = valuesIn<float>(features, labels.size(), columns);
  auto nonzeros = countCheckedRows(values, columns, missing);
  features.file->check();
  return std::shared_ptr<Dataset>(new Dataset(Owned(), std::move(features.file), values, {},
                                              std::move(labels), std::move(nonzeros), columns,
                                              classes));
}

std::uint32_t countNonzeros(std::span<const float> values) {
  return countNonzeros(values.data(), values.size());
}

std::size_t Dataset::bytes() const {
  const std::size_t features =
      std::visit([](const auto& values) { return values.size() * sizeof(values.front()); }, owned_);
  return features + (labels_.size() + nonzeros_.size()) * sizeof(std::uint32_t);
}

const std::uint8_t* Dataset::byteFeatures() const {
  const auto* values = std::get_if<std::span<const std::uint8_t>>(&features_);
  return values ? values->data() : nullptr;
}

const float* Dataset::floatFeatures() const {
  const auto* values = std::get_if<std::span<const float>>(&features_);
  return values ? values->data() : nullptr;
}

void Dataset::checkRows(std::span<const std::uint32_t> rows) const {
  for (const std::uint32_t row : rows) {
    if (row >= labels_.size()) {
      throw Error(ErrorCode::kInvalidRows, "row " + std::to_string(row) +
                                               " is out of range: the data set has " +
                                               std::to_string(labels_.size()) + " rows");
    }
  }
}

void Dataset::normalized(std::span<const std::uint32_t> rows, float* out) const {
  const FloatingPointMode mode;
  checkRows(rows);
  if (const float* values = floatFeatures()) {
    for (const std::uint32_t row : rows) {
      out = std::copy_n(values + row * columns_, columns_, out);
    }
    return;
  }
  float inputs[256];
  for (std::size_t u = 0; u < std::size(inputs); ++u) {
    inputs[u] = std::fma(map_.scale, static_cast<float>(u), map_.offset);
  }
  for (const std::uint32_t row : rows) {
    const std::uint8_t* raw = byteFeatures() + row * columns_;
    for (std::size_t k = 0; k < columns_; ++k) *out++ = inputs[raw[k]];
  }
}

std::shared_ptr<Dataset> Dataset::select(std::span<const std::uint32_t> rows,
                                         std::span<const std::uint32_t> columns) const {
  checkRows(rows);
  if (std::any_of(columns.begin(), columns.end(),
                  [&](std::uint32_t column) { return column >= columns_; })) {
    throw Error(ErrorCode::kInvalidArgument,
                "every column must be below " + std::to_string(columns_));
  }
  std::vector<std::uint32_t> labels;
  labels.reserve(rows.size());
  for (const std::uint32_t row : rows) labels.push_back(labels_[row]);
  const std::vector<Stretch> stretches = stretchesOf(columns);
  Owned features = std::visit(
      [&](auto values) -> Owned {
        using Value = std::remove_const_t<typename decltype(values)::element_type>;
        std::vector<Value> selected(rows.size() * columns.size());
        auto* to = reinterpret_cast<std::byte*>(selected.data());
        for (const std::uint32_t row : rows) {
          const auto* from = values.data() + row * columns_;
          for (const auto& [first, count] : stretches) {
            to =
                copyFew(reinterpret_cast<const std::byte*>(from + first), count * sizeof *from, to);
          }
        }
        return selected;
      },
      features_);
  return inMemory(std::move(features), map_, std::move(labels), columns.size(), classes_);
}

std::size_t Dataset::rowBytes() const {
  return columns_ * (byteFeatures() ? sizeof(std::uint8_t) : sizeof(float));
}

void Dataset::copyRows(std::span<const std::uint32_t> rows, std::byte* out) const {
  checkRows(rows);
  const std::size_t size = rowBytes();
  std::visit(
      [&](auto values) {
        for (const std::uint32_t row : rows) {
          std::memcpy(out, values.data() + row * columns_, size);
          out += size;
        }
      },
      features_);
}

void Dataset::arrange(std::vector<std::uint32_t> order) {
  if (file_) {
    throw Error(ErrorCode::kInvalidArgument, "rows in a file keep their order");
  }
  std::vector<bool> seen(rows());
  for (const std::uint32_t row : order) {
    if (row < rows() && !seen[row]) seen[row] = true;
  }
  if (order.size() != rows() || std::find(seen.begin(), seen.end(), false) != seen.end()) {
    throw Error(ErrorCode::kInvalidArgument, "the order must name every row once");
  }
  std::visit([&](auto& values) { arrangeRows(values.data(), columns_, order); }, owned_);
  arrangeRows(labels_.data(), 1, order);
  arrangeRows(nonzeros_.data(), 1, std::move(order));
}

void Dataset::erase(std::span<const std::uint32_t> rows, const ErasureInFile& inFile) {
  checkRows(rows);
  if (file_) eraseInFile(rows, inFile);
  for (const std::uint32_t row : rows) {
    if (!file_) {
      std::visit([&](auto& values) { overwrite(values.data() + row * columns_, rowBytes()); },
                 owned_);
    }
    overwrite(&labels_[row], sizeof labels_[row]);
    overwrite(&nonzeros_[row], sizeof nonzeros_[row]);
  }
}

void Dataset::eraseInFile(std::span<const std::uint32_t> rows, const ErasureInFile& inFile) {
  const std::size_t begin = static_cast<std::size_t>(featureBytes().data() - file_->data());
  std::vector<FileRange> ranges = inFile.others;
  for (const std::uint32_t row : rows) ranges.push_back({begin + row * rowBytes(), rowBytes()});
  if (!inFile.marks.empty()) file_->erase(inFile.marks);
  file_->erase(ranges);
}

std::vector<std::uint32_t> Dataset::rowsWithContent(std::span<const std::uint32_t> rows) const {
  checkRows(rows);
  std::vector<std::uint32_t> found;
  for (const std::uint32_t row : rows) {
    const auto bytes = featureBytes().subspan(row * rowBytes(), rowBytes());
    const bool isZero =
        std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{}; });
    if (!isZero) found.push_back(row);
  }
  return found;
}

void Dataset::checkFile() const {
  if (file_) file_->check();
}

std::span<const std::byte> Dataset::featureBytes() const {
  return std::visit([](auto values) { return std::as_bytes(values); }, features_);
}

}  // namespace lethe
