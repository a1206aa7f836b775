#include "services/cache/word_splitter.h"

#include <array>
#include <string>

#include "common/text/ascii.h"
#include "common/text/utf8.h"
#include "services/cache/unicode.h"

namespace weir::cache {
namespace {

constexpr char32_t kReplacement = 0xFFFD;

enum class Kind : uint8_t { kWord, kPunctuation, kControl, kBreak, kBeyondAscii };

constexpr Kind KindOf(unsigned char c) {
  if (c >= 0x80) return Kind::kBeyondAscii;
  if (c == ' ' || c == '\t' || c == '\n' || c == '\r') return Kind::kBreak;
  if (c < ' ' || c == 0x7F) return Kind::kControl;
  return text::IsAlnum(static_cast<char>(c)) ? Kind::kWord : Kind::kPunctuation;
}

constexpr std::array<Kind, 256> MakeKinds() {
  std::array<Kind, 256> kinds{};
  for (size_t i = 0; i < kinds.size(); ++i) kinds[i] = KindOf(static_cast<unsigned char>(i));
  return kinds;
}
constexpr std::array<Kind, 256> kKinds = MakeKinds();

Kind KindAt(char c) { return kKinds[static_cast<unsigned char>(c)]; }

// One text on its way to the sink.
class Run {
 public:
  Run(const NormalizerOptions& options, WordSplitter::Sink sink) : options_(options), sink_(sink) {}

  // ASCII white space ends a word under any options, so what lies between is a text of its own:
  // most parts need no tables, and a long text is not read to its end when the sink has enough.
  void Split(std::string_view text) {
    size_t at = 0;
    while (at < text.size()) {
      bool plain = true;
      size_t end = at;
      for (; end < text.size() && KindAt(text[end]) != Kind::kBreak; ++end) {
        plain &= IsPlain(KindAt(text[end]));
      }
      const std::string_view part = text.substr(at, end - at);
      if (!(plain ? Plain(part) : Beyond(part))) return;
      at = end + 1;
    }
  }

 private:
  // Without clean_text control characters are parts of words, or white space: for the long way.
  bool IsPlain(Kind kind) const {
    return kind != Kind::kBeyondAscii && (kind != Kind::kControl || options_.clean_text);
  }

  bool Plain(std::string_view part) {
    for (const char& c : part) {
      if (KindAt(c) == Kind::kWord) {
        word_.push_back(options_.lowercase ? text::ToLower(c) : c);
      } else if (KindAt(c) == Kind::kPunctuation) {
        if (!EndWord() || !sink_({&c, 1})) return false;
      }
    }
    return EndWord();
  }

  bool Beyond(std::string_view part) {
    Decode(part);
    if (options_.strip_accents) {
      runes_ = Decomposed(runes_);
      std::erase_if(runes_, IsNonspacingMark);
    }
    if (options_.lowercase) Lower();
    for (const char32_t c : runes_) {
      if (!Take(c)) return false;
    }
    return EndWord();
  }

  void Decode(std::string_view part) {
    runes_.clear();
    while (!part.empty()) {
      const text::Rune rune = text::DecodeRune(part);
      const bool valid = rune.kind == text::Rune::Kind::kValid;
      AddClean(valid ? rune.code_point : kReplacement);
      part.remove_prefix(valid ? rune.size : 1);
    }
  }

  void AddClean(char32_t c) {
    if (options_.clean_text && (c == kReplacement || IsControl(c))) return;
    const bool padded = options_.handle_chinese_chars && IsCjkIdeograph(c);
    if (padded) runes_.push_back(' ');
    runes_.push_back(c);
    if (padded) runes_.push_back(' ');
  }

  void Lower() {
    lowered_.clear();
    for (const char32_t c : runes_) AppendLowered(c, lowered_);
    runes_.swap(lowered_);
  }

  bool Take(char32_t c) {
    if (IsWhitespace(c)) return EndWord();
    if (!IsPunctuation(c)) {
      AppendUtf8(c, word_);
      return true;
    }
    if (!EndWord()) return false;
    AppendUtf8(c, word_);
    return EndWord();
  }

  bool EndWord() {
    if (word_.empty()) return true;
    const bool more = sink_(word_);
    word_.clear();
    return more;
  }

  const NormalizerOptions& options_;
  const WordSplitter::Sink sink_;
  std::string word_;
  std::u32string runes_;
  std::u32string lowered_;
};

}  // namespace

void WordSplitter::Split(std::string_view text, Sink sink) const {
  Run(options_, sink).Split(text);
}

}  // namespace weir::cache
