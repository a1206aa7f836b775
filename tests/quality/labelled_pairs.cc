#include "tests/quality/labelled_pairs.h"

#include <simdjson.h>

#include <cmath>

#include "common/text/ascii.h"
#include "tests/quality/gzip_file.h"

namespace weir::cache {
namespace {

bool ReadPair(simdjson::dom::element line, LabelledPair& pair) {
  std::string_view a, b, source;
  int64_t label = 0;
  if (line["a"].get(a) || line["b"].get(b) || line["source"].get(source) ||
      line["label"].get(label)) {
    return false;
  }
  pair = {std::string(a), std::string(b), label == 1, std::string(source)};
  return true;
}

}  // namespace

absl::StatusOr<std::vector<LabelledPair>> ReadLabelledPairs(const std::string& path) {
  WEIR_ASSIGN_OR_RETURN(const std::string all, quality::ReadGzipFile(path));
  simdjson::dom::parser parser;
  std::vector<LabelledPair> pairs;
  for (const std::string_view line : text::Split(all, '\n')) {
    if (line.empty()) continue;
    simdjson::dom::element object;
    pairs.emplace_back();
    if (parser.parse(simdjson::padded_string(line)).get(object) ||
        !ReadPair(object, pairs.back())) {
      return status::InvalidArgument("{}: pair {} is not an object with a, b, label and source",
                                     path, pairs.size());
    }
  }
  return pairs;
}

std::pair<double, double> WilsonPercent(size_t part, size_t whole) {
  constexpr double kZ = 1.96;
  const auto n = static_cast<double>(whole);
  const double share = static_cast<double>(part) / n;
  const double scale = 1 + kZ * kZ / n;
  const double centre = share + kZ * kZ / (2 * n);
  const double spread = kZ * std::sqrt(share * (1 - share) / n + kZ * kZ / (4 * n * n));
  return {100 * (centre - spread) / scale, 100 * (centre + spread) / scale};
}

}  // namespace weir::cache
