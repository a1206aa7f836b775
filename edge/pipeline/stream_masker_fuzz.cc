// Any bytes are a stream: whatever events are judged at once, the same texts come out of it, and no
// address does.
#include <simdjson.h>

#include <cstdint>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>

#include "edge/dialects/texts/outline.h"
#include "edge/dialects/texts/stream_restorer.h"
#include "edge/pipeline/stream_masker.h"
#include "edge/testing/fake_guardrails.h"

namespace weir::edge {
namespace {

using Kind = texts::StreamRewriter::Kind;

void Require(bool holds) {
  if (!holds) std::abort();
}

// Texts by their place, put together; where there are none of the events' own, what it is.
struct Seen {
  absl::StatusCode code = absl::StatusCode::kOk;
  std::map<std::string, std::string> texts;
  std::string out;
};

void Collect(std::string_view events, Kind kind, Seen& seen) {
  texts::OutlineReader reader;
  while (!events.empty()) {
    texts::SseEvent event;
    texts::TakeSseEvent(events, event);
    if (!event.data || event.data->empty() || *event.data == "[DONE]") continue;
    const auto outline =
        reader.Read(*event.data, kind == Kind::kChat ? texts::Place::kBody : texts::Place::kEvent,
                    texts::OutlineReader::Of::kEvent, 4096);
    Require(outline.ok());
    for (const auto& each : (*outline)->texts) {
      const auto named = kind == Kind::kChat ? texts::NameOfChatText(**outline, each)
                                             : texts::NameOfTypedText(*event.data, **outline, each);
      const auto& node = (*outline)->nodes[static_cast<size_t>(each.node)];
      // Keys are no texts.
      const bool has_keys = node.place == texts::Place::kArguments ||
                            node.place == texts::Place::kEventArguments ||
                            named.name.find("arguments") != std::string::npos;
      Require(has_keys ||
              texts::Unescaped(each.raw.in(*event.data)).find('@') == std::string::npos);
      if (named.name.empty()) continue;
      seen.texts[named.name] += texts::Unescaped(each.raw.in(*event.data));
    }
  }
}

asio::awaitable<void> Mask(std::string_view stream, Kind kind, uint32_t seed, Seen* seen) {
  testing::FakeGuardrails service;
  service.keeps_deltas = false;
  StreamMasker masker(service, {.policies = {.organization = "o", .names = {"p"}}, .kind = kind});
  while (!stream.empty()) {
    size_t size = 0;
    // Whole events; `seed` 0: one at a time.
    do {
      std::string_view rest = stream.substr(size);
      texts::SseEvent event;
      texts::TakeSseEvent(rest, event);
      size = stream.size() - rest.size();
      seed = seed * 1664525 + (seed == 0 ? 0 : 1013904223);
    } while (size < stream.size() && (seed >> 16) % 3 != 0);
    auto fed = co_await masker.Feed({}, std::string(stream.substr(0, size)));
    stream.remove_prefix(size);
    seen->code = fed.status().code();
    if (!fed.ok()) co_return;
    seen->out += *fed;
  }
  auto rest = co_await masker.Finish({});
  seen->code = rest.status().code();
  if (rest.ok()) seen->out += *rest;
}

Seen Masked(std::string_view stream, Kind kind, uint32_t seed) {
  Seen seen;
  asio::io_context loop;
  asio::co_spawn(loop, Mask(stream, kind, seed, &seen), asio::detached);
  loop.run();
  if (seen.code == absl::StatusCode::kOk) Collect(seen.out, kind, seen);
  return seen;
}

void Check(std::string_view stream, Kind kind, uint32_t seed) {
  const Seen one = Masked(stream, kind, 0);
  const Seen other = Masked(stream, kind, seed);
  // Which fault is the first depends on it; whether there is one does not.
  Require((one.code == absl::StatusCode::kOk) == (other.code == absl::StatusCode::kOk));
  if (one.code == absl::StatusCode::kOk) Require(one.texts == other.texts);
  // What was masked has nothing to restore.
  const text::PlaceholderMap nothing;
  texts::StreamRestorer restorer(kind, nothing);
  if (one.code == absl::StatusCode::kOk) Require(restorer.Feed(one.out).ok());
}

}  // namespace
}  // namespace weir::edge

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using weir::edge::Kind;
  if (size < 2) return 0;
  const std::string_view stream(reinterpret_cast<const char*>(data) + 2, size - 2);
  const Kind kind = (data[0] & 1) != 0 ? Kind::kChat : Kind::kResponses;
  weir::edge::Check(stream, kind, data[1] + 1U);
  return 0;
}
