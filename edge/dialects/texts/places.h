#pragma once

#include <cstdint>
#include <string_view>

namespace weir::edge::texts {

// What a value of a body is, by where it stands: in requests, answers and events of streams, of
// the chat, completions, embeddings and Responses APIs. One list for all of them, as what has the
// same place has the same meaning. Whatever is not in it is text.
enum class Place : uint8_t {
  kText,  // And all that is below.

  // Values.
  kStructural,  // No text of anybody: a model's name, an id, a type.
  kMedia,       // Base64, alone or in a data: URL.
  kRole,        // Who wrote the message.
  kItemType,    // What the item is.
  kArguments,   // JSON in a string; an object likewise.
  kToolInput,   // Free text for a tool.
  kSystemText,
  kUserText,
  kAnswerText,
  kToolText,
  kIndex,     // Of an element, where it is not its position.
  kLogprobs,  // Tokens once more.
  kFinishReason,
  kUsage,
  kChoiceText,  // Of a completion, whole or in pieces.

  // Objects and arrays.
  kBody,  // Of a request or an answer.
  kMessages,
  kMessage,
  kDelta,  // A message in pieces.
  kContent,
  kPart,
  kImageUrl,
  kFile,
  kAudio,
  kAnnotations,
  kAnnotation,
  kToolCalls,
  kToolCall,
  kFunction,  // Of a tool call.
  kTools,
  kTool,
  kToolChoice,
  kNamed,  // Has a name and no text.
  kFormat,
  kStructuralList,
  kStructuralMap,
  kFilters,
  kFilter,
  kChoices,
  kChoice,
  kData,
  kDatum,
  kInput,
  kOutput,
  kItem,
  kAction,

  // Of typed events.
  kEvent,
  kEventType,
  kEventDelta,  // A string in pieces.
  kEventWhole,  // The same string, whole.
  kEventArguments,
  kSequence,
  kItemId,
  kOutputIndex,
  kPartIndex,
};

// Where the member `name` of an object at `place` is.
Place MemberOf(Place place, std::string_view name);
// Where the elements of an array at `place` are.
Place ElementOf(Place place);

// An object that says itself, or by its place, who wrote what it has.
bool HasRole(Place place);

// The role that texts at `place` have whoever wrote what is around; empty: none.
std::string_view RoleOf(Place place);

// A name, an id, a number: what is at kStructural is only taken for that where it looks like it.
bool LooksStructural(std::string_view text);
// Base64, alone or in a data: URL that says so.
bool LooksLikeMedia(std::string_view text);

}  // namespace weir::edge::texts
