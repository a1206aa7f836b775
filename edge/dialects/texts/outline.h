#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "common/status/status.h"
#include "edge/dialects/texts/json_lexer.h"
#include "edge/dialects/texts/places.h"

namespace weir::edge::texts {

// A stretch of bytes.
struct Span {
  size_t offset = 0;
  size_t length = 0;
  size_t end() const { return offset + length; }
  std::string_view in(std::string_view bytes) const { return bytes.substr(offset, length); }
};

// The text that the inside of a JSON string stands for; half a surrogate pair is U+FFFD.
std::string Unescaped(std::string_view raw);

// The texts of one JSON value and where they stand. Borrows the bytes.
struct Outline {
  // A value that is a text, a mark, or has some below it.
  struct Node {
    int parent = -1;  // -1: of the root.
    Place place = Place::kText;
    bool is_element = false;
    std::string_view name;  // Raw; of a member.
    size_t index = 0;       // Of an element.
  };
  struct Text {
    int node = 0;
    Span raw;  // Between its quotes.
    std::string_view role;
  };
  // A value that means something to a stream, or log probabilities of an answer. Nulls are none.
  struct Mark {
    Place place = Place::kText;
    int node = 0;
    Span value;  // With its quotes.
  };
  // A member of an event itself that is no text of anybody: a number, an id.
  struct Plain {
    std::string_view name;  // Raw.
    Span value;
  };
  std::vector<Node> nodes;
  std::vector<Text> texts;  // In their order.
  std::vector<Mark> marks;  // Likewise, each behind those below it.

  std::vector<Plain> plain;  // Of events alone.

  // "$.messages[0].content".
  std::string Path(int node) const;
  // The nearest above `node`, or itself, that is at `place`; -1: none.
  int Above(int node, Place place) const;
  const Mark* FindMark(Place place) const;
};

// Reads outlines. Keeps its memory between calls: not thread-safe.
class OutlineReader {
 public:
  enum class Of : uint8_t {
    kRequest,
    kAnswer,  // What there is of log probabilities is a mark and no text.
    kEvent,   // The same, with all other marks; elements are counted by their "index".
  };
  // kInvalidArgument: no JSON, no UTF-8, nested deeper than 64. kResourceExhausted: over
  // `most_texts` texts and marks. Nothing of `json` is in the messages. The result is good until
  // the next call.
  absl::StatusOr<const Outline*> Read(std::string_view json, Place root, Of of, size_t most_texts);

 private:
  struct Frame {
    int node = 0;
    Place place = Place::kText;
    bool is_object = false;
    size_t begin = 0;
    size_t next_index = 0;
    std::string_view key;
    size_t first_text = 0;
    size_t first_mark = 0;
    std::string_view role;   // What it says.
    std::string_view of_it;  // What it is, where it does not say.
  };
  absl::Status ReadTokens(size_t most_texts);
  absl::Status Take(const JsonLexer::Token& token);
  // The place of the value that comes now.
  Place NextPlace();
  int AddNode(Place place);
  void Begin(const JsonLexer::Token& token, bool is_object);
  void End(size_t end);
  void String(const JsonLexer::Token& token);
  absl::Status Scalar(const JsonLexer::Token& token);
  bool IsMark(Place place) const;
  bool IsText(Place place, std::string_view text) const;
  void NotePlain(Span value);
  void NoteRole(Place place, std::string_view text);

  Outline outline_;
  std::vector<Frame> frames_;
  std::string_view json_;
  Place root_ = Place::kText;
  Of of_ = Of::kRequest;
};

}  // namespace weir::edge::texts
