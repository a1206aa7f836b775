#include "edge/dialects/texts/json_lexer.h"

#include <algorithm>
#include <bit>
#include <cstring>

#include "common/text/ascii.h"

namespace weir::edge::texts {
namespace {

constexpr uint64_t Repeat(uint8_t byte) { return 0x0101010101010101ULL * byte; }

// The first quote, backslash or control character at or behind `at`.
size_t SkipPlain(std::string_view text, size_t at) {
  if constexpr (std::endian::native == std::endian::little) {
    for (; at + 8 <= text.size(); at += 8) {
      uint64_t word;
      std::memcpy(&word, text.data() + at, 8);
      const auto zero_bytes = [](uint64_t x) { return (x - Repeat(1)) & ~x; };
      const uint64_t special = (((word - Repeat(0x20)) & ~word) | zero_bytes(word ^ Repeat('"')) |
                                zero_bytes(word ^ Repeat('\\'))) &
                               Repeat(0x80);
      // The lowest bit is exact.
      if (special != 0) return at + static_cast<size_t>(std::countr_zero(special)) / 8;
    }
  }
  while (at < text.size() && static_cast<uint8_t>(text[at]) >= 0x20 && text[at] != '"' &&
         text[at] != '\\') {
    ++at;
  }
  return at;
}

bool IsBlank(char c) { return c == ' ' || c == '\n' || c == '\r' || c == '\t'; }

enum class Escape : uint8_t { kWhole, kOpen, kWrong };
struct EscapeRead {
  Escape kind = Escape::kWrong;
  size_t length = 0;
  uint32_t unit = 0;
};

// One "\uXXXX" or "\n" at the beginning of `at`.
EscapeRead ReadOneEscape(std::string_view at) {
  if (at.size() < 2) return {Escape::kOpen};
  if (at[1] != 'u') {
    const bool known = std::string_view("\"\\/bfnrt").find(at[1]) != std::string_view::npos;
    return {known ? Escape::kWhole : Escape::kWrong, 2};
  }
  EscapeRead read{Escape::kWhole, 6};
  for (size_t i = 2; i < 6; ++i) {
    if (i == at.size()) return {Escape::kOpen};
    const char lower = text::ToLower(at[i]);
    const bool letter = lower >= 'a' && lower <= 'f';
    if (!text::IsDigit(lower) && !letter) return {Escape::kWrong};
    read.unit = read.unit * 16 + static_cast<uint32_t>(letter ? lower - 'a' + 10 : lower - '0');
  }
  return read;
}

// The same, where both halves of a surrogate pair are one.
EscapeRead ReadEscape(std::string_view at) {
  EscapeRead first = ReadOneEscape(at);
  if (first.kind != Escape::kWhole || first.unit < 0xD800 || first.unit >= 0xDC00) return first;
  const std::string_view rest = at.substr(first.length);
  if (rest.empty()) return {Escape::kOpen};
  if (rest[0] != '\\') return first;
  const EscapeRead second = ReadOneEscape(rest);
  if (second.kind == Escape::kOpen) return second;
  const bool is_low =
      second.kind == Escape::kWhole && second.unit >= 0xDC00 && second.unit < 0xE000;
  if (is_low) first.length += second.length;
  return first;
}

// Which part of a number the last byte was.
constexpr char kMinus = '-';
constexpr char kZero = '0';
constexpr char kInteger = '1';
constexpr char kPoint = '.';
constexpr char kFraction = '5';
constexpr char kExponent = 'e';
constexpr char kSign = '+';
constexpr char kPower = '9';

// The part that `c` is behind `part`; 0: none.
char NumberPart(char part, char c) {
  const bool digit = text::IsDigit(c);
  const bool exponent = c == 'e' || c == 'E';
  switch (part) {
    case kMinus:
      return !digit ? '\0' : c == '0' ? kZero : kInteger;
    case kZero:
    case kInteger:
      if (digit) return part == kInteger ? kInteger : '\0';
      return c == '.' ? kPoint : exponent ? kExponent : '\0';
    case kPoint:
      return digit ? kFraction : '\0';
    case kFraction:
      return digit ? kFraction : exponent ? kExponent : '\0';
    case kExponent:
      return digit ? kPower : c == '+' || c == '-' ? kSign : '\0';
    default:  // kSign, kPower.
      return digit ? kPower : '\0';
  }
}

bool IsNumber(std::string_view text) {
  char part = text[0] == '-' ? kMinus : text[0] == '0' ? kZero : kInteger;
  for (const char c : text.substr(1)) {
    part = NumberPart(part, c);
    if (part == '\0') return false;
  }
  return part == kZero || part == kInteger || part == kFraction || part == kPower;
}

}  // namespace

JsonLexer::Token JsonLexer::Next() {
  for (;;) {
    if (state_ == State::kFaulty) return Fault();
    if (state_ == State::kString) return InString();
    while (at_ < piece_.size() && IsBlank(piece_[at_])) ++at_;
    if (at_ == piece_.size()) return At(Kind::kMore, at_, at_);
    if (const std::optional<Token> token = Structure(piece_[at_])) return *token;
  }
}

// None: go on.
std::optional<JsonLexer::Token> JsonLexer::Structure(char c) {
  const bool ends = depth_ > 0 && c == (in_object() ? '}' : ']');
  switch (state_) {
    case State::kColon:
      if (c != ':') return Fault();
      ++at_;
      state_ = State::kValue;
      return std::nullopt;
    case State::kComma:
      if (ends) return End();
      if (c != ',') return Fault();
      ++at_;
      state_ = in_object() ? State::kKey : State::kValue;
      return std::nullopt;
    case State::kFirstKey:
    case State::kKey:
      if (ends && state_ == State::kFirstKey) return End();
      if (c != '"') return Fault();
      ++at_;
      is_key_ = is_first_ = true;
      state_ = State::kString;
      return std::nullopt;
    case State::kFirstValue:
      return ends ? End() : BeginValue(c);
    case State::kValue:
      return BeginValue(c);
    default:
      return Fault();
  }
}

std::optional<JsonLexer::Token> JsonLexer::BeginValue(char c) {
  if (c == '{' || c == '[') return BeginContainer(c == '{');
  if (c == '"') {
    ++at_;
    is_key_ = false;
    is_first_ = true;
    state_ = State::kString;
    return std::nullopt;
  }
  if (text::IsLower(c) || text::IsDigit(c) || c == '-') return Scalar();
  return Fault();
}

// Whole or not at all: what turns out to be none is no JSON from its beginning on.
JsonLexer::Token JsonLexer::Scalar() {
  const size_t begin = at_;
  const size_t end = std::min(piece_.find_first_of(" \n\r\t,]}", begin), piece_.size());
  if (end - begin > kMostHeld) return Fault();
  if (end == piece_.size()) return At(Kind::kMore, begin, begin);
  const std::string_view text = piece_.substr(begin, end - begin);
  const bool is_literal = text == "true" || text == "false" || text == "null";
  if (!is_literal && (text::IsLower(text[0]) || !IsNumber(text))) return Fault();
  at_ = end;
  AfterValue();
  return At(Kind::kScalar, begin, end);
}

JsonLexer::Token JsonLexer::BeginContainer(bool is_object) {
  if (depth_ == kMaxDepth) return Fault();
  const uint64_t bit = uint64_t{1} << depth_++;
  objects_ = is_object ? objects_ | bit : objects_ & ~bit;
  state_ = is_object ? State::kFirstKey : State::kFirstValue;
  ++at_;
  return At(is_object ? Kind::kBeginObject : Kind::kBeginArray, at_ - 1, at_);
}

JsonLexer::Token JsonLexer::End() {
  --depth_;
  AfterValue();
  ++at_;
  return At(Kind::kEnd, at_ - 1, at_);
}

JsonLexer::Token JsonLexer::Fault() {
  state_ = State::kFaulty;
  return At(Kind::kFault, at_, at_);
}

JsonLexer::Token JsonLexer::StringPart(size_t begin, size_t end, bool is_last) {
  Token token = At(is_key_ ? Kind::kKey : Kind::kString, begin, end);
  token.is_first = is_first_;
  token.is_last = is_last;
  is_first_ = false;
  return token;
}

JsonLexer::Token JsonLexer::InString() {
  const size_t begin = at_;
  for (;;) {
    at_ = SkipPlain(piece_, at_);
    Escape escape = Escape::kOpen;
    size_t length = 0;
    if (at_ < piece_.size()) {
      if (piece_[at_] == '"') break;
      const bool is_control = piece_[at_] != '\\';
      const EscapeRead read =
          is_control ? EscapeRead{Escape::kWhole, 1} : ReadEscape(piece_.substr(at_));
      escape = is_control && !lets_controls_pass_ ? Escape::kWrong : read.kind;
      length = read.length;
    }
    if (escape == Escape::kWhole) {
      at_ += length;
      continue;
    }
    // What is before it goes first.
    if (at_ > begin) return StringPart(begin, at_, false);
    return escape == Escape::kWrong ? Fault() : At(Kind::kMore, at_, at_);
  }
  const Token token = StringPart(begin, at_++, true);
  if (is_key_) {
    state_ = State::kColon;
  } else {
    AfterValue();
  }
  return token;
}

}  // namespace weir::edge::texts
