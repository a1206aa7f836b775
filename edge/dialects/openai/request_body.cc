#include "edge/dialects/openai/request_body.h"

#include <simdjson.h>

#include <algorithm>

#include "common/text/excerpt.h"
#include "edge/dialects/openai/bad_field.h"
#include "edge/dialects/openai/member_reader.h"
#include "edge/dialects/openai/member_spans.h"
#include "edge/dialects/openai/responses_members.h"
#include "edge/dialects/openai/text_walk.h"

namespace weir::edge::openai {

namespace dom = simdjson::dom;

namespace {

constexpr size_t kMaxBody = 64 * 1024 * 1024;
constexpr int64_t kMaxChoices = 128;
// Beyond what is accepted, so that the walk and not the parser (for which an empty array is no
// level) draws the line.
constexpr size_t kParserDepth = TextWalk::kMaxDepth + 8;

absl::Status NotJson(simdjson::error_code error) {
  switch (error) {
    case simdjson::UTF8_ERROR:
      return status::InvalidArgument("the body is not valid UTF-8");
    case simdjson::DEPTH_ERROR:
      return status::InvalidArgument("the body is nested over {} levels deep", TextWalk::kMaxDepth);
    case simdjson::EMPTY:
      return status::InvalidArgument("the body is empty: want a JSON object");
    default:
      return status::InvalidArgument("the body is not valid JSON: {}",
                                     simdjson::error_message(error));
  }
}

// The members of a request for chat completions or embeddings.
class ChatMembers final : public MemberReader {
 public:
  ChatMembers(RequestBody& body, TextWalk& walk) : MemberReader(body, walk) {}

  absl::Status Read(std::string_view key, dom::element value, Span at,
                    std::string_view original) override {
    const bool chat = body_.kind == routing::v1::API_KIND_CHAT;
    if (key == "model") return Model(value, at);
    if (chat && key == "messages") return Messages(value);
    if (!chat && key == "input") return Input(value);
    if (chat && key == "stream") return Flag(key, value, body_.stream);
    if (chat && key == "max_tokens") return Cap(key, value, at, body_.max_tokens_at);
    if (chat && key == "max_completion_tokens") {
      return Cap(key, value, at, body_.max_completion_tokens_at);
    }
    if (chat && key == "n") return Choices(value);
    if (chat && key == "stream_options") return StreamOptions(value, at, original);
    // What becomes part of the prompt whole.
    const bool prompt = key == "tools" || key == "functions" || key == "response_format";
    if (chat && prompt) {
      return Walk(value, key, TextWalk::Text::kJson, original.substr(at.offset, at.length));
    }
    return Walk(value, key, TextWalk::Text::kNone);
  }

 private:
  absl::Status CheckWhole() override {
    const bool chat = body_.kind == routing::v1::API_KIND_CHAT;
    if (chat && !messages_seen_)
      return BadField("messages", "is missing: want an array of messages");
    if (!chat && !input_seen_) {
      return BadField("input", "is missing: want a string or an array of strings or tokens");
    }
    return absl::OkStatus();
  }

  absl::Status Messages(dom::element value) {
    messages_seen_ = true;
    if (value.type() != dom::element_type::ARRAY) return BadField("messages", "is not an array");
    const dom::array messages = value.get_array().value_unsafe();
    if (messages.size() == 0) return BadField("messages", "is empty: want at least one message");
    int64_t count = 0;
    for (const dom::element each : messages) {
      WEIR_RETURN_IF_ERROR(Message(each, count++));
    }
    walk_.AddMessages(count);
    return absl::OkStatus();
  }

  absl::Status Message(dom::element message, int64_t index) {
    const auto path = [index](std::string_view rest) {
      return fmt::format("messages[{}]{}", index, rest);
    };
    if (message.type() != dom::element_type::OBJECT) return BadField(path(""), "is not an object");
    dom::element role;
    if (message["role"].get(role) != simdjson::SUCCESS ||
        role.type() != dom::element_type::STRING) {
      return BadField(path(".role"), "is missing or not a string");
    }
    const auto repeated = walk_.FindRepeatedKey(message, 3, TextWalk::Text::kStrings);
    return repeated ? BadField(path(*repeated), std::string(kTwice)) : absl::OkStatus();
  }

