#include <benchmark/benchmark.h>

#include <vector>

#include "edge/dialects/texts/json_texts.h"
#include "edge/dialects/texts/stream_restorer.h"
#include "edge/pipeline/stream_masker.h"

namespace weir::edge {
namespace {

// Lets everything go: what is left is what the edge does.
class EchoGuardrails final : public api::Guardrails {
 public:
  asio::awaitable<absl::StatusOr<guardrails::v1::InspectResponse>> Inspect(
      api::CallContext, guardrails::v1::InspectRequest) override {
    guardrails::v1::InspectResponse judged;
    judged.set_verdict(guardrails::v1::VERDICT_ALLOW);
    co_return judged;
  }
  asio::awaitable<absl::StatusOr<guardrails::v1::InspectDeltaResponse>> InspectDelta(
      api::CallContext, guardrails::v1::InspectDeltaRequest request) override {
    guardrails::v1::InspectDeltaResponse judged;
    judged.set_verdict(guardrails::v1::VERDICT_ALLOW);
    // One byte late, so that every event is written anew.
    std::string text = request.state() + request.delta();
    if (!request.last() && !text.empty()) {
      judged.set_state(text.substr(text.size() - 1));
      text.pop_back();
    }
    judged.set_release(std::move(text));
    co_return judged;
  }
  std::shared_ptr<api::GuardrailsEvents> Watch(guardrails::v1::WatchRequest,
                                               asio::any_io_executor) override {
    return nullptr;
  }
};

std::string Frame(std::string_view choices, std::string_view usage) {
  return fmt::format(
      R"(data: {{"id":"chatcmpl-9xYz","object":"chat.completion.chunk","created":1763719200,)"
      R"("model":"gpt-4o-mini-2024-07-18","service_tier":"default","system_fingerprint":"fp_1",)"
      R"("choices":[{}],"usage":{},"obfuscation":"aB3dE6"}})"
      "\n\n",
      choices, usage);
}

// An answer of 64 words as OpenAI streams it.
std::vector<std::string> Frames() {
  std::vector<std::string> frames = {Frame(
      R"({"index":0,"delta":{"role":"assistant","content":""},"finish_reason":null})", "null")};
  for (int i = 0; i < 64; ++i) {
    frames.push_back(Frame(
        R"({"index":0,"delta":{"content":" wonderful"},"logprobs":null,"finish_reason":null})",
        "null"));
  }
  frames.push_back(Frame(R"({"index":0,"delta":{},"finish_reason":"stop"})", "null"));
  frames.push_back(Frame("", R"({"prompt_tokens":10,"completion_tokens":64,"total_tokens":74})"));
  frames.emplace_back("data: [DONE]\n\n");
  return frames;
}

asio::awaitable<void> MaskStreams(benchmark::State* state, const std::vector<std::string>* frames) {
  EchoGuardrails service;
  while (state->KeepRunning()) {
    StreamMasker masker(
        service, {.policies = {.organization = "acme", .names = {"mask-pii", "block-secrets"}},
                  .numbers_taken = {{"EMAIL", 3}}});
    for (const std::string& each : *frames) {
      auto out = co_await masker.Feed({}, each);
      benchmark::DoNotOptimize(out);
    }
  }
}

// Each event in a round of its own, as it is when a model takes its time.
void BM_MaskedFrames(benchmark::State& state) {
  const std::vector<std::string> frames = Frames();
  asio::io_context loop;
  asio::co_spawn(loop, MaskStreams(&state, &frames), asio::detached);
  loop.run();
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(frames.size()));
}
BENCHMARK(BM_MaskedFrames);

void BM_RestoredFrames(benchmark::State& state) {
  const std::vector<std::string> frames = Frames();
  text::PlaceholderMap values;
  values.Add("[[EMAIL-1]]", "ann@x.test");
  for (auto _ : state) {
    texts::StreamRestorer restorer(texts::StreamRewriter::Kind::kChat, values);
    for (const std::string& each : frames) benchmark::DoNotOptimize(restorer.Feed(each));
  }
  state.SetItemsProcessed(state.iterations() * static_cast<int64_t>(frames.size()));
}
BENCHMARK(BM_RestoredFrames);

// A chat of this many messages of 256 bytes each.
void BM_RequestTexts(benchmark::State& state) {
  std::string body = R"({"model":"gpt-4o-mini","messages":[)";
  for (int64_t i = 0; i < state.range(0); ++i) {
    body += fmt::format(R"({}{{"role":"user","content":"{}"}})", i == 0 ? "" : ",",
                        std::string(256, 'a'));
  }
  body += "]}";
  for (auto _ : state) benchmark::DoNotOptimize(texts::ReadRequestTexts(body));
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(body.size()));
}
BENCHMARK(BM_RequestTexts)->Arg(4)->Arg(256);

}  // namespace
}  // namespace weir::edge
