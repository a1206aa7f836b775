#include "services/cache/finder.h"

#include <utility>

namespace weir::cache {

Considered Finder::Look(const Partition& partition, const Policy& policy, const Judge::Asked& asked,
                        NearAnswer near) const {
  Considered considered{
      .answer = std::move(near.answer), .cosine = near.cosine, .was_judged = true};
  considered.verdict = judge_.Compare(
      asked, {.text = considered.answer->text, .sketch = *considered.answer->sketch}, near.cosine);
  if (near.cosine < static_cast<float>(policy.threshold)) {
    considered.reason = "below_cut";
  } else if (!considered.verdict.veto.empty()) {
    considered.reason = considered.verdict.veto;
  } else if (considered.verdict.gate_refuses && partition.gate().Decides()) {
    considered.reason = "gate";
  }
  return considered;
}

std::vector<Considered> Finder::Consider(const Partition& partition, const Policy& policy,
                                         std::string_view text, std::span<const float> vector,
                                         const Reading& reading, float margin, Until until) const {
  std::vector<Considered> considered;
  std::shared_ptr<const Judge::Asked> asked;
  const float least = static_cast<float>(policy.threshold) - margin;
  const FlatIndex::Query query(vector);
  const auto look = [&](NearAnswer near) {
    if (asked == nullptr) asked = judge_.Read(text);
    considered.push_back(Look(partition, policy, *asked, std::move(near)));
  };
  for (NearAnswer& each : partition.Nearest(query, reading, least)) {
    if (each.cosine < least) {
      considered.push_back(
          {.answer = std::move(each.answer), .cosine = each.cosine, .reason = "below_cut"});
      break;
    }
    look(std::move(each));
    if (considered.back().reason.empty() && until == Until::kFirst) return considered;
  }
  if (!reading.promotes) return considered;
  std::optional<NearAnswer> hidden = partition.NearestUnpromoted(query, reading, least);
  if (!hidden || hidden->cosine < least) return considered;
  look(*std::move(hidden));
  if (considered.back().reason.empty()) considered.back().reason = "not_promoted";
  return considered;
}

const Considered* Serving(const std::vector<Considered>& considered) {
  for (const Considered& each : considered) {
    if (each.reason.empty()) return &each;
  }
  return nullptr;
}

std::string WhyNot(const std::vector<Considered>& considered) {
  const Considered* nearest = nullptr;
  for (const Considered& each : considered) {
    if (nearest == nullptr || each.cosine > nearest->cosine) nearest = &each;
  }
  return nearest == nullptr ? "empty" : nearest->reason;
}

}  // namespace weir::cache
