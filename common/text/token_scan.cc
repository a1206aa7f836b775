#include "common/text/token_scan.h"

#include <algorithm>
#include <cstring>

#include "common/text/ascii.h"
#include "common/text/utf8.h"

namespace weir::text {
namespace {

constexpr int kTwentiethsPerToken = 20;
constexpr int kCjk = 17;
constexpr int kOtherLetter = 9;

enum Class : uint8_t { kSpace, kLetter, kDigit, kMark, kClasses };

// The states are the possible runs, as an automaton whose odd states are worth a token each when
// entered. So the loop below is one dependent load a byte, without a branch on what the text is.
constexpr int kMaxStates = 64;
constexpr uint8_t kNoRun = 0;

struct Automaton {
  std::array<std::array<uint8_t, kMaxStates>, kClasses> next{};
};

// A run of one class: the states for its 1st, 2nd, ... character, the last followed by number
// `back_to`.
struct Chain {
  Class of;
  std::string_view worth;  // '1' where that character is worth a token.
  size_t back_to;
};
constexpr std::array<Chain, 3> kChains = {{
    {kLetter, "100000000001", 8},  // The 1st and the 12th; then every 4th.
    {kDigit, "100", 0},            // The 1st, the 4th, the 7th.
    {kMark, "10101010100", 0},     // Five tokens for eleven: ceil(n / 2.2).
}};

constexpr Automaton BuildAutomaton() {
  Automaton automaton;
  std::array<std::array<uint8_t, 16>, kClasses> ids{};
  uint8_t even = 2;  // 0 is kNoRun.
  uint8_t odd = 1;
  for (const Chain& chain : kChains) {
    for (size_t i = 0; i < chain.worth.size(); ++i) {
      uint8_t& id = chain.worth[i] == '1' ? odd : even;
      ids[chain.of][i] = id;
      id = static_cast<uint8_t>(id + 2);
    }
  }
  for (const Chain& chain : kChains) {
    for (uint8_t& each : automaton.next[chain.of]) each = ids[chain.of][0];
    for (size_t i = 0; i < chain.worth.size(); ++i) {
      const size_t after = i + 1 < chain.worth.size() ? i + 1 : chain.back_to;
      automaton.next[chain.of][ids[chain.of][i]] = ids[chain.of][after];
    }
  }
  return automaton;
}
constexpr Automaton kAutomaton = BuildAutomaton();

constexpr std::array<Class, 128> BuildClasses() {
  std::array<Class, 128> classes{};
  for (int c = 0; c < 128; ++c) {
    const char each = static_cast<char>(c);
    classes[static_cast<size_t>(c)] = IsSpace(each)                    ? kSpace
                                      : IsDigit(each)                  ? kDigit
                                      : IsLower(each) || IsUpper(each) ? kLetter
                                                                       : kMark;
  }
  return classes;
}
constexpr std::array<Class, 128> kClassOf = BuildClasses();

bool IsWideSpace(char32_t c) { return c == 0xA0 || (c >= 0x2000 && c <= 0x200B) || c == 0x3000; }

// Latin-1 signs, general punctuation, arrows, mathematics, box drawing, dingbats, private use.
bool IsWideMark(char32_t c) {
  return (c > 0xA0 && c < 0xC0 && c != 0xAA && c != 0xB5 && c != 0xBA) || c == 0xD7 || c == 0xF7 ||
         (c >= 0x2010 && c <= 0x2BFF) || (c >= 0xE000 && c <= 0xF8FF);
}

// From the radicals through Hangul, compatibility and full-width forms; the planes above the first
// with their emoji.
bool IsCjk(char32_t c) {
  return (c >= 0x1100 && c <= 0x11FF) || (c >= 0x2E80 && c <= 0xA4CF) ||
         (c >= 0xAC00 && c <= 0xD7FF) || (c >= 0xF900 && c <= 0xFAFF) ||
         (c >= 0xFE30 && c <= 0xFE4F) || (c >= 0xFF00 && c <= 0xFFEF) || c >= 0x1F000;
}

}  // namespace

void TokenScan::Feed(std::string_view piece) {
  if (partial_size_ != 0) piece = FinishCharacter(piece);
  uint8_t state = state_;
  int64_t tokens = 0;
  for (size_t i = 0; i < piece.size();) {
    const uint8_t byte = static_cast<uint8_t>(piece[i]);
    if (byte < 0x80) {
      state = kAutomaton.next[kClassOf[byte]][state];
      tokens += state & 1;
      ++i;
      continue;
    }
    state_ = state;
    i += FeedCharacter(piece.substr(i));
    state = state_;
  }
  state_ = state;
  twentieths_ += tokens * kTwentiethsPerToken;
}

int64_t TokenScan::tokens() const {
  TokenScan whole = *this;
  whole.FeedMarks(partial_size_);
  return (whole.twentieths_ + kTwentiethsPerToken - 1) / kTwentiethsPerToken;
}

// Takes from `piece` what the split character lacks; returns the rest.
std::string_view TokenScan::FinishCharacter(std::string_view piece) {
  while (partial_size_ != 0 && !piece.empty()) {
    partial_[partial_size_++] = piece.front();
    const std::string_view character(partial_.data(), partial_size_);
    const Rune rune = DecodeRune(character);
    if (rune.kind == Rune::Kind::kTruncated) {
      piece.remove_prefix(1);
      continue;
    }
    if (rune.kind == Rune::Kind::kValid) {
      piece.remove_prefix(1);
      partial_size_ = 0;
      FeedCharacter(character);
      continue;
    }
    // Never was a character: its bytes are marks, and the new byte starts afresh.
    const int invalid = partial_size_ - 1;
    partial_size_ = 0;
    FeedMarks(invalid);
  }
  return piece;
}

// Counts the character that `rest` starts with, which is not ASCII; returns its bytes.
size_t TokenScan::FeedCharacter(std::string_view rest) {
  const Rune rune = DecodeRune(rest);
  if (rune.kind == Rune::Kind::kTruncated) {
    std::memcpy(partial_.data(), rest.data(), rest.size());
    partial_size_ = rune.size;
  } else if (rune.kind == Rune::Kind::kInvalid || IsWideMark(rune.code_point)) {
    FeedMarks(1);
  } else {
    state_ = kNoRun;
    if (!IsWideSpace(rune.code_point)) {
      twentieths_ += IsCjk(rune.code_point) ? kCjk : kOtherLetter;
    }
  }
  return rune.size;
}

void TokenScan::FeedMarks(int count) {
  for (int i = 0; i < count; ++i) {
    state_ = kAutomaton.next[kMark][state_];
    twentieths_ += (state_ & 1) * kTwentiethsPerToken;
  }
}

int64_t EstimateTokens(std::string_view utf8) {
  TokenScan scan;
  scan.Feed(utf8);
  return scan.tokens();
}

}  // namespace weir::text
