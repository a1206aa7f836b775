#include <benchmark/benchmark.h>

#include <vector>

#include "edge/dialects/openai/stream_tee.h"

namespace weir::edge::openai {
namespace {

// An answer of 64 words as OpenAI streams it: role, words, the reason, usage, the end. 68 events.
std::vector<std::string> Frames() {
  const auto frame = [](std::string_view choices, std::string_view usage) {
    return fmt::format(
        R"(data: {{"id":"chatcmpl-9xYz","object":"chat.completion.chunk","created":1763719200,)"
        R"("model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_1",)"
        R"("choices":[{}],"usage":{},"obfuscation":"aB3dE6"}})"
        "\n\n",
        choices, usage);
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

// Each event in a read of its own, as it is when a model takes its time.
void BM_StreamOfFrames(benchmark::State& state) {
  const std::vector<std::string> frames = Frames();
  std::string out;
  for (auto _ : state) {
    StreamTee tee({.strip_usage = true});
    for (const std::string& each : frames) {
      out.clear();
      benchmark::DoNotOptimize(tee.Feed(each, out));
    }
    benchmark::DoNotOptimize(tee.usage());
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(frames.size()));
}
BENCHMARK(BM_StreamOfFrames);

// The same in reads of this many bytes, which end anywhere.
void BM_StreamInReads(benchmark::State& state) {
  std::string stream;
  for (const std::string& each : Frames()) stream += each;
  const auto size = static_cast<size_t>(state.range(0));
  std::string out;
  for (auto _ : state) {
    StreamTee tee({.strip_usage = true});
    for (size_t at = 0; at < stream.size(); at += size) {
      out.clear();
      benchmark::DoNotOptimize(tee.Feed(std::string_view(stream).substr(at, size), out));
    }
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(stream.size()));
}
BENCHMARK(BM_StreamInReads)->Arg(1'400)->Arg(16'384);

}  // namespace
}  // namespace weir::edge::openai
