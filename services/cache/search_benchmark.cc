#include <benchmark/benchmark.h>

#include <cmath>
#include <map>
#include <memory>
#include <random>

#include "services/cache/faiss_graph.h"
#include "services/cache/flat_index.h"

namespace weir::cache {
namespace {

constexpr size_t kDimension = 256;

// Vectors in clusters of fifty.
std::vector<float> Clustered(uint32_t rows, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<float> normal;
  std::vector<float> vectors(rows * kDimension);
  std::vector<float> centre(kDimension);
  for (uint32_t row = 0; row < rows; ++row) {
    if (row % 50 == 0) {
      for (float& each : centre) each = normal(random);
    }
    float squares = 0;
    float* const vector = vectors.data() + row * kDimension;
    for (size_t i = 0; i < kDimension; ++i) {
      vector[i] = centre[i] + 0.3F * normal(random);
      squares += vector[i] * vector[i];
    }
    for (size_t i = 0; i < kDimension; ++i) vector[i] /= std::sqrt(squares);
  }
  return vectors;
}

void Search(benchmark::State& state, const Index& index, const std::vector<float>& vectors) {
  std::mt19937 random(7);
  const auto any = [](uint32_t) { return true; };
  for (auto _ : state) {
    const size_t row = random() % (vectors.size() / kDimension);
    benchmark::DoNotOptimize(index.Search({vectors.data() + row * kDimension, kDimension}, 8, any));
  }
}

void BM_FlatSearch(benchmark::State& state) {
  const auto rows = static_cast<uint32_t>(state.range(0));
  const std::vector<float> vectors = Clustered(rows, 1);
  FlatIndex index(kDimension);
  for (uint32_t row = 0; row < rows; ++row) {
    index.Set(row, {vectors.data() + row * kDimension, kDimension});
  }
  Search(state, index, vectors);
}
BENCHMARK(BM_FlatSearch)->Arg(1'000)->Arg(10'000)->Arg(32'768)->Arg(100'000);

void BM_GraphSearch(benchmark::State& state) {
  const std::vector<float> vectors = Clustered(static_cast<uint32_t>(state.range(0)), 1);
  const std::unique_ptr<const Index> graph = FaissGraphBuilder().Build(vectors, kDimension);
  Search(state, *graph, vectors);
}
BENCHMARK(BM_GraphSearch)->Arg(32'768);

void BM_GraphBuild(benchmark::State& state) {
  const std::vector<float> vectors = Clustered(static_cast<uint32_t>(state.range(0)), 1);
  for (auto _ : state) FaissGraphBuilder().Build(vectors, kDimension);
}
BENCHMARK(BM_GraphBuild)->Arg(32'768)->Unit(benchmark::kMillisecond)->Iterations(1);

}  // namespace
}  // namespace weir::cache
