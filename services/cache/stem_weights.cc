#include "services/cache/stem_weights.h"

#include <simdjson.h>

#include <cmath>

#include "common/text/excerpt.h"

namespace weir::cache {

absl::StatusOr<StemWeights> StemWeights::Parse(std::string_view json) {
  simdjson::dom::parser parser;
  simdjson::dom::object stems;
  const auto error = parser.parse(simdjson::padded_string(json)).get_object().get(stems);
  if (error) {
    return status::InvalidArgument("stem weights: want a JSON object, got {}",
                                   simdjson::error_message(error));
  }
  StemWeights made;
  for (const auto& [stem, value] : stems) {
    double weight = 0;
    if (value.get_double().get(weight) || !std::isfinite(weight)) {
      return status::InvalidArgument("stem weights: '{}' is not a number", text::Excerpt(stem));
    }
    made.weights_.emplace(stem, weight);
  }
  const auto unknown = made.weights_.find("");
  if (unknown == made.weights_.end()) {
    return status::InvalidArgument("stem weights: '' is missing, the weight of unknown stems");
  }
  made.unknown_ = unknown->second;
  return made;
}

double StemWeights::Of(const std::string& stem) const {
  const auto at = weights_.find(stem);
  return at == weights_.end() ? unknown_ : at->second;
}

}  // namespace weir::cache