  absl::Status Input(dom::element value) {
    input_seen_ = true;
    if (value.type() == dom::element_type::STRING) {
      return Walk(value, "input", TextWalk::Text::kStrings);
    }
    if (value.type() != dom::element_type::ARRAY) {
      return BadField("input", "is not a string or an array of strings or tokens");
    }
    for (const dom::element each : value.get_array().value_unsafe()) {
      if (each.type() == dom::element_type::ARRAY) {
        for (const dom::element token : each.get_array().value_unsafe()) {
          WEIR_RETURN_IF_ERROR(Token(token));
        }
      } else if (each.type() == dom::element_type::STRING) {
        WEIR_RETURN_IF_ERROR(Walk(each, "input", TextWalk::Text::kStrings));
      } else {
        WEIR_RETURN_IF_ERROR(Token(each));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Token(dom::element value) {
    if (!value.is_int64())
      return BadField("input", "has an element that is not a string or a token");
    walk_.AddTokens(1);
    return absl::OkStatus();
  }

  absl::Status Choices(dom::element value) {
    if (value.is_null()) return absl::OkStatus();
    int64_t n = 0;
    if (!value.is_int64() || (n = value.get_int64().value_unsafe()) < 1 || n > kMaxChoices) {
      return BadField("n", fmt::format("is not a whole number from 1 to {}", kMaxChoices));
    }
    body_.choices = n;
    return absl::OkStatus();
  }

  absl::Status StreamOptions(dom::element value, Span at, std::string_view original) {
    body_.stream_options_at = {at, true};
    if (value.is_null()) return absl::OkStatus();
    if (value.type() != dom::element_type::OBJECT) {
      return BadField("stream_options", "is not an object");
    }
    const dom::object options = value.get_object().value_unsafe();
    WEIR_RETURN_IF_ERROR(Walk(value, "stream_options", TextWalk::Text::kNone));
    body_.stream_options_object = true;
    const auto spans = MemberSpans(original.substr(at.offset, at.length));
    size_t index = 0;
    for (const auto field : options) {
      const Span inner = spans[index++];
      if (field.key != "include_usage") continue;
      body_.include_usage_at = {{at.offset + inner.offset, inner.length}, true};
      WEIR_RETURN_IF_ERROR(Flag("stream_options.include_usage", field.value, body_.usage_asked));
    }
    return absl::OkStatus();
  }

  bool messages_seen_ = false;
  bool input_seen_ = false;
};

}  // namespace

struct RequestReader::Parser {
  dom::parser parser{kMaxBody};
  size_t capacity = 0;
};

RequestReader::RequestReader() : parser_(std::make_unique<Parser>()) {}
RequestReader::~RequestReader() = default;

absl::StatusOr<RequestBody> RequestReader::Read(routing::v1::ApiKind kind, std::string_view body) {
  if (body.size() > parser_->capacity) {
    parser_->capacity = std::max<size_t>(body.size(), 16 * 1024);
    if (const auto error = parser_->parser.allocate(parser_->capacity, kParserDepth)) {
      return status::ResourceExhausted("reading a body of {} bytes: {}", body.size(),
                                       simdjson::error_message(error));
    }
  }
  dom::element root;
  if (const auto error = parser_->parser.parse(body.data(), body.size(), false).get(root)) {
    return NotJson(error);
  }
  if (root.type() != dom::element_type::OBJECT) {
    return status::InvalidArgument("the body is not a JSON object");
  }
  RequestBody read;
  read.kind = kind;
  TextWalk walk;
  const dom::object members = root.get_object().value_unsafe();
  if (const auto repeated = TextWalk::FindRepeatedKey(members)) {
    return BadField(repeated->substr(1), std::string(kTwice));
  }
  read.insert_at = body.find('{') + 1;
  read.empty_object = members.size() == 0;
  const std::string_view object = body.substr(read.insert_at - 1);
  const std::vector<Span> spans = MemberSpans(object);
  std::optional<ChatMembers> chat;
  std::optional<ResponsesMembers> responses;
  MemberReader& reader = kind == routing::v1::API_KIND_RESPONSES
                             ? static_cast<MemberReader&>(responses.emplace(read, walk))
                             : chat.emplace(read, walk);
  size_t index = 0;
  for (const auto field : members) {
    Span at = spans[index++];
    at.offset += read.insert_at - 1;
    WEIR_RETURN_IF_ERROR(reader.Read(field.key, field.value, at, body));
  }
  WEIR_RETURN_IF_ERROR(reader.Finish());
  return read;
}

}  // namespace weir::edge::openai
