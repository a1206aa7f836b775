#include "common/metrics/registry.h"

#include <gmock/gmock.h>

#include <limits>
#include <map>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "common/text/ascii.h"
#include "common/text/parse.h"

namespace weir::metrics {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;
using ::testing::Pair;

struct Exposition {
  std::map<std::string, double> samples;  // By name and labels as written.
  std::map<std::string, std::string> types;
  std::vector<std::string> broken;  // Lines that are none of the format.
};

// Reads back what a scraper would: # HELP, # TYPE and "name{labels} value".
Exposition Parse(const std::string& text) {
  Exposition read;
  for (std::string_view line : text::Split(text, '\n')) {
    if (line.empty() || line.starts_with("# HELP ")) continue;
    if (line.starts_with("# TYPE ")) {
      const auto pair = text::SplitOnce(line.substr(7), ' ');
      const bool is_new = pair && read.types.emplace(pair->first, pair->second).second;
      if (!is_new) read.broken.emplace_back(line);
      continue;
    }
    const size_t end = line.rfind(' ');
    const std::string_view number = line.substr(end + 1);
    const std::optional<double> value = text::ParseDouble(number);
    if (end == std::string_view::npos || !value ||
        !read.samples.emplace(line.substr(0, end), *value).second) {
      read.broken.emplace_back(line);
    }
  }
  return read;
}

TEST(RegistryTest, RendersTheTextFormat) {
  Registry registry;
  registry.NewCounter("weir_requests_total", "Requests answered.").Add(3);
  registry.NewGauge("weir_queue_length", "Waiting calls.", {{"queue", "sql"}}).Set(1.5);
  EXPECT_EQ(registry.Render(),
            "# HELP weir_queue_length Waiting calls.\n"
            "# TYPE weir_queue_length gauge\n"
            "weir_queue_length{queue=\"sql\"} 1.5\n"
            "# HELP weir_requests_total Requests answered.\n"
            "# TYPE weir_requests_total counter\n"
            "weir_requests_total 3\n");
}

TEST(RegistryTest, EveryKindReadsBack) {
  Registry registry;
  registry.NewCounter("weir_tokens_total", "Tokens.", {{"direction", "input"}}).Add(7);
  registry.NewCounter("weir_tokens_total", "Tokens.", {{"direction", "output"}}).Add(9);
  registry.NewGauge("weir_inflight", "Now.").Add(-2);
  Histogram& latency = registry.NewHistogram("weir_wait_seconds", "Waits.", {0.1, 1});
  for (double each : {0.05, 0.1, 0.5, 3.0, std::numeric_limits<double>::quiet_NaN()}) {
    latency.Observe(each);
  }
  registry.NewCounterFamily("weir_unused_total", "No series yet.", {"a"});

  const Exposition read = Parse(registry.Render());
  EXPECT_THAT(read.broken, IsEmpty());
  EXPECT_THAT(read.types,
              ElementsAre(Pair("weir_inflight", "gauge"), Pair("weir_tokens_total", "counter"),
                          Pair("weir_wait_seconds", "histogram")));
  EXPECT_THAT(
      read.samples,
      ElementsAre(Pair("weir_inflight", -2), Pair("weir_tokens_total{direction=\"input\"}", 7),
                  Pair("weir_tokens_total{direction=\"output\"}", 9),
                  Pair("weir_wait_seconds_bucket{le=\"+Inf\"}", 4),
                  Pair("weir_wait_seconds_bucket{le=\"0.1\"}", 2),
                  Pair("weir_wait_seconds_bucket{le=\"1\"}", 3), Pair("weir_wait_seconds_count", 4),
                  Pair("weir_wait_seconds_sum", 3.65)));
}

TEST(RegistryTest, KeepsCountersExactBeyondWhatSixDigitsShow) {
  Registry registry;
  registry.NewCounter("weir_tokens_total", "Tokens.").Add(123'456'789'012'345);
  EXPECT_EQ(Parse(registry.Render()).samples["weir_tokens_total"], 123'456'789'012'345.0);
}

TEST(RegistryTest, TheSameNameIsTheSameMetric) {
  Registry registry;
  Counter& one = registry.NewCounter("weir_a_total", "A.", {{"b", "c"}});
  EXPECT_EQ(&one, &registry.NewCounter("weir_a_total", "A.", {{"b", "c"}}));
  EXPECT_EQ(&one, &registry.NewCounterFamily("weir_a_total", "A.", {"b"}).With({"c"}));
  EXPECT_NE(&one, &registry.NewCounter("weir_a_total", "A.", {{"b", "d"}}));
}

TEST(RegistryTest, RefreshesBeforeAScrape) {
  Registry registry;
  Gauge& length = registry.NewGauge("weir_queue_length", "Waiting calls.");
  int scrapes = 0;
  registry.BeforeScrape([&] { length.Set(++scrapes); });
  EXPECT_THAT(registry.Render(), HasSubstr("weir_queue_length 1\n"));
  EXPECT_THAT(registry.Render(), HasSubstr("weir_queue_length 2\n"));
}

TEST(RegistryDeathTest, EndsAProgramThatMisnames) {
  Registry registry;
  registry.NewCounter("weir_a_total", "A.");
  EXPECT_DEATH(registry.NewGauge("weir_a_total", "A."), "metric 'weir_a_total' was made before");
  EXPECT_DEATH(registry.NewCounter("weir_a_total", "A.", {{"b", "c"}}), "other labels");
  EXPECT_DEATH(registry.NewCounter("weir-a", "A."), "other characters");
  EXPECT_DEATH(registry.NewCounter("0weir", "A."), "other characters");
  EXPECT_DEATH(registry.NewCounter("weir_b", "A.", {{"b.c", "c"}}), "other characters");
  EXPECT_DEATH(registry.NewHistogram("weir_h", "H.", {1, 0.5}), "do not rise");
}

TEST(FamilyTest, KeepsOneMetricForEachSetOfValues) {
  Registry registry;
  CounterFamily& blocks = registry.NewCounterFamily("weir_blocks_total", "Blocks.", {"by", "why"});
  blocks.With({"quota", "exceeded"}).Add();
  blocks.With({"quota", "exceeded"}).Add();
  blocks.With({"guard", "pii"}).Add();
  EXPECT_THAT(Parse(registry.Render()).samples,
              ElementsAre(Pair("weir_blocks_total{by=\"guard\",why=\"pii\"}", 1),
                          Pair("weir_blocks_total{by=\"quota\",why=\"exceeded\"}", 2)));
}

TEST(FamilyTest, CountsValuesBeyondTheBoundAsOther) {
  Registry registry;
  CounterFamily& models = registry.NewCounterFamily("weir_m_total", "M.", {"model", "route"}, 3);
  for (int i = 0; i < 10; ++i) models.With({"model-" + std::to_string(i), "chat"}).Add();
  models.With({"model-0", "chat"}).Add();  // Known before the bound: stays itself.
  EXPECT_THAT(Parse(registry.Render()).samples,
              ElementsAre(Pair("weir_m_total{model=\"model-0\",route=\"chat\"}", 2),
                          Pair("weir_m_total{model=\"model-1\",route=\"chat\"}", 1),
                          Pair("weir_m_total{model=\"model-2\",route=\"chat\"}", 1),
                          Pair("weir_m_total{model=\"other\",route=\"other\"}", 7)));
}

TEST(FamilyTest, CleansValuesFromOutside) {
  Registry registry;
  CounterFamily& models = registry.NewCounterFamily("weir_m_total", "M.", {"model"});
  const std::string hostile = "a\"}\n\x1b[0m\xFF" + std::string(1000, 'x');
  models.With({hostile}).Add();
  models.With({hostile}).Add();
  const std::string text = registry.Render();
  const Exposition read = Parse(text);
  EXPECT_THAT(read.broken, IsEmpty());
  ASSERT_EQ(read.samples.size(), 1U);
  EXPECT_EQ(read.samples.begin()->second, 2);
  EXPECT_LT(text.size(), 300U);
  EXPECT_THAT(text, Not(HasSubstr("\x1b")));
}

TEST(FamilyTest, HistogramsShareTheirBuckets) {
  Registry registry;
  HistogramFamily& waits =
      registry.NewHistogramFamily("weir_wait_seconds", "W.", SecondsBuckets(), {"service"});
  waits.With({"quota"}).Observe(0.02);
  const Exposition read = Parse(registry.Render());
  EXPECT_EQ(read.samples.at("weir_wait_seconds_bucket{service=\"quota\",le=\"0.01\"}"), 0);
  EXPECT_EQ(read.samples.at("weir_wait_seconds_bucket{service=\"quota\",le=\"0.02\"}"), 1);
  EXPECT_EQ(read.samples.at("weir_wait_seconds_bucket{service=\"quota\",le=\"81.92\"}"), 1);
}

TEST(InstrumentsTest, InFlightComesBackToZero) {
  Gauge gauge;
  {
    const InFlight one(gauge);
    const InFlight two(gauge);
    EXPECT_EQ(gauge.value(), 2);
  }
  EXPECT_EQ(gauge.value(), 0);
}

TEST(InstrumentsTest, LosesNothingBetweenThreads) {
  Registry registry;
  Counter& counter = registry.NewCounter("weir_a_total", "A.");
  Gauge& gauge = registry.NewGauge("weir_b", "B.");
  Histogram& histogram = registry.NewHistogram("weir_c", "C.", {1, 2});
  CounterFamily& family = registry.NewCounterFamily("weir_d_total", "D.", {"n"}, 5);
  constexpr int kThreads = 4;
  constexpr int kRounds = 5000;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < kRounds; ++i) {
        counter.Add();
        gauge.Add(0.5);
        histogram.Observe(i % 4);
        family.With({std::to_string(i % 10)}).Add();
        if (i % 1000 == 0) (void)registry.Render();
      }
    });
  }
  for (std::thread& each : threads) each.join();
  constexpr double kTotal = kThreads * kRounds;
  EXPECT_EQ(counter.value(), kTotal);
  EXPECT_EQ(gauge.value(), kTotal / 2);
  EXPECT_EQ(histogram.count(), kTotal);
  EXPECT_EQ(histogram.sum(), kTotal * 1.5);
  double sum = 0;
  for (const auto& [name, value] : Parse(registry.Render()).samples) {
    if (name.starts_with("weir_d_total")) sum += value;
  }
  EXPECT_EQ(sum, kTotal);
}

}  // namespace
}  // namespace weir::metrics
