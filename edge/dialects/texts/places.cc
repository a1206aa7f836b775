#include "edge/dialects/texts/places.h"

#include <algorithm>
#include <array>
#include <cstddef>

#include "common/text/ascii.h"

namespace weir::edge::texts {
namespace {

using enum Place;

struct Member {
  Place of;
  std::string_view name;
  Place place;
};

// By `of`, so that those of one place stand together.
constexpr Member kMembers[] = {
    {kBody, "model", kStructural},
    {kBody, "messages", kMessages},
    {kBody, "input", kInput},
    {kBody, "id", kStructural},
    {kBody, "object", kStructural},
    {kBody, "choices", kChoices},
    {kBody, "usage", kUsage},
    {kBody, "service_tier", kStructural},
    {kBody, "system_fingerprint", kStructural},
    {kBody, "output", kOutput},
    {kBody, "data", kData},
    {kBody, "status", kStructural},
    {kBody, "instructions", kSystemText},
    {kBody, "prompt", kUserText},
    {kBody, "tools", kTools},
    {kBody, "functions", kTools},
    {kBody, "tool_choice", kToolChoice},
    {kBody, "function_call", kToolChoice},
    {kBody, "response_format", kFormat},
    {kBody, "text", kFormat},
    {kBody, "encoding_format", kStructural},
    {kBody, "reasoning_effort", kStructural},
    {kBody, "verbosity", kStructural},
    {kBody, "previous_response_id", kStructural},
    {kBody, "truncation", kStructural},
    {kBody, "include", kStructuralList},
    {kBody, "modalities", kStructuralList},
    {kBody, "audio", kStructuralMap},
    {kBody, "reasoning", kStructuralMap},
    {kBody, "prompt_cache_retention", kStructural},
    {kBody, "provider", kStructural},
    {kBody, "obfuscation", kStructural},
    {kBody, "prompt_filter_results", kFilters},

    {kDatum, "object", kStructural},
    {kDatum, "embedding", kMedia},
    {kDatum, "b64_json", kMedia},

    {kMessage, "role", kRole},
    {kMessage, "content", kContent},
    {kMessage, "tool_calls", kToolCalls},
    {kMessage, "tool_call_id", kStructural},
    {kMessage, "function_call", kFunction},
    {kMessage, "audio", kAudio},
    {kMessage, "annotations", kAnnotations},

    {kPart, "type", kStructural},
    {kPart, "image_url", kImageUrl},
    {kPart, "video_url", kImageUrl},
    {kPart, "input_audio", kAudio},
    {kPart, "file", kFile},
    {kPart, "file_data", kMedia},
    {kPart, "file_id", kStructural},
    {kPart, "detail", kStructural},
    {kPart, "annotations", kAnnotations},
    {kPart, "logprobs", kLogprobs},
    {kPart, "cache_control", kStructuralMap},

    {kImageUrl, "url", kMedia},
    {kImageUrl, "detail", kStructural},

    {kFile, "file_data", kMedia},
    {kFile, "file_id", kStructural},

    {kAudio, "data", kMedia},
    {kAudio, "format", kStructural},
    {kAudio, "id", kStructural},

    {kAnnotation, "type", kStructural},
    {kAnnotation, "file_id", kStructural},

    {kToolCall, "id", kStructural},
    {kToolCall, "type", kStructural},
    {kToolCall, "index", kIndex},
    {kToolCall, "function", kFunction},
    {kToolCall, "custom", kFunction},

    {kFunction, "name", kStructural},
    {kFunction, "arguments", kArguments},
    {kFunction, "input", kToolInput},

    {kTool, "type", kStructural},
    {kTool, "name", kStructural},
    {kTool, "function", kNamed},

    {kToolChoice, "type", kStructural},
    {kToolChoice, "mode", kStructural},
    {kToolChoice, "name", kStructural},
    {kToolChoice, "function", kNamed},
    {kToolChoice, "custom", kNamed},

    {kNamed, "name", kStructural},

    {kFormat, "type", kStructural},
    {kFormat, "name", kStructural},
    {kFormat, "verbosity", kStructural},
    {kFormat, "format", kFormat},
    {kFormat, "json_schema", kNamed},

    {kFilter, "severity", kStructural},

    {kChoice, "index", kIndex},
    {kChoice, "message", kMessage},
    {kChoice, "delta", kDelta},
    {kChoice, "text", kChoiceText},
    {kChoice, "logprobs", kLogprobs},
    {kChoice, "finish_reason", kFinishReason},
    {kChoice, "native_finish_reason", kStructural},
    {kChoice, "content_filter_results", kFilters},

    {kItem, "type", kItemType},
    {kItem, "role", kRole},
    {kItem, "content", kContent},
    {kItem, "id", kStructural},
    {kItem, "status", kStructural},
    {kItem, "call_id", kStructural},
    {kItem, "name", kStructural},
    {kItem, "arguments", kArguments},
    {kItem, "input", kToolInput},
    {kItem, "output", kContent},
    {kItem, "summary", kContent},
    {kItem, "encrypted_content", kMedia},
    {kItem, "result", kMedia},
    {kItem, "action", kAction},

    {kAction, "type", kStructural},

    {kEvent, "type", kEventType},
    {kEvent, "sequence_number", kSequence},
    {kEvent, "item_id", kItemId},
    {kEvent, "output_index", kOutputIndex},
    {kEvent, "content_index", kPartIndex},
    {kEvent, "summary_index", kPartIndex},
    {kEvent, "delta", kEventDelta},
    {kEvent, "text", kEventWhole},
    {kEvent, "refusal", kEventWhole},
    {kEvent, "input", kEventWhole},
    {kEvent, "code", kEventWhole},
    {kEvent, "arguments", kEventArguments},
    {kEvent, "name", kStructural},
    {kEvent, "part", kPart},
    {kEvent, "item", kItem},
    {kEvent, "response", kBody},
    {kEvent, "annotation", kAnnotation},
    {kEvent, "logprobs", kLogprobs},
    {kEvent, "obfuscation", kStructural},
    {kEvent, "partial_image_b64", kMedia},
};

struct Range {
  size_t begin = 0;
  size_t end = 0;
};
constexpr size_t kPlaces = static_cast<size_t>(kPartIndex) + 1;

constexpr std::array<Range, kPlaces> Ranges() {
  std::array<Range, kPlaces> ranges;
  for (size_t i = 0; i < std::size(kMembers); ++i) {
    Range& range = ranges[static_cast<size_t>(kMembers[i].of)];
    if (range.end == 0) range.begin = i;
    range.end = i + 1;
  }
  return ranges;
}
constexpr std::array<Range, kPlaces> kRanges = Ranges();

bool IsIdByte(char c) {
  return text::IsAlnum(c) || c == '_' || c == '-' || c == '.' || c == ':' || c == '/';
}

// Shorter ones may be anything.
constexpr size_t kShortestMedia = 24;

bool IsBase64(std::string_view text) {
  if (text.size() < kShortestMedia) return text.empty();
  return std::all_of(text.begin(), text.end(), [](char c) {
    return weir::text::IsAlnum(c) || c == '+' || c == '/' || c == '=' || c == '-' || c == '_';
  });
}

}  // namespace

Place MemberOf(Place place, std::string_view name) {
  // Unlisted members of a delta, and of what has a role, are text as all others.
  if (place == kDelta) place = kMessage;
  // Some content is one part.
  if (place == kContent) place = kPart;
  if (place == kArguments || place == kLogprobs) return place;
  if (place == kStructuralMap) return kStructural;
  if (place == kFilters) return kFilter;
  const Range range = kRanges[static_cast<size_t>(place)];
  for (size_t i = range.begin; i < range.end; ++i) {
    if (kMembers[i].name == name) return kMembers[i].place;
  }
  return kText;
}

Place ElementOf(Place place) {
  switch (place) {
    case kMessages:
      return kMessage;
    case kContent:
      return kPart;
    case kToolCalls:
      return kToolCall;
    case kTools:
      return kTool;
    case kChoices:
      return kChoice;
    case kData:
      return kDatum;
    case kInput:
    case kOutput:
      return kItem;
    case kAnnotations:
      return kAnnotation;
    case kStructuralList:
      return kStructural;
    case kFilters:
      return kFilter;
    // Several prompts; arguments in a list.
    case kUserText:
    case kArguments:
    case kLogprobs:
      return place;
    default:
      return kText;
  }
}

bool HasRole(Place place) {
  return place == kMessage || place == kDelta || place == kItem || place == kChoice;
}

std::string_view RoleOf(Place place) {
  switch (place) {
    case kArguments:
    case kToolInput:
    case kEventArguments:
      return "tool_arguments";
    case kSystemText:
      return "system";
    case kInput:
    case kItem:
    case kUserText:
      return "user";
    case kChoiceText:
    case kAnswerText:
    case kEventDelta:
    case kEventWhole:
      return "assistant";
    case kToolText:
      return "tool";
    default:
      return "";
  }
}

bool LooksStructural(std::string_view text) {
  return text.size() <= 256 && std::all_of(text.begin(), text.end(), IsIdByte);
}

bool LooksLikeMedia(std::string_view text) {
  if (!text.starts_with("data:")) return IsBase64(text);
  constexpr std::string_view kMark = ";base64,";
  const size_t mark = text.substr(0, 256).find(kMark);
  return mark != std::string_view::npos && LooksStructural(text.substr(5, mark - 5)) &&
         IsBase64(text.substr(mark + kMark.size()));
}

}  // namespace weir::edge::texts
