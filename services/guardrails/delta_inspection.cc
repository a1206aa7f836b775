#include "services/guardrails/delta_inspection.h"

#include <algorithm>
#include <string>

#include "common/text/placeholder.h"
#include "common/text/utf8.h"
#include "services/guardrails/delta_texts.h"
#include "services/guardrails/finding_list.h"
#include "services/guardrails/replacements.h"
#include "services/guardrails/stream_scanner.h"

namespace weir::guardrails {
namespace {

using Reading = PartRules::Reading;

// One reading of the stream. Where nothing is looked for and nothing was held back, it is not made.
class Stage {
 public:
  explicit Stage(const Reading& reading) : reading_(reading), scanner_(reading.vocabulary) {}

  absl::Status Continue(const std::string& saved) {
    is_idle_ = reading_.vocabulary.empty() && saved.empty();
    return saved.empty() ? absl::OkStatus() : scanner_.Load(saved);
  }
  void Feed(std::string_view piece, bool is_last, Parts& parts) {
    if (!is_idle_) {
      scanner_.Feed(piece, is_last, parts);
    } else if (!piece.empty()) {
      parts.Text(piece);
    }
  }
  std::string Save() const { return is_idle_ ? "" : scanner_.Save(); }
  const Reading& reading() const { return reading_; }

 private:
  const Reading& reading_;
  StreamScanner scanner_;
  bool is_idle_ = true;
};

// The last stage: what goes to the client.
class Replacing final : public Parts {
 public:
  Replacing(const Reading& reading, FindingList& found, PlaceholderNumbers& numbers,
            const crypto::Hmac& key)
      : reading_(reading),
        found_(found),
        replacements_(reading.vocabulary, numbers, &key, Replacements::Numbering::kByDigest) {}

  void Text(std::string_view text) override { released_.append(text); }
  void Value(Kind kind, std::string_view head) override {
    found_.Add(reading_, kind, {});
    released_.append(replacements_.For(kind, head, reading_.treatments[kind.index()]).text);
    edited_ = true;
  }
  void Tail(std::string_view) override {}

  std::string Take() { return std::move(released_); }
  bool edited() const { return edited_; }

 private:
  const Reading& reading_;
  FindingList& found_;
  Replacements replacements_;
  std::string released_;
  bool edited_ = false;
};

// The first: passes on what blocks nothing.
class Blocking final : public Parts {
 public:
  Blocking(const Reading& reading, FindingList& found, Stage& next, Parts& out)
      : reading_(reading), found_(found), next_(next), out_(out) {}

  void Text(std::string_view text) override {
    if (!blocked_) next_.Feed(text, false, out_);
  }
  void Value(Kind kind, std::string_view) override {
    found_.Add(reading_, kind, {});
    blocked_ = true;
  }
  void Tail(std::string_view) override {}
  bool blocked() const { return blocked_; }

 private:
  const Reading& reading_;
  FindingList& found_;
  Stage& next_;
  Parts& out_;
  bool blocked_ = false;
};

class Watching final : public Parts {
 public:
  Watching(const Reading& reading, FindingList& found) : reading_(reading), found_(found) {}
  void Text(std::string_view) override {}
  void Value(Kind kind, std::string_view) override { found_.Add(reading_, kind, {}); }
  void Tail(std::string_view) override {}

 private:
  const Reading& reading_;
  FindingList& found_;
};

// Bytes at the end that begin a character and do not end it.
size_t UnfinishedBytes(std::string_view text) {
  for (size_t back = 1; back <= std::min<size_t>(3, text.size()); ++back) {
    const auto byte = static_cast<unsigned char>(text[text.size() - back]);
    if ((byte & 0xc0) == 0x80) continue;
    const text::Rune rune = text::DecodeRune(text.substr(text.size() - back));
    return rune.kind == text::Rune::Kind::kTruncated ? back : 0;
  }
  return 0;
}

void BeginAbove(const v1::InspectDeltaRequest& request, PlaceholderNumbers& numbers) {
  for (const auto& [type, number] : request.numbers_taken()) {
    const auto most = static_cast<uint32_t>(text::kMostPlaceholders);
    numbers.BeginAbove(type, static_cast<int>(std::min(number, most)));
  }
}

}  // namespace

absl::StatusOr<DeltaInspected> InspectPiece(const v1::InspectDeltaRequest& request,
                                            const PartRules& rules, DeltaState state,
                                            const crypto::Hmac& key) {
  Stage first(rules.blocking()), second(rules.replacing()), beside(rules.watching());
  WEIR_RETURN_IF_ERROR(first.Continue(state.blocking));
  WEIR_RETURN_IF_ERROR(second.Continue(state.replacing));
  WEIR_RETURN_IF_ERROR(beside.Continue(state.watching));
  PlaceholderNumbers numbers(DeltaState::kNumbersRoom);
  numbers.Continue(std::move(state.numbers));
  BeginAbove(request, numbers);

  DeltaInspected inspected;
  FindingList found(*inspected.response.mutable_findings());
  Replacing replacing(rules.replacing(), found, numbers, key);
  Blocking blocking(rules.blocking(), found, second, replacing);
  Watching watching(rules.watching(), found);
  DeltaTexts texts(rules, ProvenanceOf(request.role()), found, state);
  first.Feed(texts.Feed(request.delta(), request.last()), request.last(), blocking);
  const bool blocked = texts.blocked() || blocking.blocked();
  if (request.last() && !blocked) second.Feed("", true, replacing);
  beside.Feed(request.delta(), request.last(), watching);
  inspected.tally = found.tally();
  if (blocked) {
    inspected.response.set_verdict(v1::VERDICT_BLOCK);
    return inspected;
  }
  std::string released = state.carry.append(replacing.Take());
  const size_t held = request.last() ? 0 : UnfinishedBytes(released);
  inspected.state = {.blocking = first.Save(),
                     .replacing = second.Save(),
                     .watching = beside.Save(),
                     .carry = released.substr(released.size() - held),
                     .numbers = numbers.types(),
                     .tail = std::move(state.tail),
                     .held = state.held,
                     .unread = state.unread,
                     .injection_told = state.injection_told};
  released.resize(released.size() - held);
  inspected.response.set_release(std::move(released));
  inspected.response.set_verdict(replacing.edited() ? v1::VERDICT_EDIT : v1::VERDICT_ALLOW);
  return inspected;
}

}  // namespace weir::guardrails
