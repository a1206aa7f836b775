#include <benchmark/benchmark.h>

#include <cmath>
#include <random>
#include <vector>

#include "services/cache/flat_index.h"
#include "services/cache/partition.h"

// What a look-up by meaning pays for its search, in partitions of so many answers.
namespace weir::cache {
namespace {

constexpr size_t kDimension = 256;
constexpr size_t kQueries = 64;
constexpr float kThreshold = 0.92F;  // That of policies which say nothing of it.

std::vector<float> UnitVector(std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<float> vector(kDimension);
  float squares = 0;
  for (float& each : vector) {
    each = normal(random);
    squares += each * each;
  }
  for (float& each : vector) each /= std::sqrt(squares);
  return vector;
}

std::vector<std::vector<float>> Queries() {
  std::mt19937 random(7);
  std::vector<std::vector<float>> queries(kQueries);
  for (std::vector<float>& each : queries) each = UnitVector(random);
  return queries;
}

void SearchesFlat(benchmark::State& state) {
  std::mt19937 random(1);
  FlatIndex index(kDimension);
  const auto rows = static_cast<uint32_t>(state.range(0));
  std::vector<std::vector<float>> vectors(rows);
  for (uint32_t row = 0; row < rows; ++row) {
    vectors[row] = UnitVector(random);
    index.Set(row, vectors[row]);
  }
  const std::vector<std::vector<float>> queries = Queries();
  const auto any = [](uint32_t) { return true; };
  size_t next = 0;
  for (auto _ : state) {
    benchmark::DoNotOptimize(index.Search(queries[next++ % kQueries], Partition::kNearest, any));
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(SearchesFlat)->Arg(1000)->Arg(10'000)->Arg(100'000);

void Fill(Partition& partition, int64_t answers, int64_t authors) {
  std::mt19937 random(2);
  for (int64_t i = 0; i < answers; ++i) {
    auto answer = std::make_shared<Answer>();
    answer->id = std::to_string(i);
    answer->exact_key[0] = static_cast<uint8_t>(i);
    answer->exact_key[1] = static_cast<uint8_t>(i >> 8);
    answer->exact_key[2] = static_cast<uint8_t>(i >> 16);
    answer->author = "user:" + std::to_string(i % authors);
    answer->expires = WallTime::max();
    answer->vector = UnitVector(random);
    partition.Put(std::move(answer));
  }
}

// `promotes`: one of 100 asks, who may read his own alone; else whatever there is.
void LooksUp(benchmark::State& state) {
  Partition partition(kDimension);
  Fill(partition, state.range(0), 100);
  const Reading reading{.reader = "user:1",
                        .promotes = state.range(1) != 0,
                        .now = WallTime() + std::chrono::seconds(1),
                        .oldest = {}};
  const std::vector<std::vector<float>> queries = Queries();
  size_t next = 0;
  for (auto _ : state) {
    const std::vector<float>& query = queries[next++ % kQueries];
    benchmark::DoNotOptimize(partition.Nearest(query, reading, kThreshold));
    if (reading.promotes) benchmark::DoNotOptimize(partition.NearestUnpromoted(query, reading));
  }
  state.SetItemsProcessed(static_cast<int64_t>(state.iterations()));
}
BENCHMARK(LooksUp)
    ->ArgNames({"answers", "promotes"})
    ->Args({10'000, 0})
    ->Args({10'000, 1})
    ->Args({100'000, 0})
    ->Args({100'000, 1});

}  // namespace
}  // namespace weir::cache
