#include "services/guardrails/value_spans.h"

#include <utility>

#include "services/guardrails/stream_scanner.h"

namespace weir::guardrails {
namespace {

class Values final : public Parts {
 public:
  void Text(std::string_view text) override { at_ += text.size(); }
  void Value(Kind kind, std::string_view head) override {
    all_.push_back({.kind = kind, .offset = at_, .length = head.size(), .head = head.size()});
    at_ += head.size();
  }
  void Tail(std::string_view more) override {
    all_.back().length += more.size();
    at_ += more.size();
  }
  std::vector<ValueSpan> Take() { return std::move(all_); }

 private:
  std::vector<ValueSpan> all_;
  size_t at_ = 0;
};

}  // namespace

std::vector<ValueSpan> SpansOf(std::string_view text, const Vocabulary& vocabulary) {
  if (vocabulary.empty()) return {};
  Values values;
  StreamScanner(vocabulary).Feed(text, true, values);
  return values.Take();
}

}  // namespace weir::guardrails
