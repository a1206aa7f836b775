#pragma once

#include <any>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "common/status/status.h"
#include "edge/dialects/texts/argument_pieces.h"
#include "edge/dialects/texts/outline.h"

namespace weir::edge::texts {

// One text of a stream that comes in pieces: a message's content, a call's arguments.
struct StreamKey {
  std::string path;       // As it has in a whole answer.
  std::string_view role;  // As weir.guardrails.v1.Part has it.
  bool is_arguments = false;
  ArgumentPieces arguments;
  bool is_open = false;  // A text has begun, of arguments a string of theirs.
  std::any state;        // Of whoever rewrites the text that is open.
  // Everything that came was let go as it came.
  bool is_settled = true;
  // Half a surrogate pair, as it came.
  std::string carry;
  // Where it belongs: a choice, or an item.
  uint64_t group = 0;
  std::string part;  // Of the item.
  // What stands around the text in an event that is made for it: of the choice, or all of it.
  std::string before, behind;
  std::string event_name;
  bool has_plain_name = true;  // Nothing in what stands around it is a text of anybody.
  // The piece that is being put together.
  int segment = -1;
};
using StreamKeyPtr = std::shared_ptr<StreamKey>;

// What a text of an event is.
struct EventText {
  std::string name;  // Of its key; empty: it is there whole.
  bool is_media = false;
};

// How texts of streams are told apart. Of chat and completions by choice and path; of typed events
// by type, item and part.
EventText NameOfChatText(const Outline& outline, const Outline::Text& text);
StreamKeyPtr NewChatKey(std::string_view json, const Outline& outline, const Outline::Text& text);
EventText NameOfTypedText(std::string_view json, const Outline& outline, const Outline::Text& text);
StreamKeyPtr NewTypedKey(std::string_view json, const Outline& outline, const Outline::Text& text);

// Of a typed event: the value of its first mark at `place`, without quotes; empty: it has none.
std::string_view MarkText(std::string_view json, const Outline& outline, Place place);

}  // namespace weir::edge::texts
