#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::edge::texts {

// Takes JSON apart that comes in pieces, strictly by RFC 8259 (but for the depth, and for control
// characters in strings where those are let pass). Whatever the pieces, the tokens are those of the
// whole, only strings are cut; UTF-8 is not looked at. Not thread-safe; copied it goes on by
// itself.
class JsonLexer {
 public:
  static constexpr int kMaxDepth = 64;
  // Longer scalars are none.
  static constexpr size_t kMostHeld = 64;

  enum class Kind : uint8_t {
    kBeginObject,
    kBeginArray,
    kEnd,     // Of an object or array.
    kKey,     // What stands between its quotes, or a part of it.
    kString,  // The same of a value.
    kScalar,  // A number, true, false or null.
    kMore,    // The piece is read, but for what is not whole from `begin` on: at most kMostHeld
              // bytes of an escape or a scalar.
    kFault,   // No JSON from `begin` on, ever.
  };
  // Where it stands in the piece.
  struct Token {
    Kind kind = Kind::kMore;
    size_t begin = 0;
    size_t end = 0;
    bool is_first = true;  // Of kKey and kString: the string begins with it,
    bool is_last = true;   // and ends with it. A part has whole escapes, a surrogate pair as one.
  };

  explicit JsonLexer(bool lets_controls_pass = false) : lets_controls_pass_(lets_controls_pass) {}

  // The next piece: what kMore left, and more. Outlives the calls of Next until the next one.
  void Feed(std::string_view piece) {
    piece_ = piece;
    at_ = 0;
  }
  Token Next();

  // Where the next token is looked for.
  size_t position() const { return at_; }
  // One whole value was read: an object, an array, a string, or a scalar and something behind it.
  bool is_whole() const { return state_ == State::kDone; }

 private:
  enum class State : uint8_t {
    kValue,
    kFirstValue,  // Or the end of an array.
    kKey,
    kFirstKey,  // Or the end of an object.
    kColon,
    kComma,  // Or the end.
    kString,
    kDone,
    kFaulty,
  };
  std::optional<Token> Structure(char c);
  std::optional<Token> BeginValue(char c);
  Token BeginContainer(bool is_object);
  Token End();
  Token InString();
  Token Scalar();
  Token Fault();
  Token StringPart(size_t begin, size_t end, bool is_last);
  void AfterValue() { state_ = depth_ == 0 ? State::kDone : State::kComma; }
  bool in_object() const { return depth_ > 0 && (objects_ >> (depth_ - 1) & 1) != 0; }
  static Token At(Kind kind, size_t begin, size_t end) { return {kind, begin, end}; }

  std::string_view piece_;
  size_t at_ = 0;
  uint64_t objects_ = 0;  // Bit n: the container on level n + 1 is an object.
  int depth_ = 0;
  State state_ = State::kValue;
  bool is_key_ = false;
  bool is_first_ = false;  // No part of the string was given yet.
  bool lets_controls_pass_;
};

}  // namespace weir::edge::texts
