// Says how the gateway tells a recorded answer again: recording on stdin, answer on stdout.
//
//   replay_probe chat|responses whole|stream [usage]
#include <cstdio>
#include <iostream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include "edge/caching/recorded_answer.h"
#include "edge/caching/replay.h"

namespace weir::edge {
namespace {

// What the stream ends up as, or the answer; empty: it cannot be told again.
std::string Tell(const std::string& answer, const Replay& replay, bool streamed) {
  const auto recording = RecordWhole(replay.kind, answer);
  if (!recording) return "";
  if (!streamed) return ReplayWhole(*recording, replay).value_or("");
  const auto events = ReplayStream(*recording, replay);
  std::string stream;
  if (!events.ok()) return stream;
  for (const std::string& each : *events) stream += each;
  return stream;
}

int Run(const std::vector<std::string_view>& arguments) {
  if (arguments.size() < 2) return 2;
  Replay replay;
  const bool chat = arguments[0] == "chat";
  replay.kind = chat ? routing::v1::API_KIND_CHAT : routing::v1::API_KIND_RESPONSES;
  replay.id = chat ? "chatcmpl-again" : "resp_again";
  replay.created = 1763719200;
  replay.usage_asked = arguments.size() > 2;
  const std::string answer{std::istreambuf_iterator<char>(std::cin), {}};
  const std::string told = Tell(answer, replay, arguments[1] == "stream");
  std::cout << told;
  return told.empty() ? 1 : 0;
}

}  // namespace
}  // namespace weir::edge

int main(int argc, char** argv) { return weir::edge::Run({argv + 1, argv + argc}); }
