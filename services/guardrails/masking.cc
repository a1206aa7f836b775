#include "services/guardrails/masking.h"

#include "services/guardrails/stream_scanner.h"

namespace weir::guardrails {
namespace {

// The values of a text with their places.
class Values final : public Parts {
 public:
  struct Span {
    Kind kind;
    size_t offset, length;
  };
  void Text(std::string_view text) override { at_ += text.size(); }
  void Value(Kind kind, std::string_view head) override {
    all_.push_back({kind, at_, head.size()});
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

Judged JudgeText(std::string_view text, const Vocabulary& vocabulary, const Treatments& treatments,
                 Replacements& replacements) {
  Judged judged;
  Values values;
  StreamScanner(vocabulary).Feed(text, true, values);
  for (const auto& each : values.all()) {
    const Treatment treatment = treatments[each.kind.index()];
    if (treatment.action == Action::kAllow) continue;
    judged.found.push_back({each.kind, treatment.action, treatment.shadow});
    if (treatment.shadow) continue;
    judged.blocked = judged.blocked || treatment.action == Action::kBlock;
    if (!Replaces(treatment.action)) continue;
    const std::string_view value = text.substr(each.offset, each.length);
    judged.edits.push_back(
        {each.offset, each.length, replacements.For(each.kind, value, treatment.action)});
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
