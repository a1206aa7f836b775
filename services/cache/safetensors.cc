#include "services/cache/safetensors.h"

#include <utility>

#include "common/text/excerpt.h"
#include "services/cache/json_fields.h"

namespace weir::cache {

namespace dom = simdjson::dom;

namespace {

constexpr size_t kLengthBytes = 8;
constexpr uint64_t kMaxHeader = 100'000'000;  // The format's own bound.
constexpr std::string_view kMetadata = "__metadata__";

struct Parts {
  std::string_view header, data;
};
using Pair = std::pair<uint64_t, uint64_t>;

absl::StatusOr<Parts> Cut(std::string_view file) {
  if (file.size() < kLengthBytes) {
    return status::InvalidArgument("has {} bytes, want the 8 of the header's length at least",
                                   file.size());
  }
  uint64_t length = 0;
  for (size_t i = kLengthBytes; i-- > 0;) length = length << 8 | static_cast<uint8_t>(file[i]);
  file.remove_prefix(kLengthBytes);
  if (length > kMaxHeader || length > file.size()) {
    return status::InvalidArgument("has a header of {} bytes, want at most {} and no more than {}",
                                   length, kMaxHeader, file.size());
  }
  return Parts{.header = file.substr(0, length), .data = file.substr(length)};
}

absl::Status CheckNames(const JsonFields& header, std::string_view wanted) {
  for (const dom::key_value_pair each : header.object()) {
    if (each.key == kMetadata || each.key == wanted) continue;
    return status::InvalidArgument("has a tensor '{}', want '{}' alone", text::Excerpt(each.key),
                                   wanted);
  }
  return absl::OkStatus();
}

absl::StatusOr<Pair> ReadPair(const JsonFields& fields, std::string_view name) {
  WEIR_ASSIGN_OR_RETURN(const dom::array array, fields.Array(name));
  Pair pair;
  if (array.size() != 2 || array.at(0).get(pair.first) != simdjson::SUCCESS ||
      array.at(1).get(pair.second) != simdjson::SUCCESS) {
    return status::InvalidArgument("{} is {}, want two whole numbers", fields.PathOf(name),
                                   text::Excerpt(std::string(simdjson::minify(array))));
  }
  return pair;
}

// How many bytes a matrix has, 0 where they are too many to count.
uint64_t BytesOf(Pair shape) {
  uint64_t bytes = 0;
  return __builtin_mul_overflow(shape.first, shape.second, &bytes) ? 0 : bytes;
}

absl::StatusOr<Int8Matrix> ReadTensor(const JsonFields& tensor, std::string_view data) {
  WEIR_RETURN_IF_ERROR(tensor.MustBe("dtype", "I8"));
  WEIR_ASSIGN_OR_RETURN(const Pair shape, ReadPair(tensor, "shape"));
  WEIR_ASSIGN_OR_RETURN(const Pair place, ReadPair(tensor, "data_offsets"));
  const auto [begin, end] = place;
  if (begin > end || end > data.size()) {
    return status::InvalidArgument("{} is {} to {}, want a part of the {} bytes of data",
                                   tensor.PathOf("data_offsets"), begin, end, data.size());
  }
  const uint64_t bytes = BytesOf(shape);
  if (bytes == 0 || bytes != end - begin) {
    return status::InvalidArgument("{} is {} by {}, want the {} bytes of data_offsets",
                                   tensor.PathOf("shape"), shape.first, shape.second, end - begin);
  }
  return Int8Matrix{.values = reinterpret_cast<const int8_t*>(data.data()) + begin,
                    .rows = shape.first,
                    .columns = shape.second};
}

}  // namespace

absl::StatusOr<Int8Matrix> ReadInt8Matrix(std::string_view file, std::string_view name) {
  WEIR_ASSIGN_OR_RETURN(const Parts parts, Cut(file));
  dom::parser parser;
  absl::StatusOr<JsonFields> header = JsonFields::Parse(parser, parts.header);
  if (!header.ok()) return status::While(header.status(), "the header");
  WEIR_RETURN_IF_ERROR(CheckNames(*header, name));
  WEIR_ASSIGN_OR_RETURN(const JsonFields tensor, header->Object(name));
  return ReadTensor(tensor, parts.data);
}

}  // namespace weir::cache
