#include <benchmark/benchmark.h>

#include <string>

#include "common/text/json_escape.h"
#include "common/text/token_scan.h"

namespace weir::text {
namespace {

std::string Repeated(std::string_view text, size_t size) {
  std::string all;
  while (all.size() < size) all += text;
  return all;
}

constexpr std::string_view kProse =
    "The gateway holds an estimate before the call, and settles the truth after it; 3 of 4 callers "
    "notice. ";

void RunScan(benchmark::State& state, std::string_view sample) {
  const std::string text = Repeated(sample, 64 << 10);
  for (auto _ : state) benchmark::DoNotOptimize(EstimateTokens(text));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}
void ScanProse(benchmark::State& state) { RunScan(state, kProse); }
void ScanChinese(benchmark::State& state) { RunScan(state, "\u4F60\u597D\u4E16\u754C\u3002"); }
BENCHMARK(ScanProse);
BENCHMARK(ScanChinese);

void EscapeProse(benchmark::State& state) {
  const std::string text = Repeated(kProse, 64 << 10);
  std::string out;
  for (auto _ : state) {
    out.clear();
    AppendJsonEscaped(out, text);
    benchmark::DoNotOptimize(out.data());
  }
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}
BENCHMARK(EscapeProse);

}  // namespace
}  // namespace weir::text
