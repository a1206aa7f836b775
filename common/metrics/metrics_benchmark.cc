#include <benchmark/benchmark.h>

#include "common/metrics/registry.h"

namespace weir::metrics {
namespace {

void CounterAdd(benchmark::State& state) {
  static Counter counter;
  for (auto _ : state) counter.Add();
}
BENCHMARK(CounterAdd)->Threads(1)->Threads(2);

void HistogramObserve(benchmark::State& state) {
  static Histogram histogram(SecondsBuckets());
  for (auto _ : state) histogram.Observe(0.3);
}
BENCHMARK(HistogramObserve)->Threads(1)->Threads(2);

void FamilyLookUp(benchmark::State& state) {
  Registry registry;
  CounterFamily& family = registry.NewCounterFamily("weir_a_total", "A.", {"route", "model"});
  for (int i = 0; i < 100; ++i) family.With({"chat", "model-" + std::to_string(i)});
  for (auto _ : state) family.With({"chat", "model-77"}).Add();
}
BENCHMARK(FamilyLookUp);

}  // namespace
}  // namespace weir::metrics
