#pragma once

#include <google/protobuf/repeated_ptr_field.h>

#include <string_view>

#include "services/guardrails/finding_tally.h"
#include "services/guardrails/part_rules.h"
#include "weir/guardrails/v1/guardrails.pb.h"

namespace weir::guardrails {

// Collects what was found for an answer, and counts it. Never a value.
class FindingList {
 public:
  using Findings = google::protobuf::RepeatedPtrField<v1::Finding>;
  // Where it stands; of a stream nothing is told.
  struct Place {
    uint32_t part = 0, offset = 0, length = 0;
  };

  explicit FindingList(Findings& findings) : findings_(findings) {}

  // A value of `kind`: one finding for each rule that tells of it.
  void Add(const PartRules::Reading& reading, Kind kind, const Place& place);
  // A phrase of a deny list.
  void AddPhrase(const RuleOf& each, const Place& place) { Add(each, "", kAnyDenyList, place); }
  void AddInjection(const RuleOf& each, const Place& place) { Add(each, "", kAnyInjection, place); }

  const FindingTally& tally() const { return tally_; }
  bool has_secret() const { return has_secret_; }

 private:
  void Add(const RuleOf& each, std::string_view type, std::string_view label, const Place& place);

  Findings& findings_;
  FindingTally tally_;
  bool has_secret_ = false;
};

}  // namespace weir::guardrails
