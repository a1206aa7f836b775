#include "services/guardrails/normalised_text.h"

#include <algorithm>

#include "common/text/ascii.h"
#include "common/text/utf8.h"
#include "services/guardrails/characters.h"

namespace weir::guardrails {

bool IsAscii(std::string_view text) {
  unsigned char all = 0;
  for (const char each : text) all |= static_cast<unsigned char>(each);
  return all < 0x80;
}

// One pass over a text.
class NormalisedText::Reading {
 public:
  Reading(NormalisedText& result, char last) : result_(result), last_(last) {}

  void Run() {
    const std::string_view raw = result_.raw_;
    for (size_t at = 0; at < raw.size();) {
      if (static_cast<unsigned char>(raw[at]) < 0x80) {
        at = TakeAscii(at);
        continue;
      }
      const text::Rune rune = text::DecodeRune(raw.substr(at));
      if (rune.kind == text::Rune::Kind::kValid) {
        TakeCharacter(at, rune);
      } else {
        Verbatim(at, rune.size);
      }
      at += rune.size;
    }
  }

 private:
  size_t TakeAscii(size_t at) {
    const std::string_view raw = result_.raw_;
    size_t end = at;
    while (end < raw.size() && static_cast<unsigned char>(raw[end]) < 0x80) ++end;
    Verbatim(at, end - at);
    return end;
  }

  void TakeCharacter(size_t at, const text::Rune& rune) {
    if (IsInvisible(rune.code_point) || (IsMark(rune.code_point) && IsAlnumByte(last_))) {
      LeaveOut(at, rune.size);
      return;
    }
    char looks = ReadAsAscii(rune.code_point);
    if (looks == 0 && IsOfLatinWord(last_)) looks = LatinLookAlike(rune.code_point);
    if (looks != 0) {
      Instead(at, looks);
    } else {
      Verbatim(at, rune.size);
    }
  }

  static bool IsAlnumByte(char c) { return text::IsAlnum(c); }
  static bool IsOfLatinWord(char c) {
    return text::IsAlnum(c) || c == '@' || c == '.' || c == '-' || c == '_';
  }

  void LeaveOut(size_t at, size_t size) {
    Begin();
    left_out_ += size;
    if (left_out_ > kMostLeftOut) {
      Instead(at, kBreak);
    } else {
      Add(at, false);
    }
  }

  void Instead(size_t at, char byte) {
    Begin();
    Add(at, false);
    result_.read_ += byte;
    last_ = byte;
    left_out_ = 0;
  }

  void Verbatim(size_t at, size_t size) {
    const std::string_view bytes = result_.raw_.substr(at, size);
    if (!result_.runs_.empty()) {
      if (!result_.runs_.back().is_verbatim) Add(at, true);
      result_.read_ += bytes;
    } else {
      so_far_ = at + size;
    }
    last_ = bytes.back();
    left_out_ = 0;
  }

  // Something is read otherwise: from here on there is a copy.
  void Begin() {
    if (!result_.runs_.empty()) return;
    result_.read_.reserve(result_.raw_.size());
    result_.read_ = result_.raw_.substr(0, so_far_);
    result_.runs_.push_back({});
  }

  void Add(size_t raw, bool is_verbatim) {
    result_.runs_.push_back(
        {static_cast<uint32_t>(result_.read_.size()), static_cast<uint32_t>(raw), is_verbatim});
  }

  NormalisedText& result_;
  char last_;
  size_t left_out_ = 0;
  size_t so_far_ = 0;  // Without runs: what is verbatim.
};

NormalisedText::NormalisedText(std::string_view text, char last) : raw_(text) {
  if (!IsAscii(text)) Reading(*this, last).Run();
}

const NormalisedText::Run& NormalisedText::RunOf(size_t at) const {
  const auto next = std::ranges::upper_bound(runs_, at, {}, &Run::read);
  return *(next - 1);
}

size_t NormalisedText::RawBegin(size_t at) const {
  if (runs_.empty()) return at;
  if (at >= read_.size()) return raw_.size();
  const Run& run = RunOf(at);
  return run.is_verbatim ? run.raw + (at - run.read) : run.raw;
}

size_t NormalisedText::RawEnd(size_t at) const {
  if (runs_.empty() || at == 0) return at;
  const Run& run = RunOf(at - 1);
  if (run.is_verbatim) return run.raw + (at - run.read);
  const size_t next = static_cast<size_t>(&run - runs_.data()) + 1;
  return next < runs_.size() ? runs_[next].raw : raw_.size();
}

size_t NormalisedText::ReadEnd(size_t at, size_t bytes) const {
  const size_t end = RawBegin(at) + bytes;
  if (end >= raw_.size()) return text().size();
  if (runs_.empty()) return end;
  // The last one that begins within them; the next one tells where it ends.
  const auto next = std::ranges::upper_bound(runs_, end, {}, &Run::raw);
  const Run& run = *(next - 1);
  const size_t most = next == runs_.end() ? read_.size() : next->read;
  return run.is_verbatim ? std::min(most, run.read + (end - run.raw)) : run.read;
}

}  // namespace weir::guardrails
