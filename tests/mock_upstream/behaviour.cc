#include "tests/mock_upstream/behaviour.h"

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <array>

#include "tests/mock_upstream/json_text.h"

namespace weir::mock {
namespace {

namespace dom = simdjson::dom;

constexpr int64_t kMaxWords = 100'000;  // An answer is rendered in memory, ~200 bytes a frame.
constexpr int64_t kMaxTokens = 1'000'000'000'000;
constexpr int64_t kMaxMilliseconds = 600'000;

absl::Status Bad(std::string_view field, std::string_view want) {
  return absl::InvalidArgumentError(fmt::format("reading a behaviour: {}: want {}", field, want));
}

absl::Status ReadInt(std::string_view field, dom::element value, int64_t low, int64_t high,
                     int64_t& to) {
  int64_t number = 0;
  if (value.get(number) != simdjson::SUCCESS || number < low || number > high) {
    return Bad(field, fmt::format("a whole number, {} to {}", low, high));
  }
  to = number;
  return absl::OkStatus();
}

absl::Status ReadString(std::string_view field, dom::element value, std::string& to) {
  std::string_view text;
  if (value.get(text) != simdjson::SUCCESS) return Bad(field, "a string");
  to = text;
  return absl::OkStatus();
}

absl::Status ReadMode(std::string_view field, dom::element value, Mode& to) {
  std::string name;
  if (absl::Status read = ReadString(field, value, name); !read.ok()) return read;
  if (name != "fixed" && name != "echo" && name != "words")
    return Bad(field, "fixed, echo or words");
  to = name == "fixed" ? Mode::kFixed : name == "echo" ? Mode::kEcho : Mode::kWords;
  return absl::OkStatus();
}

absl::Status ReadGzip(std::string_view field, dom::element value, bool& to) {
  std::string name;
  if (absl::Status read = ReadString(field, value, name); !read.ok()) return read;
  if (name != "gzip" && name != "identity") return Bad(field, "gzip or identity");
  to = name == "gzip";
  return absl::OkStatus();
}

// A retry-after may come as text or as a number of seconds.
absl::Status ReadRetryAfter(std::string_view field, dom::element value, std::string& to) {
  int64_t seconds = 0;
  if (value.get(seconds) == simdjson::SUCCESS) {
    to = fmt::format("{}", seconds);
    return absl::OkStatus();
  }
  return ReadString(field, value, to);
}

absl::Status ReadUsage(std::string_view field, dom::element value, UsageOverride& to) {
  dom::object members;
  if (value.get(members) != simdjson::SUCCESS) return Bad(field, "an object");
  for (auto [key, member] : members) {
    std::optional<int64_t>* number = key == "prompt_tokens"       ? &to.prompt
                                     : key == "completion_tokens" ? &to.completion
                                     : key == "total_tokens"      ? &to.total
                                                                  : nullptr;
    if (number == nullptr) {
      to.other_members += fmt::format(",{}:{}", Json(key), simdjson::minify(member));
    } else if (absl::Status read = ReadInt(key, member, 0, kMaxTokens, number->emplace());
               !read.ok()) {
      return read;
    }
  }
  return absl::OkStatus();
}

bool BreaksTheHead(std::string_view text) { return text.find_first_of("\r\n") != text.npos; }

absl::Status AddHeader(std::string_view name, dom::element value, Behaviour& to) {
  std::string text;
  if (absl::Status read = ReadString("extra_headers", value, text); !read.ok()) return read;
  if (name.empty() || BreaksTheHead(name) || name.find(':') != name.npos || BreaksTheHead(text)) {
    return Bad("extra_headers", "names and values of one line");
  }
  to.extra_headers.emplace_back(name, text);
  return absl::OkStatus();
}

// {"name": "value"} or {"name": ["value", "value"]}.
absl::Status ReadHeaders(std::string_view field, dom::element value, Behaviour& to) {
  dom::object members;
  if (value.get(members) != simdjson::SUCCESS) return Bad(field, "an object");
  for (auto [name, member] : members) {
    dom::array values;
    if (member.get(values) != simdjson::SUCCESS) {
      if (absl::Status added = AddHeader(name, member, to); !added.ok()) return added;
      continue;
    }
    for (dom::element each : values) {
      if (absl::Status added = AddHeader(name, each, to); !added.ok()) return added;
    }
  }
  return absl::OkStatus();
}

using Reader = absl::Status (*)(std::string_view, dom::element, Behaviour&);
struct Field {
  std::string_view name;
  Reader read;
};

template <auto kMember, int64_t kLow, int64_t kHigh>
absl::Status Int(std::string_view field, dom::element value, Behaviour& to) {
  int64_t number = 0;
  absl::Status read = ReadInt(field, value, kLow, kHigh, number);
  if (read.ok()) to.*kMember = std::remove_reference_t<decltype(to.*kMember)>(number);
  return read;
}

template <bool Behaviour::* kMember>
absl::Status Bool(std::string_view field, dom::element value, Behaviour& to) {
  return value.get(to.*kMember) == simdjson::SUCCESS ? absl::OkStatus()
                                                     : Bad(field, "true or false");
}

using B = Behaviour;
constexpr std::array kFields = {
    Field{"model", [](auto f, auto v, B& b) { return ReadString(f, v, b.model); }},
    Field{"times", Int<&B::times, 1, 1'000'000>},
    Field{"mode", [](auto f, auto v, B& b) { return ReadMode(f, v, b.mode); }},
    Field{"words", Int<&B::words, 0, kMaxWords>},
    Field{"frames", Int<&B::frames, 1, kMaxWords>},
    Field{"tools", Bool<&B::tools>},
    Field{"dimensions", Int<&B::dimensions, 1, 8192>},
    Field{"prompt_tokens", Int<&B::prompt_tokens, 0, kMaxTokens>},
    Field{"usage", [](auto f, auto v, B& b) { return ReadUsage(f, v, b.usage.emplace()); }},
    Field{"omit_usage", Bool<&B::omit_usage>},
    Field{"omit_stream_usage", Bool<&B::omit_stream_usage>},
    Field{"zero_usage", Bool<&B::zero_usage>},
    Field{"latency_ms", Int<&B::latency, 0, kMaxMilliseconds>},
    Field{"frame_delay_ms", Int<&B::frame_delay, 0, kMaxMilliseconds>},
    Field{"never_answer", Bool<&B::never_answer>},
    Field{"status", Int<&B::status, 200, 599>},
    Field{"body", [](auto f, auto v, B& b) { return ReadString(f, v, b.body.emplace()); }},
    Field{"retry_after", [](auto f, auto v, B& b) { return ReadRetryAfter(f, v, b.retry_after); }},
    Field{"drop_after_frames", Int<&B::drop_after_frames, 0, kMaxWords>},
    Field{"drop_before_answer", Bool<&B::drop_before_answer>},
    Field{"reset", Bool<&B::reset>},
    Field{"content_encoding", [](auto f, auto v, B& b) { return ReadGzip(f, v, b.gzip); }},
    Field{"malformed_json", Bool<&B::malformed_json>},
    Field{"truncate_content_length", Bool<&B::truncate_content_length>},
    Field{"extra_headers", [](auto f, auto v, B& b) { return ReadHeaders(f, v, b); }},
};

}  // namespace

absl::StatusOr<Behaviour> ParseBehaviour(std::string_view json) {
  dom::parser parser;
  dom::object members;
  if (parser.parse(json.data(), json.size()).get(members) != simdjson::SUCCESS) {
    return Bad("the body", "a JSON object");
  }
  Behaviour behaviour;
  for (auto [key, value] : members) {
    const std::string_view name = key;
    const auto* field = std::find_if(kFields.begin(), kFields.end(),
                                     [&](const Field& each) { return each.name == name; });
    if (field == kFields.end()) return Bad(name, "a known field, this is none");
    if (absl::Status read = field->read(name, value, behaviour); !read.ok()) return read;
  }
  if (BreaksTheHead(behaviour.retry_after)) return Bad("retry_after", "one line");
  return behaviour;
}

}  // namespace weir::mock
