// veto_quality FILE.jsonl...: what the veto makes of labelled pairs, by kind of pair.
//
// A line is {"a": ..., "b": ..., "label": 0 or 1, "source": kind}; label 1 may share an answer, so
// that a refusal is right for 0 and wrong for 1. Prints the share refused, with the 95 % interval
// of Wilson, and the reasons. --misses N prints the first N wrong verdicts of each kind, --lenient
// does without the rule on substitutions.

#include <fmt/format.h>
#include <simdjson.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/cache/veto.h"

namespace weir::cache {
namespace {

struct Settings {
  std::vector<std::string> files;
  size_t misses = 0;
  VetoRules rules;
};

struct Tally {
  size_t pairs = 0, refused = 0, misses = 0;
  std::map<std::string_view, size_t> reasons;
};

using Tallies = std::map<std::pair<std::string, bool>, Tally>;

// The 95 % interval of a share, in percent.
std::pair<double, double> Wilson(double part, double whole) {
  constexpr double kZ = 1.96;
  const double share = part / whole;
  const double scale = 1 + kZ * kZ / whole;
  const double centre = share + kZ * kZ / (2 * whole);
  const double spread = kZ * std::sqrt(share * (1 - share) / whole + kZ * kZ / (4 * whole * whole));
  return {100 * (centre - spread) / scale, 100 * (centre + spread) / scale};
}

void Judge(simdjson::dom::element pair, const Settings& settings, Tallies& tallies) {
  const std::string_view a = pair["a"], b = pair["b"], source = pair["source"];
  const bool may_share = int64_t(pair["label"]) == 1;
  const VetoReason reason = Veto(ReadWording(a), ReadWording(b), settings.rules);
  Tally& tally = tallies[{std::string(source), may_share}];
  ++tally.pairs;
  if (!reason.empty()) ++tally.refused, ++tally.reasons[reason];
  if (reason.empty() != may_share && tally.misses++ < settings.misses) {
    fmt::print("{} {} [{}]\n  {}\n  {}\n", source, may_share ? "refused" : "kept", reason, a, b);
  }
}

bool JudgeFile(const std::string& path, const Settings& settings, Tallies& tallies) {
  simdjson::dom::parser parser;
  simdjson::dom::document_stream lines;
  if (parser.load_many(path).get(lines)) {
    fmt::print(stderr, "veto_quality: {} cannot be read\n", path);
    return false;
  }
  for (const auto line : lines) {
    simdjson::dom::element pair;
    if (line.get(pair)) return false;
    Judge(pair, settings, tallies);
  }
  return true;
}

void Print(const Tallies& tallies) {
  fmt::print("{:<38} {:>6} {:>8} {:>16}  reasons\n", "kind, and what would be right", "pairs",
             "right", "95 %");
  for (const auto& [kind, tally] : tallies) {
    const auto& [source, may_share] = kind;
    const auto pairs = static_cast<double>(tally.pairs);
    const auto right = static_cast<double>(may_share ? tally.pairs - tally.refused : tally.refused);
    const auto [low, high] = Wilson(right, pairs);
    fmt::print("{:<38} {:>6} {:>7.1f}% {:>6.1f} to {:>5.1f}% ",
               source + (may_share ? ", keep" : ", refuse"), tally.pairs, 100 * right / pairs, low,
               high);
    for (const auto& [reason, count] : tally.reasons) fmt::print(" {}={}", reason.substr(5), count);
    fmt::print("\n");
  }
}

Settings Read(int argc, char** argv) {
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--misses" && i + 1 < argc) {
      settings.misses = std::strtoul(argv[++i], nullptr, 10);
    } else if (argument == "--lenient") {
      settings.rules.substitution = false;
    } else {
      settings.files.emplace_back(argument);
    }
  }
  return settings;
}

}  // namespace
}  // namespace weir::cache

int main(int argc, char** argv) {
  using namespace weir::cache;
  const Settings settings = Read(argc, argv);
  if (settings.files.empty()) {
    fmt::print(stderr, "usage: veto_quality [--misses N] [--lenient] FILE.jsonl...\n");
    return 2;
  }
  Tallies tallies;
  const auto start = std::chrono::steady_clock::now();
  for (const std::string& file : settings.files) {
    if (!JudgeFile(file, settings, tallies)) return 1;
  }
  const std::chrono::duration<double, std::micro> took = std::chrono::steady_clock::now() - start;
  Print(tallies);
  size_t pairs = 0;
  for (const auto& [kind, tally] : tallies) pairs += tally.pairs;
  fmt::print("{} pairs, {:.1f} us each\n", pairs,
             took.count() / static_cast<double>(std::max<size_t>(1, pairs)));
  return 0;
}
