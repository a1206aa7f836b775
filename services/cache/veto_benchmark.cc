#include <benchmark/benchmark.h>

#include <string>
#include <string_view>

#include "services/cache/pair_features.h"
#include "services/cache/veto.h"

namespace weir::cache {
namespace {

constexpr std::string_view kAsked =
    "Write a job description for a security analyst with at least 19 years of experience.";
constexpr std::string_view kCached =
    "Draft a posting for a security analyst who has at least 19 years of experience.";

std::string Repeated(std::string_view text, size_t size) {
  std::string all;
  while (all.size() < size) all.append(text).append(" ");
  all.resize(size);
  return all;
}

void ReadsWording(benchmark::State& state) {
  const std::string text = Repeated(kAsked, static_cast<size_t>(state.range(0)));
  for (auto _ : state) benchmark::DoNotOptimize(ReadWording(text));
  state.SetBytesProcessed(static_cast<int64_t>(state.iterations() * text.size()));
}
BENCHMARK(ReadsWording)->Arg(80)->Arg(1 << 10)->Arg(8 << 10);

void Vetoes(benchmark::State& state) {
  const auto size = static_cast<size_t>(state.range(0));
  const Wording asked = ReadWording(Repeated(kAsked, size));
  const Wording cached = ReadWording(Repeated(kCached, size));
  for (auto _ : state) benchmark::DoNotOptimize(Veto(asked, cached));
}
BENCHMARK(Vetoes)->Arg(80)->Arg(1 << 10)->Arg(8 << 10);

// The dearest texts for the rule on order: one word again and again.
void VetoesOrder(benchmark::State& state) {
  const std::string same = Repeated("a", 8 << 10);
  const Wording asked = ReadWording("and b " + same.substr(6));
  const Wording cached = ReadWording(same.substr(6) + "b and ");
  for (auto _ : state) benchmark::DoNotOptimize(Veto(asked, cached));
}
BENCHMARK(VetoesOrder);

StemWeights Weights() { return *StemWeights::Parse(R"({"": 9, "job": 3})"); }

void ReadsQuestion(benchmark::State& state) {
  const StemWeights weights = Weights();
  for (auto _ : state) benchmark::DoNotOptimize(ReadQuestion(kAsked, weights));
}
BENCHMARK(ReadsQuestion);

void Compares(benchmark::State& state) {
  const StemWeights weights = Weights();
  const Question asked = ReadQuestion(kAsked, weights);
  const Question cached = ReadQuestion(kCached, weights);
  for (auto _ : state) benchmark::DoNotOptimize(Compare(asked, cached, {}));
}
BENCHMARK(Compares);

}  // namespace
}  // namespace weir::cache
