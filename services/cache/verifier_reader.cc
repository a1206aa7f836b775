#include <simdjson.h>

#include <cmath>

#include "common/text/excerpt.h"
#include "common/text/parse.h"
#include "services/cache/verifier.h"

namespace weir::cache {

// Reads verifier.json into a Verifier, field by field.
class VerifierReader {
 public:
  absl::StatusOr<Verifier> Read(std::string_view json) {
    simdjson::dom::parser parser;
    simdjson::dom::object root;
    const auto error = parser.parse(simdjson::padded_string(json)).get_object().get(root);
    if (error) {
      return status::InvalidArgument("verifier: want a JSON object, got {}",
                                     simdjson::error_message(error));
    }
    WEIR_RETURN_IF_ERROR(ReadVersion(root));
    WEIR_RETURN_IF_ERROR(ReadFeatures(root));
    WEIR_ASSIGN_OR_RETURN(made_.median_norm_, Number(root, "/median_norm"));
    if (made_.median_norm_ <= 0) {
      return status::InvalidArgument("verifier: median_norm is {}, want more than 0",
                                     made_.median_norm_);
    }
    WEIR_ASSIGN_OR_RETURN(made_.min_score_, Number(root, "/gate/min_score"));
    WEIR_RETURN_IF_ERROR(ReadCosines(root));
    WEIR_RETURN_IF_ERROR(ReadTrees(root));
    return std::move(made_);
  }

 private:
  using Array = simdjson::dom::array;
  using Object = simdjson::dom::object;
  using Element = simdjson::dom::element;

  // The number at a JSON pointer.
  static absl::StatusOr<double> Number(Object root, std::string_view pointer) {
    double number = 0;
    if (root.at_pointer(pointer).get_double().get(number) || !std::isfinite(number)) {
      return status::InvalidArgument("verifier: {} is not a number", pointer.substr(1));
    }
    return number;
  }

  static absl::Status ReadVersion(Object root) {
    WEIR_ASSIGN_OR_RETURN(const double version, Number(root, "/version"));
    if (version == 1) return absl::OkStatus();
    return status::InvalidArgument("verifier: version is {}, want 1", version);
  }

  static absl::Status ReadFeatures(Object root) {
    Array names;
    if (root["features"].get_array().get(names) || names.size() != kFeatureNames.size()) {
      return status::InvalidArgument("verifier: features is not an array of {} names",
                                     kFeatureNames.size());
    }
    size_t at = 0;
    for (const Element each : names) {
      std::string_view name;
      if (each.get_string().get(name) || name != kFeatureNames[at]) {
        return status::InvalidArgument("verifier: features[{}] is '{}', want '{}'", at,
                                       text::Excerpt(name), kFeatureNames[at]);
      }
      ++at;
    }
    return absl::OkStatus();
  }

  absl::Status ReadCosines(Object root) {
    constexpr std::string_view kField = "gate.min_cosine_for_false_hits_over_requests";
    Object cosines;
    if (root["gate"]["min_cosine_for_false_hits_over_requests"].get_object().get(cosines)) {
      return status::InvalidArgument("verifier: {} is not an object", kField);
    }
    for (const auto& [level, value] : cosines) {
      const std::optional<double> share = text::ParseDouble(level);
      double cosine = 0;
      if (!share || value.get_double().get(cosine)) {
        return status::InvalidArgument("verifier: {} has '{}', want a share and its cosine", kField,
                                       text::Excerpt(level));
      }
      made_.min_cosines_.emplace(*share, cosine);
    }
    return absl::OkStatus();
  }

  absl::Status ReadTrees(Object root) {
    Array trees;
    if (root["trees"].get_array().get(trees)) {
      return status::InvalidArgument("verifier: trees is not an array");
    }
    for (const Element tree : trees) {
      Array nodes;
      if (tree.get_array().get(nodes) || nodes.size() == 0 || nodes.size() > kMostNodes) {
        return status::InvalidArgument("verifier: trees[{}] is not an array of 1 to {} nodes",
                                       made_.roots_.size(), kMostNodes);
      }
      WEIR_RETURN_IF_ERROR(ReadTree(nodes));
    }
    return absl::OkStatus();
  }

  absl::Status ReadTree(Array nodes) {
    const size_t root = made_.nodes_.size();
    for (const Element node : nodes) {
      Array fields;
      const size_t at = made_.nodes_.size() - root;
      if (node.get_array().get(fields) || !ReadNode(fields, at, nodes.size())) {
        return status::InvalidArgument(
            "verifier: trees[{}][{}] is neither [value] nor [feature, threshold, left, right] with "
            "both later in the tree",
            made_.roots_.size(), at);
      }
    }
    made_.roots_.push_back(root);
    return absl::OkStatus();
  }

  // Children lie behind their parent, so that every walk ends.
  bool ReadNode(Array fields, size_t at, size_t nodes) {
    Verifier::Node node;
    if (fields.size() == 1) {
      if (fields.at(0).get_double().get(node.threshold)) return false;
    } else {
      uint64_t feature = 0, left = 0, right = 0;
      if (fields.size() != 4 || fields.at(0).get_uint64().get(feature) ||
          fields.at(1).get_double().get(node.threshold) || fields.at(2).get_uint64().get(left) ||
          fields.at(3).get_uint64().get(right)) {
        return false;
      }
      if (feature >= kFeatureNames.size() || left <= at || right <= at || left >= nodes ||
          right >= nodes) {
        return false;
      }
      node.feature = static_cast<int16_t>(feature);
      node.left = static_cast<uint16_t>(left);
      node.right = static_cast<uint16_t>(right);
    }
    made_.nodes_.push_back(node);
    return true;
  }

  static constexpr size_t kMostNodes = 4096;

  Verifier made_;
};

absl::StatusOr<Verifier> Verifier::Parse(std::string_view json) {
  return VerifierReader().Read(json);
}

}  // namespace weir::cache
