#include "edge/dialects/texts/stream_rewriter.h"

#include <algorithm>
#include <utility>

#include "common/text/ascii.h"
#include "common/text/json_escape.h"
#include "common/text/parse.h"
#include "edge/dialects/texts/json_texts.h"

namespace weir::edge::texts {
namespace {

// Texts of one event.
constexpr size_t kMostEventTexts = kMostTexts;
// What is kept of an event for others that are made.
constexpr size_t kMostSurroundings = 8 * 1024;
// Of one text that stays as it is.
constexpr size_t kMostKnown = 1024;
constexpr size_t kLongestKnown = 256;

bool IsHex(char c) {
  const char lower = text::ToLower(c);
  return text::IsDigit(c) || (lower >= 'a' && lower <= 'f');
}

// The first half of a surrogate pair at the end of `raw`, whose other half may come with the next
// piece; empty: there is none.
std::string_view OpenSurrogate(std::string_view raw) {
  if (raw.size() < 6) return {};
  const std::string_view last = raw.substr(raw.size() - 6);
  const char high = text::ToLower(last[3]);
  const bool is_half = last.starts_with("\\u") && text::ToLower(last[2]) == 'd' &&
                       (high == '8' || high == '9' || high == 'a' || high == 'b') &&
                       IsHex(last[4]) && IsHex(last[5]);
  if (!is_half) return {};
  const size_t begin = raw.size() - 6;
  const size_t other = raw.find_last_not_of('\\', begin);
  const size_t backslashes = begin - (other == std::string_view::npos ? 0 : other + 1) + 1;
  return backslashes % 2 == 1 ? last : std::string_view();
}

// JSON has line feeds only between its parts.
std::string OneLine(std::string json) {
  std::replace(json.begin(), json.end(), '\n', ' ');
  return json;
}

// Whether a text that is there whole is none of the answer's own.
bool IsAside(const Outline& outline, int node) {
  constexpr Place kOwn[] = {Place::kChoice, Place::kOutput,     Place::kItem,
                            Place::kPart,   Place::kEventWhole, Place::kEventArguments};
  return std::none_of(std::begin(kOwn), std::end(kOwn),
                      [&](Place each) { return outline.Above(node, each) >= 0; });
}

bool IsEmptyList(std::string_view json) {
  return json.starts_with('[') && json.find_first_not_of(" \t\r\n", 1) == json.size() - 1;
}

}  // namespace

absl::Status StreamRewriter::Read(std::string events, bool is_end) {
  bytes_ = std::move(events);
  sse_.clear();
  events_.clear();
  segments_.clear();
  pieces_.clear();
  std::string_view rest = bytes_;
  while (!rest.empty()) {
    SseEvent& sse = sse_.emplace_back();
    TakeSseEvent(rest, sse);
    WEIR_RETURN_IF_ERROR(ReadEvent(sse, events_.size()));
  }
  if (is_end) Flush(events_.size(), [](const StreamKey&) { return true; });
  for (Segment& each : segments_) {
    if (each.key) each.key->segment = -1;
    MakePieces(each);
  }
  return absl::OkStatus();
}

absl::Status StreamRewriter::ReadEvent(const SseEvent& sse, size_t index) {
  events_.push_back({.sse = &sse});
  if (!sse.data || sse.data->empty()) return absl::OkStatus();
  const std::string_view json = *sse.data;
  if (json == "[DONE]") {
    Flush(index, [](const StreamKey&) { return true; });
    return absl::OkStatus();
  }
  const bool is_chat = options_.kind == Kind::kChat;
  const auto outline = reader_.Read(json, is_chat ? Place::kBody : Place::kEvent,
                                    OutlineReader::Of::kEvent, kMostEventTexts);
  if (!outline.ok()) {
    return status::DataLoss("an event of a stream: {}", status::Message(outline.status()));
  }
  Event& event = events_.back();
  // What ends with this event ends behind the texts of a chat's, and before those of others.
  if (!is_chat) ReadTypedEnds(json, **outline, index);
  for (const Outline::Text& each : (*outline)->texts) {
    WEIR_RETURN_IF_ERROR(ReadText(json, **outline, each, event));
  }
  if (is_chat) WEIR_RETURN_IF_ERROR(ReadChatEnds(json, **outline, index));
  for (const Outline::Mark& each : (*outline)->marks) {
    if (each.place == Place::kLogprobs && options_.is_strict) event.logprobs.push_back(each.value);
    if (each.place == Place::kSequence) event.sequence = each.value;
  }
  return absl::OkStatus();
}

absl::Status StreamRewriter::ReadChatEnds(std::string_view json, const Outline& outline,
                                          size_t index) {
  RememberSurroundings(json, outline);
  if (chat_head_.size() > kMostSurroundings) {
    return status::DataLoss("an event of a stream has over {} bytes beside its texts",
                            kMostSurroundings);
  }
  const Outline::Mark* choices = nullptr;
  for (const Outline::Mark& each : outline.marks) {
    if (each.place == Place::kChoices) choices = &each;
    if (each.place != Place::kFinishReason || each.value.length <= 2) continue;
    const int choice = outline.Above(each.node, Place::kChoice);
    const uint64_t ended = outline.nodes[static_cast<size_t>(choice)].index;
    Flush(index, [ended](const StreamKey& key) { return key.group == ended; });
  }
  const bool is_usage = outline.FindMark(Place::kUsage) != nullptr && choices != nullptr &&
                        IsEmptyList(choices->value.in(json));
  if (is_usage) Flush(index, [](const StreamKey&) { return true; });
  return absl::OkStatus();
}

// Without the texts of the event: they are still to be judged.
void StreamRewriter::RememberSurroundings(std::string_view json, const Outline& outline) {
  if (events_.back().slots.empty()) return;
  chat_head_ = "{";
  for (const Outline::Plain& each : outline.plain) {
    chat_head_.append("\"").append(each.name).append("\":");
    chat_head_.append(each.value.in(json)).append(",");
  }
  chat_head_ += "\"choices\":[";
}

// Everything that says that something is over.
void StreamRewriter::ReadTypedEnds(std::string_view json, const Outline& outline, size_t index) {
  const std::string_view type = MarkText(json, outline, Place::kEventType);
  if (type.ends_with(".delta")) return;
  if (!type.ends_with(".done")) {
    constexpr std::string_view kEnds[] = {"response.completed", "response.failed",
                                          "response.incomplete", "response.cancelled", "error"};
    if (std::find(std::begin(kEnds), std::end(kEnds), type) == std::end(kEnds)) return;
    Flush(index, [](const StreamKey&) { return true; });
    return;
  }
  const auto item = text::ParseUint64(MarkText(json, outline, Place::kOutputIndex));
  const std::string_view part = MarkText(json, outline, Place::kPartIndex);
  Flush(index, [item, part](const StreamKey& key) {
    return (!item || key.group == *item) && (part.empty() || key.part.empty() || key.part == part);
  });
}

absl::Status StreamRewriter::ReadText(std::string_view json, const Outline& outline,
                                      const Outline::Text& text, Event& event) {
  const EventText named = options_.kind == Kind::kChat ? NameOfChatText(outline, text)
                                                       : NameOfTypedText(json, outline, text);
  if (named.is_media) return absl::OkStatus();
  const std::string_view raw = text.raw.in(json);
  if (named.name.empty()) {
    AddWhole(raw, outline, text, event, text.raw);
    return absl::OkStatus();
  }
  WEIR_ASSIGN_OR_RETURN(const StreamKeyPtr key, KeyOf(named, json, outline, text));
  AddDelta(*key, key, raw, event, text.raw);
  return absl::OkStatus();
}

absl::StatusOr<StreamKeyPtr> StreamRewriter::KeyOf(const EventText& named, std::string_view json,
                                                   const Outline& outline,
                                                   const Outline::Text& text) {
  const auto found = keys_.find(named.name);
  if (found != keys_.end()) return found->second;
  if (keys_.size() == kMostKeys) {
    return status::DataLoss("a stream of over {} texts at once", kMostKeys);
  }
  StreamKeyPtr key = options_.kind == Kind::kChat ? NewChatKey(json, outline, text)
                                                  : NewTypedKey(json, outline, text);
  if (key->before.size() + key->path.size() > kMostSurroundings) {
    return status::DataLoss("a text of a stream whose names have over {} bytes", kMostSurroundings);
  }
  if (!key->has_plain_name) return status::DataLoss("an event of a stream whose type is no name");
  keys_.emplace(named.name, key);
  return key;
}

void StreamRewriter::AddDelta(StreamKey& key, const StreamKeyPtr& owner, std::string_view raw,
                              Event& event, Span span) {
  if (key.segment < 0) {
    key.segment = static_cast<int>(segments_.size());
    segments_.push_back({.key = owner});
  }
  Segment& segment = segments_[static_cast<size_t>(key.segment)];
  std::string joined = std::move(key.carry);
  joined.append(raw);
  key.carry = OpenSurrogate(joined);
  segment.is_forced = segment.is_forced || joined.size() != raw.size() || !key.carry.empty();
  segment.joined += Unescaped(std::string_view(joined).substr(0, joined.size() - key.carry.size()));
  ++segment.slots;
  event.slots.push_back({span, key.segment});
}

void StreamRewriter::AddWhole(std::string_view raw, const Outline& outline,
                              const Outline::Text& text, Event& event, Span span) {
  if (raw.empty()) return;
  const Place place = outline.nodes[static_cast<size_t>(text.node)].place;
  Segment segment{.key = std::make_shared<StreamKey>(), .is_whole = true, .is_last = true};
  segment.key->path = outline.Path(text.node);
  segment.key->role = text.role.empty() ? "assistant" : text.role;
  segment.key->is_arguments = place == Place::kArguments || place == Place::kEventArguments;
  segment.is_aside = IsAside(outline, text.node);
  segment.joined = Unescaped(raw);
  segment.slots = 1;
  if (known_.find(KnownName(segment)) != known_.end()) return;
  event.slots.push_back({span, static_cast<int>(segments_.size())});
  segments_.push_back(std::move(segment));
}

std::string StreamRewriter::KnownName(const Segment& segment) {
  return segment.key->path + '\n' + segment.joined;
}

template <typename Ends>
void StreamRewriter::Flush(size_t before, Ends ends) {
  for (auto each = keys_.begin(); each != keys_.end();) {
    if (!ends(*each->second)) {
      ++each;
      continue;
    }
    EndKey(each->second, before);
    each = keys_.erase(each);
  }
}

void StreamRewriter::EndKey(const StreamKeyPtr& key, size_t before) {
  if (key->segment < 0) {
    if (key->is_settled) return;
    key->segment = static_cast<int>(segments_.size());
    Segment& made = segments_.emplace_back();
    made.key = key;
    made.before = before;
    made.head = chat_head_;
  }
  Segment& segment = segments_[static_cast<size_t>(key->segment)];
  segment.is_last = true;
  segment.joined += Unescaped(key->carry);
  key->carry.clear();
}

void StreamRewriter::MakePieces(Segment& segment) {
  StreamKey& key = *segment.key;
  if (!key.is_arguments) {
    AddPiece(segment, {.is_text = true, .text = segment.joined, .is_last = segment.is_last});
    return;
  }
  std::vector<ArgumentPieces::Piece> found;
  key.arguments.Feed(segment.joined, segment.is_last, found);
  for (ArgumentPieces::Piece& each : found) {
    if (each.is_text) {
      AddPiece(segment, std::move(each));
    } else {
      segment.parts.push_back({.structure = std::move(each.text)});
    }
  }
}

void StreamRewriter::AddPiece(Segment& segment, ArgumentPieces::Piece piece) {
  StreamKey& key = *segment.key;
  const bool is_first = !key.is_open;
  key.is_open = !piece.is_last && (key.is_open || !piece.text.empty());
  if (piece.text.empty() && (is_first || !piece.is_last)) return;
  segment.parts.push_back(
      {.piece = static_cast<int>(pieces_.size()), .is_escaped = piece.is_escaped});
  pieces_.push_back({.path = key.path + piece.path,
                     .role = key.role,
                     .delta = std::move(piece.text),
                     .is_first = is_first,
                     .is_last = piece.is_last,
                     .is_aside = segment.is_aside && is_first && piece.is_last,
                     .key = segment.key});
}

std::string StreamRewriter::Write() {
  for (Segment& each : segments_) MakeRelease(each);
  std::string out;
  out.reserve(bytes_.size() + 512);
  auto made = segments_.begin();
  const auto write_made = [this, &made, &out](size_t before) {
    for (; made != segments_.end() && (made->slots > 0 || made->before <= before); ++made) {
      if (made->slots == 0 && !made->made.empty()) WriteMade(*made, out);
    }
  };
  for (size_t i = 0; i < events_.size(); ++i) {
    write_made(i);
    WriteEvent(events_[i], out);
  }
  write_made(events_.size());
  return out;
}

void StreamRewriter::MakeRelease(Segment& segment) {
  for (const Part& each : segment.parts) {
    if (each.piece < 0) {
      segment.made += each.structure;
      continue;
    }
    const std::string& release = pieces_[static_cast<size_t>(each.piece)].release;
    if (each.is_escaped) {
      text::AppendJsonEscaped(segment.made, release);
    } else {
      segment.made += release;
    }
  }
  segment.is_changed = segment.is_forced || segment.made != segment.joined;
  segment.key->is_settled = segment.key->is_settled && !segment.is_changed;
  const bool is_to_be_known = segment.is_whole && !segment.is_changed &&
                              segment.joined.size() <= kLongestKnown && known_.size() < kMostKnown;
  if (is_to_be_known) known_.insert(KnownName(segment));
}

bool StreamRewriter::IsAsItCame(const Event& event) const {
  if (!event.sse->is_whole || (options_.is_strict && !event.sse->is_bare)) return false;
  if (event.sequence && inserted_ > 0) return false;
  for (const Span each : event.logprobs) {
    const std::string_view value = each.in(*event.sse->data);
    if (WithoutLogprobs(value) != value) return false;
  }
  return std::none_of(event.slots.begin(), event.slots.end(), [this](const Slot& each) {
    return segments_[static_cast<size_t>(each.segment)].is_changed;
  });
}

void StreamRewriter::WriteEvent(Event& event, std::string& out) {
  if (event.sequence) {
    last_sequence_ = text::ParseInt64(event.sequence->in(*event.sse->data)).value_or(0) + inserted_;
  }
  if (IsAsItCame(event)) {
    out += event.sse->bytes;
    return;
  }
  if (!options_.is_strict) {
    out += event.sse->others;
  } else if (!event.sse->name.empty()) {
    out.append("event: ").append(event.sse->name).append("\n");
  }
  if (!event.sse->data) {
    // It keeps the connection open.
    out += ":\n\n";
    return;
  }
  out.append("data: ").append(Patched(event)).append("\n\n");
}

// The event's data with what is let go of its texts.
std::string StreamRewriter::Patched(Event& event) {
  std::vector<Patch> patches;
  for (const Slot& each : event.slots) {
    Segment& segment = segments_[static_cast<size_t>(each.segment)];
    if (!segment.is_changed) continue;
    Patch& patch = patches.emplace_back(Patch{each.raw, ""});
    // All in the last of them.
    if (++segment.slots_written == segment.slots) {
      text::AppendJsonEscaped(patch.bytes, segment.made);
    }
  }
  const std::string_view data = *event.sse->data;
  for (const Span each : event.logprobs) {
    patches.push_back({each, std::string(WithoutLogprobs(each.in(data)))});
  }
  if (event.sequence) patches.push_back({*event.sequence, std::to_string(last_sequence_)});
  return OneLine(texts::Patched(data, std::move(patches)));
}

void StreamRewriter::WriteMade(const Segment& segment, std::string& out) {
  const StreamKey& key = *segment.key;
  std::string data;
  if (options_.kind == Kind::kChat) data += segment.head;
  data += key.before;
  text::AppendJsonEscaped(data, segment.made);
  data += key.behind;
  if (options_.kind == Kind::kChat) {
    data += "]}";
  } else {
    if (last_sequence_ >= 0) data += fmt::format(",\"sequence_number\":{}", ++last_sequence_);
    data += "}";
    out.append("event: ").append(key.event_name).append("\n");
  }
  ++inserted_;
  out.append("data: ").append(OneLine(std::move(data))).append("\n\n");
}

}  // namespace weir::edge::texts
