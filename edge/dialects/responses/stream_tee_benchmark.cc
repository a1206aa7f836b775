#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <vector>

#include "edge/dialects/responses/stream_tee.h"

namespace weir::edge::responses {
namespace {

// An answer of 64 words as OpenAI streams it.
std::vector<std::string> Frames() {
  const auto frame = [](std::string_view type, int sequence, std::string_view members) {
    return fmt::format("event: {}\ndata: {{\"type\":\"{}\",\"sequence_number\":{},{}}}\n\n", type,
                       type, sequence, members);
  };
  std::vector<std::string> frames = {
      frame("response.created", 0, R"("response":{"id":"resp_1","output":[],"usage":null})")};
  for (int i = 1; i <= 64; ++i) {
    frames.push_back(frame("response.output_text.delta", i,
                           R"("item_id":"msg_68a1b2c3d4e5f60718293a4b","output_index":0,)"
                           R"("content_index":0,"delta":" wonderful","logprobs":[],)"
                           R"("obfuscation":"aB3dE6")"));
  }
  frames.push_back(
      frame("response.completed", 65,
            R"("response":{"id":"resp_1","usage":{"input_tokens":10,"output_tokens":64}})"));
  return frames;
}

// Each event in a read of its own, as it is when a model takes its time.
void BM_ResponsesStream(benchmark::State& state) {
  const std::vector<std::string> frames = Frames();
  std::string out;
  for (auto _ : state) {
    StreamTee tee;
    for (const std::string& each : frames) {
      out.clear();
      benchmark::DoNotOptimize(tee.Feed(each, out));
    }
    benchmark::DoNotOptimize(tee.usage());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(frames.size()));
}
BENCHMARK(BM_ResponsesStream);

}  // namespace
}  // namespace weir::edge::responses
