#include <benchmark/benchmark.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <string>
#include <vector>

#include "services/cache/hashed_embedder.h"
#include "services/cache/static_embedder.h"

// What a lookup pays for its vector. The table is read from the folder of the sources, which is
// WEIR_SOURCE_DIR or where the benchmark is started.
namespace weir::cache {
namespace {

// 7 to 18 pieces each; together about as many rows as a first-level cache holds.
constexpr std::array<std::string_view, 8> kPrompts = {
    "How does PostgreSQL differ from Elasticsearch for a small team?",
    "Write a job description for a data engineer with 7 years of experience.",
    "What is the average salary of all employees in the sales department?",
    "I lost my card yesterday, how can I order a new one from abroad?",
    "Show the names of students who have at least two pets at home.",
    "Which airports in Texas have flights that depart before noon on Sunday?",
    "Please translate the following sentence into French: where is the station?",
    "price of 3.5kg at $1,299.00?",
};

const StaticEmbedder& Table() {
  static const std::unique_ptr<StaticEmbedder> table = [] {
    const char* const sources = std::getenv("WEIR_SOURCE_DIR");
    const std::string folder = sources == nullptr ? "." : sources;
    return StaticEmbedder::Load(folder + "/services/cache/model").value();
  }();
  return *table;
}

void EmbedAll(const Embedder& embedder, benchmark::State& state) {
  using Clock = std::chrono::steady_clock;
  std::vector<float> vector(embedder.dimension());
  std::vector<int64_t> took;
  took.reserve(1 << 20);
  size_t next = 0;
  for (auto _ : state) {
    const Clock::time_point start = Clock::now();
    benchmark::DoNotOptimize(embedder.Embed(kPrompts[next++ % kPrompts.size()], vector));
    if (took.size() < took.capacity()) took.push_back((Clock::now() - start).count());
  }
  std::ranges::sort(took);
  state.counters["p50_ns"] = static_cast<double>(took[took.size() / 2]);
  state.counters["p99_ns"] = static_cast<double>(took[took.size() * 99 / 100]);
}

void BM_EmbedByTable(benchmark::State& state) { EmbedAll(Table(), state); }
BENCHMARK(BM_EmbedByTable);

void BM_EmbedByHashes(benchmark::State& state) { EmbedAll(HashedEmbedder(), state); }
BENCHMARK(BM_EmbedByHashes);

void BM_Tokenize(benchmark::State& state) {
  TokenIds ids;
  size_t next = 0;
  size_t pieces = 0;
  for (auto _ : state) {
    Table().word_pieces().Tokenize(kPrompts[next++ % kPrompts.size()], ids);
    pieces += ids.size();
  }
  state.counters["pieces"] =
      static_cast<double>(pieces) / static_cast<double>(std::max<size_t>(next, 1));
}
BENCHMARK(BM_Tokenize);

// A text that is never plain ASCII, and one as long as is read.
void BM_EmbedLongText(benchmark::State& state) {
  std::string text;
  while (text.size() < Embedder::kMaxTextBytes) text += "\u4f60\u00e9\u0301zzqx\u200b";
  std::vector<float> vector(Table().dimension());
  for (auto _ : state) benchmark::DoNotOptimize(Table().Embed(text, vector));
}
BENCHMARK(BM_EmbedLongText);

void BM_SumRows(benchmark::State& state) {
  const RowSum sum = state.range(0) != 0 ? FastestRowSum() : SumRowsPortably;
  std::vector<int8_t> values(size_t{20'000} * 256, 3);
  std::vector<uint32_t> rows;
  for (uint32_t i = 0; i < 15; ++i) rows.push_back(i * 1237);
  std::array<int32_t, 256> sums;
  for (auto _ : state) {
    sum({values.data(), 20'000, 256}, rows, sums);
    benchmark::DoNotOptimize(sums);
  }
}
BENCHMARK(BM_SumRows)->ArgName("fastest")->Arg(0)->Arg(1);

}  // namespace
}  // namespace weir::cache
