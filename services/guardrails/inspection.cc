#include "services/guardrails/inspection.h"

#include <algorithm>
#include <string>

#include "common/text/placeholder.h"
#include "services/guardrails/finding_list.h"
#include "services/guardrails/replacements.h"
#include "services/guardrails/value_spans.h"

namespace weir::guardrails {
namespace {

class Inspection {
 public:
  Inspection(const v1::InspectRequest& request, PolicyUnion& policies, const crypto::Hmac& key,
             v1::InspectResponse& response)
      : request_(request),
        is_request_(request.direction() == v1::DIRECTION_REQUEST),
        policies_(policies),
        key_(key),
        response_(response) {}

  absl::Status Run() {
    KnowNumbers();
    for (int i = 0; i < request_.parts_size(); ++i) WEIR_RETURN_IF_ERROR(Judge(i));
    if (blocked_) response_.clear_edits();
    response_.set_verdict(Verdict());
    response_.set_never_cache(found_.has_secret());
    return absl::OkStatus();
  }
  const FindingTally& tally() const { return found_.tally(); }

 private:
  // A request's own look-alikes are not given out; an answer's are no more than text.
  void KnowNumbers() {
    if (is_request_) {
      for (const v1::Part& each : request_.parts()) numbers_.Avoid(each.text());
    }
    for (const auto& [type, number] : request_.numbers_taken()) {
      const auto most = static_cast<uint32_t>(text::kMostPlaceholders);
      numbers_.BeginAbove(type, static_cast<int>(std::min(number, most)));
    }
  }

  absl::Status Judge(int index) {
    const v1::Part& part = request_.parts(index);
    WEIR_ASSIGN_OR_RETURN(
        const std::shared_ptr<const PartRules> rules,
        policies_.For(
            {.direction = request_.direction(), .path = part.path(), .role = part.role()}));
    if (rules->empty()) return absl::OkStatus();
    for (const ValueSpan& each : Find(rules->blocking(), index)) {
      blocked_ = blocked_ || each.length > 0;
    }
    const std::vector<ValueSpan> replaced = Find(rules->replacing(), index);
    if (!blocked_) Replace(rules->replacing(), index, replaced);
    Find(rules->watching(), index);
    for (const RuleOf& each : rules->deny_lists()) FindPhrases(each, index);
    FindInjection(*rules, index);
    return absl::OkStatus();
  }

  void FindInjection(const PartRules& rules, int index) {
    if (rules.injections().empty()) return;
    const v1::Part& part = request_.parts(index);
    const InjectionVerdict verdict = JudgeInjection(part.text(), ProvenanceOf(part.role()));
    for (const RuleOf& each : rules.injections()) {
      if (verdict.score < each.rule->injection_from) continue;
      found_.AddInjection(each, PlaceOf(index, verdict.offset, verdict.length));
      blocked_ = blocked_ || each.blocks();
    }
  }

  void FindPhrases(const RuleOf& rule, int index) {
    for (const DenyList::Found& each : rule.rule->phrases->Find(request_.parts(index).text())) {
      found_.AddPhrase(rule, PlaceOf(index, each.offset, each.length));
      blocked_ = blocked_ || rule.blocks();
    }
  }

  std::vector<ValueSpan> Find(const PartRules::Reading& reading, int index) {
    std::vector<ValueSpan> spans = SpansOf(request_.parts(index).text(), reading.vocabulary);
    for (const ValueSpan& each : spans) {
      found_.Add(reading, each.kind, PlaceOf(index, each.offset, each.length));
    }
    return spans;
  }

  static FindingList::Place PlaceOf(int index, size_t offset, size_t length) {
    return {.part = static_cast<uint32_t>(index),
            .offset = static_cast<uint32_t>(offset),
            .length = static_cast<uint32_t>(length)};
  }

  void Replace(const PartRules::Reading& reading, int index, const std::vector<ValueSpan>& spans) {
    Replacements replacements(
        reading.vocabulary, numbers_, &key_,
        is_request_ ? Replacements::Numbering::kByValue : Replacements::Numbering::kByDigest);
    const std::string_view text = request_.parts(index).text();
    for (const ValueSpan& each : spans) {
      // Of an answer's value what a stream of it would know: both ways give the same text.
      const std::string_view value =
          text.substr(each.offset, is_request_ ? each.length : each.head);
      Replacement replacement =
          replacements.For(each.kind, value, reading.treatments[each.kind.index()]);
      v1::Edit& edit = *response_.add_edits();
      edit.set_part(static_cast<uint32_t>(index));
      edit.set_offset(static_cast<uint32_t>(each.offset));
      edit.set_length(static_cast<uint32_t>(each.length));
      edit.set_replacement(std::move(replacement.text));
      edit.set_restore(replacement.restore);
    }
  }

  v1::Verdict Verdict() const {
    if (blocked_) return v1::VERDICT_BLOCK;
    return response_.edits().empty() ? v1::VERDICT_ALLOW : v1::VERDICT_EDIT;
  }

  const v1::InspectRequest& request_;
  const bool is_request_;
  PolicyUnion& policies_;
  const crypto::Hmac& key_;
  v1::InspectResponse& response_;
  PlaceholderNumbers numbers_;
  FindingList found_{*response_.mutable_findings()};
  bool blocked_ = false;
};

}  // namespace

absl::StatusOr<Inspected> InspectParts(const v1::InspectRequest& request, PolicyUnion& policies,
                                       const crypto::Hmac& key) {
  if (request.direction() != v1::DIRECTION_REQUEST &&
      request.direction() != v1::DIRECTION_RESPONSE) {
    return status::InvalidArgument("direction is {}, want that of a request or of a response",
                                   static_cast<int>(request.direction()));
  }
  Inspected inspected;
  Inspection inspection(request, policies, key, inspected.response);
  WEIR_RETURN_IF_ERROR(inspection.Run());
  inspected.tally = inspection.tally();
  return inspected;
}

}  // namespace weir::guardrails
