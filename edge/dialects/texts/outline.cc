#include "edge/dialects/texts/outline.h"

#include <simdjson.h>

#include <algorithm>

#include "common/json/json_path.h"
#include "common/text/parse.h"
#include "edge/dialects/openai/json_string.h"

namespace weir::edge::texts {
namespace {

using Kind = JsonLexer::Kind;

// No provider has more choices, calls or blocks.
constexpr uint64_t kMostIndex = 9999;

// Memory for more is given back.
constexpr size_t kKeptNodes = 4096;

constexpr std::string_view kRoles[] = {"system", "developer", "user", "assistant", "tool"};

// As the service knows it; empty: it does not.
std::string_view KnownRole(std::string_view role) {
  const auto* const found = std::find(std::begin(kRoles), std::end(kRoles), role);
  if (found != std::end(kRoles)) return *found;
  return role == "function" ? "tool" : "";
}

// Of an item that does not say who wrote it.
std::string_view RoleOfItem(std::string_view type) {
  if (type.ends_with("_output")) return "tool";
  if (type.ends_with("_call") || type == "reasoning") return "assistant";
  return "";
}

}  // namespace

std::string Unescaped(std::string_view raw) {
  if (raw.find('\\') == std::string_view::npos) return std::string(raw);
  std::string text;
  text.reserve(raw.size());
  openai::ForEachUnescaped(raw, [&text](std::string_view piece) { text.append(piece); });
  return text;
}

std::string Outline::Path(int node) const {
  std::vector<const Node*> way;
  for (; node >= 0; node = nodes[static_cast<size_t>(node)].parent) {
    way.push_back(&nodes[static_cast<size_t>(node)]);
  }
  std::string path = "$";
  // The last is the root, which has no name.
  for (size_t i = way.size() - 1; i-- > 0;) {
    if (way[i]->is_element) {
      json::AppendIndex(path, way[i]->index);
    } else {
      // What is cut off needs no unescaping.
      json::AppendName(path, Unescaped(way[i]->name.substr(0, 12 * json::kLongestName)));
    }
  }
  return path;
}

int Outline::Above(int node, Place place) const {
  while (node >= 0 && nodes[static_cast<size_t>(node)].place != place) {
    node = nodes[static_cast<size_t>(node)].parent;
  }
  return node;
}

const Outline::Mark* Outline::FindMark(Place place) const {
  const auto found = std::find_if(marks.begin(), marks.end(),
                                  [place](const Mark& each) { return each.place == place; });
  return found == marks.end() ? nullptr : &*found;
}

absl::StatusOr<const Outline*> OutlineReader::Read(std::string_view json, Place root, Of of,
                                                   size_t most_texts) {
  if (outline_.nodes.capacity() > kKeptNodes) outline_ = {};
  outline_.nodes.clear();
  outline_.texts.clear();
  outline_.marks.clear();
  outline_.plain.clear();
  frames_.clear();
  json_ = json;
  root_ = root;
  of_ = of;
  if (!simdjson::validate_utf8(json.data(), json.size())) {
    return status::InvalidArgument("reading JSON of {} bytes: it is no UTF-8", json.size());
  }
  WEIR_RETURN_IF_ERROR(ReadTokens(most_texts));
  return &outline_;
}

absl::Status OutlineReader::ReadTokens(size_t most_texts) {
  JsonLexer lexer;
  lexer.Feed(json_);
  for (;;) {
    const JsonLexer::Token token = lexer.Next();
    if (token.kind == Kind::kMore) break;
    if (token.kind == Kind::kFault) {
      return status::InvalidArgument(
          "reading JSON of {} bytes: it is none from byte {} on, or nested deeper than {}",
          json_.size(), token.begin, JsonLexer::kMaxDepth);
    }
    WEIR_RETURN_IF_ERROR(Take(token));
    if (outline_.texts.size() + outline_.marks.size() > most_texts) {
      return status::ResourceExhausted("JSON with over {} texts", most_texts);
    }
  }
  if (lexer.is_whole()) return absl::OkStatus();
  return status::InvalidArgument("reading JSON of {} bytes: it ends early", json_.size());
}

absl::Status OutlineReader::Take(const JsonLexer::Token& token) {
  switch (token.kind) {
    case Kind::kBeginObject:
    case Kind::kBeginArray:
      Begin(token, token.kind == Kind::kBeginObject);
      break;
    case Kind::kEnd:
      End(token.end);
      break;
    case Kind::kKey:
      frames_.back().key = json_.substr(token.begin, token.end - token.begin);
      break;
    case Kind::kString:
      String(token);
      break;
    default:
      return Scalar(token);
  }
  return absl::OkStatus();
}

Place OutlineReader::NextPlace() {
  if (frames_.empty()) return root_;
  Frame& frame = frames_.back();
  if (!frame.is_object) return ElementOf(frame.place);
  const bool escaped = frame.key.find('\\') != std::string_view::npos;
  const Place place = escaped ? MemberOf(frame.place, Unescaped(frame.key.substr(0, 256)))
                              : MemberOf(frame.place, frame.key);
  return place == Place::kLogprobs && of_ == Of::kRequest ? Place::kText : place;
}

int OutlineReader::AddNode(Place place) {
  Outline::Node node{.place = place};
  if (!frames_.empty()) {
    Frame& frame = frames_.back();
    node.parent = frame.node;
    node.is_element = !frame.is_object;
    node.name = frame.is_object ? frame.key : std::string_view();
    node.index = frame.next_index;
  }
  outline_.nodes.push_back(node);
  return static_cast<int>(outline_.nodes.size()) - 1;
}

void OutlineReader::Begin(const JsonLexer::Token& token, bool is_object) {
  Frame frame{.place = NextPlace(), .is_object = is_object, .begin = token.begin};
  frame.node = AddNode(frame.place);
  frame.first_text = outline_.texts.size();
  frame.first_mark = outline_.marks.size();
  const bool of_model = frame.place == Place::kChoice || frame.place == Place::kDelta ||
                        (!frames_.empty() && (frames_.back().place == Place::kOutput ||
                                              frames_.back().place == Place::kEvent));
  if (of_model) frame.of_it = "assistant";
  frames_.push_back(frame);
}

void OutlineReader::End(size_t end) {
  const Frame frame = frames_.back();
  frames_.pop_back();
  const std::string_view role = frame.role.empty() ? frame.of_it : frame.role;
  for (size_t i = frame.first_text; HasRole(frame.place) && i < outline_.texts.size(); ++i) {
    if (outline_.texts[i].role.empty()) outline_.texts[i].role = role;
  }
  if (IsMark(frame.place)) {
    outline_.marks.push_back({frame.place, frame.node, {frame.begin, end - frame.begin}});
  } else if (outline_.texts.size() == frame.first_text &&
             outline_.marks.size() == frame.first_mark) {
    outline_.nodes.resize(static_cast<size_t>(frame.node));
  }
  if (!frames_.empty()) ++frames_.back().next_index;
}

void OutlineReader::String(const JsonLexer::Token& token) {
  const Place place = NextPlace();
  const Span raw{token.begin, token.end - token.begin};
  std::string_view text = raw.in(json_);
  std::string unescaped;
  if (place != Place::kText && text.find('\\') != std::string_view::npos) {
    text = unescaped = Unescaped(text);
  }
  NoteRole(place, text);
  if (IsMark(place)) {
    outline_.marks.push_back({place, AddNode(place), {raw.offset - 1, raw.length + 2}});
  }
  if (IsText(place, text)) {
    outline_.texts.push_back({AddNode(place), raw, RoleOf(place)});
  } else {
    NotePlain({raw.offset - 1, raw.length + 2});
  }
  if (!frames_.empty()) ++frames_.back().next_index;
}

absl::Status OutlineReader::Scalar(const JsonLexer::Token& token) {
  const Place place = NextPlace();
  const Span value{token.begin, token.end - token.begin};
  const std::string_view text = value.in(json_);
  NotePlain(value);
  if (text != "null" && IsMark(place)) outline_.marks.push_back({place, AddNode(place), value});
  if (place == Place::kIndex && of_ == Of::kEvent) {
    const auto index = text::ParseUint64(text);
    if (!index || *index > kMostIndex) {
      return status::InvalidArgument("an event's index is none, want 0 to {}", kMostIndex);
    }
    outline_.nodes[static_cast<size_t>(frames_.back().node)].index = *index;
  }
  if (!frames_.empty()) ++frames_.back().next_index;
  return absl::OkStatus();
}

bool OutlineReader::IsMark(Place place) const {
  switch (place) {
    case Place::kLogprobs:
      // Not what is below it.
      return of_ != Of::kRequest && (frames_.empty() || frames_.back().place != Place::kLogprobs);
    case Place::kFinishReason:
    case Place::kUsage:
    case Place::kChoices:
    case Place::kEventType:
    case Place::kSequence:
    case Place::kItemId:
    case Place::kOutputIndex:
    case Place::kPartIndex:
      return of_ == Of::kEvent;
    default:
      return false;
  }
}

bool OutlineReader::IsText(Place place, std::string_view text) const {
  switch (place) {
    case Place::kLogprobs:
      return false;
    case Place::kMedia:
    case Place::kImageUrl:
      return !LooksLikeMedia(text);
    case Place::kStructural:
    case Place::kRole:
    case Place::kItemType:
    case Place::kFinishReason:
    case Place::kEventType:
    case Place::kItemId:
    case Place::kToolChoice:
    case Place::kStructuralMap:
      return !LooksStructural(text);
    default:
      return true;
  }
}

void OutlineReader::NotePlain(Span value) {
  const bool is_own = of_ == Of::kEvent && frames_.size() == 1 && frames_[0].is_object;
  if (is_own) outline_.plain.push_back({frames_[0].key, value});
}

void OutlineReader::NoteRole(Place place, std::string_view text) {
  if (place == Place::kRole) frames_.back().role = KnownRole(text);
  if (place == Place::kItemType && frames_.back().of_it.empty()) {
    frames_.back().of_it = RoleOfItem(text);
  }
}

}  // namespace weir::edge::texts
