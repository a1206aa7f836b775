#include <benchmark/benchmark.h>

#include "edge/dialects/openai/request_body.h"
#include "edge/testing/padded.h"

namespace weir::edge::openai {
namespace {

// A conversation of this many bytes of text, in messages of 200.
std::string Conversation(int64_t bytes) {
  std::string json = R"({"model":"gpt-4o-mini","stream":true,"temperature":0.7,"messages":[)";
  for (int64_t size = 0; size < bytes; size += 200) {
    if (size > 0) json += ",";
    json += R"({"role":"user","content":")";
    for (int i = 0; i < 40; ++i) json += "word ";
    json += R"("})";
  }
  return json + "]}";
}

void BM_ReadRequest(benchmark::State& state) {
  RequestReader reader;
  const testing::Padded body(Conversation(state.range(0)));
  for (auto _ : state) {
    benchmark::DoNotOptimize(reader.Read(routing::v1::API_KIND_CHAT, body.view()));
  }
  state.SetBytesProcessed(state.iterations() * static_cast<int64_t>(body.view().size()));
}
BENCHMARK(BM_ReadRequest)->Arg(200)->Arg(4'000)->Arg(64'000);

void BM_Splice(benchmark::State& state) {
  RequestReader reader;
  const testing::Padded body(Conversation(state.range(0)));
  const RequestBody read = *reader.Read(routing::v1::API_KIND_CHAT, body.view());
  const Changes changes{.model = "upstream-model", .output_cap = 500, .ask_for_usage = true};
  for (auto _ : state) benchmark::DoNotOptimize(Splice(body.view(), read, changes));
}
BENCHMARK(BM_Splice)->Arg(200)->Arg(64'000);

}  // namespace
}  // namespace weir::edge::openai
