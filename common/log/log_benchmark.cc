#include <benchmark/benchmark.h>

#include <string>

#include "common/log/log.h"

namespace weir::log {
namespace {

// A line of a finished request, as the edge writes one for each.
void RequestDone(benchmark::State& state) {
  (void)Configure({.service = "edge", .path = "/dev/null"});
  SetLevel(state.range(0) != 0 ? Level::kInfo : Level::kWarn);
  const std::string id = "0123456789abcdef0123456789abcdef";
  const std::string model = "gpt-4o-mini";
  int64_t n = 0;
  for (auto _ : state) {
    Info("request.done", {{"request", id},
                          {"trace", id},
                          {"org", "acme"},
                          {"key", "key_01"},
                          {"route", "/v1/chat/completions"},
                          {"model", model},
                          {"provider", "openai"},
                          {"status", 200},
                          {"stream", true},
                          {"cache", "miss"},
                          {"input_tokens", ++n},
                          {"output_tokens", 300},
                          {"duration_ms", 1234.5},
                          {"first_token_ms", 210},
                          {"attempts", 1}});
  }
}
BENCHMARK(RequestDone)->ArgName("written")->Arg(1)->Arg(0);

}  // namespace
}  // namespace weir::log
