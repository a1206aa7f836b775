#include "services/guardrails/masking.h"

#include "services/guardrails/stream_scanner.h"

namespace weir::guardrails {
namespace {

// Which entities anything is done about: the others are not looked for.
EntitySet LookedFor(const Treatments& treatments) {
  EntitySet entities;
  for (Entity each : kAllEntities) {
    if (treatments[static_cast<size_t>(each)].action != Action::kAllow) entities.Add(each);
  }
  return entities;
}

// The values of a text with their places.
class Values final : public Parts {
 public:
  struct Span {
    Entity entity;
    size_t offset, length;
  };
  void Text(std::string_view text) override { at_ += text.size(); }
  void Value(Entity entity, std::string_view head) override {
    all_.push_back({entity, at_, head.size()});
    at_ += head.size();
  }
  void Tail(std::string_view more) override {
    all_.back().length += more.size();
    at_ += more.size();
  }
  const std::vector<Span>& all() const { return all_; }

 private:
  std::vector<Span> all_;
  size_t at_ = 0;
};

}  // namespace

Judged JudgeText(std::string_view text, const Treatments& treatments, Replacements& replacements) {
  Judged judged;
  const EntitySet entities = LookedFor(treatments);
  if (entities.empty()) return judged;
  Values values;
  StreamScanner(entities).Feed(text, true, values);
  for (const auto& each : values.all()) {
    const Treatment treatment = treatments[static_cast<size_t>(each.entity)];
    judged.found.push_back({each.entity, treatment.action, treatment.shadow});
    if (treatment.shadow) continue;
    judged.blocked = judged.blocked || treatment.action == Action::kBlock;
    if (!Replaces(treatment.action)) continue;
    const std::string_view value = text.substr(each.offset, each.length);
    judged.edits.push_back(
        {each.offset, each.length, replacements.For(each.entity, value, treatment.action)});
  }
  return judged;
}

std::string Apply(std::string_view text, const std::vector<TextEdit>& edits) {
  std::string edited;
  size_t at = 0;
  for (const TextEdit& each : edits) {
    edited.append(text.substr(at, each.offset - at)).append(each.replacement.text);
    at = each.offset + each.length;
  }
  return edited.append(text.substr(at));
}

}  // namespace weir::guardrails
