#include "edge/dialects/texts/text_edits.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "common/text/parse.h"

namespace weir::edge::texts {
namespace {

using guardrails::v1::Edit;

// Whether a character begins at `at`, or the text ends.
bool IsBoundary(std::string_view text, size_t at) {
  return at >= text.size() || (static_cast<uint8_t>(text[at]) & 0xC0) != 0x80;
}

// Nothing where `replacement` is not one placeholder.
std::optional<std::string> AsPlaceholder(std::string_view replacement) {
  text::PlaceholderRead read = text::ReadPlaceholder(replacement, true);
  const bool is_one = read.kind == text::PlaceholderRead::Kind::kFound &&
                      read.length == replacement.size() && read.canonical == replacement;
  if (!is_one) return std::nullopt;
  return std::move(read.canonical);
}

// Applies the edits of one part after the other.
class Editing {
 public:
  Editing(const JsonTexts& texts, const std::vector<size_t>& parts)
      : texts_(texts), parts_(parts) {}

  absl::Status Take(const Edit& edit) {
    WEIR_RETURN_IF_ERROR(Check(edit));
    if (part_ != edit.part()) Finish();
    part_ = edit.part();
    const std::string& text = texts_.texts[parts_[edit.part()]].text;
    changed_.append(text, at_, edit.offset() - at_).append(edit.replacement());
    at_ = size_t{edit.offset()} + edit.length();
    if (!edit.restore()) return absl::OkStatus();
    std::optional<std::string> placeholder = AsPlaceholder(edit.replacement());
    if (!placeholder) return status::Internal("an edit puts back what is no placeholder");
    values_.Add(*std::move(placeholder), text.substr(edit.offset(), edit.length()));
    return absl::OkStatus();
  }

  void Finish() {
    if (!part_) return;
    const size_t index = parts_[*part_];
    changed_.append(texts_.texts[index].text, at_, std::string::npos);
    changes_.push_back({index, std::move(changed_)});
    changed_.clear();
    at_ = 0;
    part_.reset();
  }

  std::vector<TextChange> changes_;
  text::PlaceholderMap values_;

 private:
  absl::Status Check(const Edit& edit) const {
    if (edit.part() >= parts_.size() || (part_ && edit.part() < *part_)) {
      return status::Internal("an edit of part {}, want one of {} in order", edit.part(),
                              parts_.size());
    }
    const std::string& text = texts_.texts[parts_[edit.part()]].text;
    const size_t begin = edit.offset();
    const size_t end = begin + edit.length();
    const size_t from = part_ == edit.part() ? at_ : 0;
    if (begin < from || end > text.size() || !IsBoundary(text, begin) || !IsBoundary(text, end)) {
      return status::Internal(
          "an edit of bytes {} to {} of part {}, want whole characters of {} to {}", begin, end,
          edit.part(), from, text.size());
    }
    return absl::OkStatus();
  }

  const JsonTexts& texts_;
  const std::vector<size_t>& parts_;
  std::optional<uint32_t> part_;
  std::string changed_;
  size_t at_ = 0;
};

}  // namespace

absl::StatusOr<EditedBody> ApplyEdits(std::string_view body, const JsonTexts& texts,
                                      const std::vector<size_t>& parts, const Edits& edits,
                                      bool drops_logprobs) {
  Editing editing(texts, parts);
  for (const Edit& each : edits) WEIR_RETURN_IF_ERROR(editing.Take(each));
  editing.Finish();
  return EditedBody{Splice(body, texts, editing.changes_, drops_logprobs),
                    std::move(editing.values_)};
}

absl::StatusOr<std::vector<TextChange>> ChangedTexts(const JsonTexts& texts,
                                                     const std::vector<size_t>& parts,
                                                     const Edits& edits) {
  Editing editing(texts, parts);
  for (const Edit& each : edits) WEIR_RETURN_IF_ERROR(editing.Take(each));
  editing.Finish();
  return std::move(editing.changes_);
}

std::map<std::string, uint32_t> NumbersTaken(const Edits& edits) {
  std::map<std::string, uint32_t> taken;
  for (const Edit& each : edits) {
    const std::optional<std::string> placeholder = AsPlaceholder(each.replacement());
    if (!placeholder) continue;
    // "[[EMAIL-1]]".
    const size_t dash = placeholder->find('-');
    const auto number =
        text::ParseUint64(placeholder->substr(dash + 1, placeholder->size() - dash - 3));
    uint32_t& most = taken[placeholder->substr(2, dash - 2)];
    most = std::max(most, static_cast<uint32_t>(number.value_or(0)));
  }
  return taken;
}

std::string Restored(std::string_view body, const JsonTexts& texts,
                     const text::PlaceholderMap& values) {
  std::vector<TextChange> changes;
  for (size_t i = 0; i < texts.texts.size(); ++i) {
    std::string restored = text::Restorer(values).Feed(texts.texts[i].text, true);
    if (restored != texts.texts[i].text) changes.push_back({i, std::move(restored)});
  }
  return Splice(body, texts, changes, false);
}

}  // namespace weir::edge::texts
