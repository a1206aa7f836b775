// Any bytes are a body, an answer, a stream, a recording, a header: what is read of them does not
// depend on how they are written or split, and an answer that is told again is recorded as it was.
#include <simdjson.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "edge/caching/cache_headers.h"
#include "edge/caching/recorded_answer.h"
#include "edge/caching/replay.h"
#include "edge/caching/request_identity.h"
#include "edge/caching/stream_recorder.h"

namespace weir::edge {
namespace {

using routing::v1::ApiKind;

void Require(bool holds) {
  if (!holds) std::abort();
}

// The same JSON without white space, and with one kind of escape.
std::string Rewritten(std::string_view json) {
  static auto& parser = *new simdjson::dom::parser();
  simdjson::dom::element root;
  if (parser.parse(json.data(), json.size(), true).get(root) != simdjson::SUCCESS) return "";
  return simdjson::minify(root);
}

void CheckIdentity(ApiKind kind, std::string_view body, std::string path) {
  static auto& reader = *new IdentityReader();
  cache::v1::PolicyEntry policy;
  policy.set_max_temperature(1);
  policy.set_question_path(std::move(path));
  RequestFacts facts;
  facts.kind = kind;
  const RequestIdentity identity = reader.Read(body, policy, facts);
  if (identity.bypass != CacheBypass::kNone) return;
  Require(!identity.question.empty() && identity.question.size() <= kLongestQuestion);
  const RequestIdentity again = reader.Read(Rewritten(body), policy, facts);
  Require(again.fingerprint == identity.fingerprint && again.question == identity.question);
}

// `seed` decides where it is split; 0: nowhere.
std::optional<std::string> Record(ApiKind kind, std::string_view stream, uint32_t seed) {
  StreamRecorder recorder(kind);
  while (!stream.empty()) {
    size_t size = stream.size();
    if (seed != 0) {
      seed = seed * 1664525 + 1013904223;
      size = std::min<size_t>(size, 1 + (seed >> 16) % (seed % 3 == 0 ? 3 : 60));
    }
    recorder.Feed(stream.substr(0, size));
    stream.remove_prefix(size);
  }
  return recorder.Finish(std::nullopt);
}

// A recording told again as a stream is recorded as what it is, but for id and time.
void CheckReplay(ApiKind kind, const std::string& recording) {
  const Replay replay{
      .kind = kind, .id = "new", .created = 7, .usage_asked = true, .request = recording};
  const auto whole = ReplayWhole(recording, replay);
  const auto events = ReplayStream(recording, replay);
  Require(whole.ok() && events.ok());
  const std::optional<std::string> again = RecordWhole(kind, *whole);
  StreamRecorder recorder(kind);
  for (const std::string& each : *events) recorder.Feed(each);
  Require(recorder.Finish(std::nullopt) == again);
}

// The same stream with ever more white space before each event's JSON, so that none begins as
// another one did.
std::string Spaced(std::string_view stream) {
  std::string out;
  size_t spaces = 0;
  while (!stream.empty()) {
    const std::string_view line = stream.substr(0, stream.find('\n'));
    if (line.starts_with("data:") && line.find("[DONE]") == std::string_view::npos) {
      out.append("data:").append(++spaces, ' ').append(line.substr(5));
    } else {
      out.append(line);
    }
    stream.remove_prefix(line.size());
    if (stream.starts_with('\n')) out.append("\n");
    if (!stream.empty()) stream.remove_prefix(1);
  }
  return out;
}

void CheckStream(ApiKind kind, std::string_view stream) {
  const std::optional<std::string> recorded = Record(kind, stream, 0);
  for (uint32_t seed = 1; seed < 4; ++seed) Require(Record(kind, stream, seed) == recorded);
  // Where every chunk is parsed: only that halves of a character are no text then.
  const std::optional<std::string> parsed = Record(kind, Spaced(stream), 0);
  Require(!parsed || parsed == recorded);
  if (recorded) Require(RecordWhole(kind, *recorded) == recorded);
  if (recorded && recorded->size() < 100'000) CheckReplay(kind, *recorded);
}

void CheckRestore(std::string_view body) {
  text::PlaceholderMap values;
  values.Add("[[EMAIL-1]]", "a\"[[NAME-1]]\n");
  const auto restored = RestoreRecording(body, values);
  if (restored.ok() && !Rewritten(body).empty()) Require(!Rewritten(*restored).empty());
}

void CheckHeader(std::string_view header) {
  const CacheControl control = ParseCacheControl(header);
  Require(!control.max_age ||
          (*control.max_age >= Duration::zero() && *control.max_age <= kLongestMaxAge));
}

}  // namespace
}  // namespace weir::edge

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace weir::edge;
  if (size < 2) return 0;
  const std::string_view text(reinterpret_cast<const char*>(data) + 1, size - 1);
  const ApiKind kind =
      (data[0] & 1) != 0 ? weir::routing::v1::API_KIND_RESPONSES : weir::routing::v1::API_KIND_CHAT;
  const std::string_view first = text.substr(0, text.find('\n'));
  CheckIdentity(kind, text, "");
  CheckIdentity(kind, text.substr(std::min(first.size() + 1, text.size())), std::string(first));
  CheckStream(kind, text);
  CheckRestore(text);
  CheckHeader(text);
  if (const auto recorded = RecordWhole(kind, text)) {
    Require(RecordWhole(kind, *recorded) == recorded);
    CheckReplay(kind, *recorded);
  }
  return 0;
}
