#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include <vector>

#include "edge/caching/replay.h"
#include "edge/caching/request_identity.h"
#include "edge/caching/stream_recorder.h"

namespace weir::edge {
namespace {

// An answer of 64 words as OpenAI streams it: role, words, the reason, usage, the end. 68 events.
std::vector<std::string> Frames() {
  int letters = 0;
  const auto frame = [&letters](std::string_view choices, std::string_view usage) {
    return fmt::format(
        R"(data: {{"id":"chatcmpl-9xYz","object":"chat.completion.chunk","created":1763719200,)"
        R"("model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_1",)"
        R"("choices":[{}],"usage":{},"obfuscation":"{}"}})"
        "\n\n",
        choices, usage, std::string(static_cast<size_t>(++letters % 9), 'x'));
  };
  std::vector<std::string> frames = {frame(
      R"({"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null})", "null")};
  for (int i = 0; i < 64; ++i) {
    frames.push_back(frame(
        R"({"index":0,"delta":{"content":" wonderful"},"logprobs":null,"finish_reason":null})",
        "null"));
  }
  frames.push_back(frame(R"({"index":0,"delta":{},"finish_reason":"stop"})", "null"));
  frames.push_back(frame("", R"({"prompt_tokens":10,"completion_tokens":64,"total_tokens":74})"));
  frames.emplace_back("data: [DONE]\n\n");
  return frames;
}

void BM_RecordFrames(benchmark::State& state) {
  const std::vector<std::string> frames = Frames();
  for (auto _ : state) {
    StreamRecorder recorder(routing::v1::API_KIND_CHAT);
    for (const std::string& each : frames) recorder.Feed(each);
    benchmark::DoNotOptimize(recorder.is_hopeless());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(frames.size()));
}
BENCHMARK(BM_RecordFrames);

void BM_RecordAndFinish(benchmark::State& state) {
  const std::vector<std::string> frames = Frames();
  for (auto _ : state) {
    StreamRecorder recorder(routing::v1::API_KIND_CHAT);
    for (const std::string& each : frames) recorder.Feed(each);
    benchmark::DoNotOptimize(recorder.Finish(std::nullopt));
  }
}
BENCHMARK(BM_RecordAndFinish);

void BM_Replay(benchmark::State& state) {
  StreamRecorder recorder(routing::v1::API_KIND_CHAT);
  for (const std::string& each : Frames()) recorder.Feed(each);
  const std::string body = recorder.Finish(std::nullopt).value();
  const Replay replay{.id = "chatcmpl-1", .created = 1763719200};
  for (auto _ : state) {
    if (state.range(0) == 0) {
      benchmark::DoNotOptimize(ReplayWhole(body, replay));
    } else {
      benchmark::DoNotOptimize(ReplayStream(body, replay));
    }
  }
}
BENCHMARK(BM_Replay)->ArgName("stream")->Arg(0)->Arg(1);

// A system prompt of this many bytes before a short question.
void BM_Identity(benchmark::State& state) {
  const std::string body = fmt::format(
      R"({{"model":"gpt-4o-mini","messages":[{{"role":"system","content":"{}"}},)"
      R"({{"role":"user","content":"What is the capital of France?"}}],"temperature":0.2,)"
      R"("max_tokens":100,"stream":true,"user":"u"}})",
      std::string(static_cast<size_t>(state.range(0)), 's'));
  cache::v1::PolicyEntry policy;
  policy.set_max_temperature(0.7);
  IdentityReader reader;
  for (auto _ : state) benchmark::DoNotOptimize(reader.Read(body, policy, RequestFacts()));
}
BENCHMARK(BM_Identity)->Arg(200)->Arg(4'000)->Arg(64'000);

}  // namespace
}  // namespace weir::edge
