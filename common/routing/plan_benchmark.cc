#include <benchmark/benchmark.h>

#include "common/routing/planner.h"
#include "common/routing/table_fixtures.h"
#include "common/routing/table_history.h"
#include "common/testing/fake_clock.h"

namespace weir::routing {
namespace {

constexpr int kModels = 1000;

// A thousand models with two targets each, and a proxy over three of them.
std::shared_ptr<const CompiledTable> LargeTable(RouteStates& states) {
  TableBuilder builder;
  builder.AddProvider("openai").AddProvider("azure");
  for (int i = 0; i < kModels; ++i) {
    builder.AddModel(fmt::format("model-{}", i), {"openai/gpt-4o", "azure/gpt-4o"});
  }
  builder.AddRotation("turns", {"model-1", "model-2", "model-3"}, std::chrono::seconds(30));
  return CompiledTable::Compile(builder.table(), states);
}

void Plan(benchmark::State& state, std::string_view model, std::string_view proxy) {
  const SystemClock clock;
  RouteStates states;
  TableHistory tables(8);
  tables.Add(LargeTable(states));
  v1::PlanRequest request;
  request.set_organization(std::string(kAcme));
  request.set_model(std::string(model));
  request.set_proxy(std::string(proxy));
  for (auto _ : state) {
    const std::shared_ptr<const CompiledTable> table = tables.At(request.table_version());
    benchmark::DoNotOptimize(PlanOn(*table, request, clock.Monotonic()));
  }
}

void BM_PlanModel(benchmark::State& state) { Plan(state, "model-500", ""); }
BENCHMARK(BM_PlanModel);

void BM_PlanRotation(benchmark::State& state) { Plan(state, "whatever", "turns"); }
BENCHMARK(BM_PlanRotation);

void BM_PlanUnknownModel(benchmark::State& state) { Plan(state, "nope", ""); }
BENCHMARK(BM_PlanUnknownModel);

void BM_CompileTable(benchmark::State& state) {
  RouteStates states;
  for (auto _ : state) benchmark::DoNotOptimize(LargeTable(states));
}
BENCHMARK(BM_CompileTable)->Unit(benchmark::kMillisecond);

}  // namespace
}  // namespace weir::routing
