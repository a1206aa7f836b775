// What a KiB costs: prose, and the worst there is for each recogniser.
#include <benchmark/benchmark.h>

#include <string>

#include "services/guardrails/stream_scanner.h"

namespace weir::guardrails {
namespace {

class Nowhere final : public Parts {
 public:
  void Text(std::string_view text) override { benchmark::DoNotOptimize(text.data()); }
  void Value(Kind, std::string_view head) override { benchmark::DoNotOptimize(head.data()); }
  void Tail(std::string_view) override {}
};

std::string Repeated(std::string_view text) {
  std::string all;
  while (all.size() < 4096) all += text;
  return all;
}

void Scan(benchmark::State& state, std::string_view text) {
  const std::string all = Repeated(text);
  const Vocabulary vocabulary{.entities = EntitySet::All(), .patterns = {}};
  for (auto _ : state) {
    Nowhere nowhere;
    StreamScanner scanner(vocabulary);
    scanner.Feed(all, true, nowhere);
  }
  state.counters["us_per_KiB"] =
      benchmark::Counter(static_cast<double>(state.iterations() * all.size()) / 1024.0 * 1e-6,
                         benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

BENCHMARK_CAPTURE(Scan, prose,
                  "The committee met on Tuesday to discuss the plan, and nobody could say when the "
                  "bridge would be open again; it has been closed since 2019. ");
BENCHMARK_CAPTURE(Scan, values, "Ann <ann@example.com>, +44 20 7946 0958, 4111 1111 1111 1111. ");
BENCHMARK_CAPTURE(Scan, digits, "4111 1111 ");
BENCHMARK_CAPTURE(Scan, one_long_number, "41111111111111111111");
BENCHMARK_CAPTURE(Scan, marks, "@a@b.c-+(");
BENCHMARK_CAPTURE(Scan, dashes, "-----BEGIN ");
BENCHMARK_CAPTURE(Scan, hexadecimal, "fe80:");

}  // namespace
}  // namespace weir::guardrails
