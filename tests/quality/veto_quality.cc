// veto_quality FILE...: what the veto makes of labelled pairs, by kind of pair.
//
// Prints the share that it got right (refused where the label is 0, kept where it is 1) with the 95
// % interval, and for what reasons it refused. --misses N prints the first N wrong verdicts of each
// kind as well, --lenient does without the rule on substitutions.

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "services/cache/veto.h"
#include "tests/quality/labelled_pairs.h"

namespace weir::cache {
namespace {

struct Settings {
  std::vector<std::string> files;
  size_t misses = 0;
  VetoRules rules;
  std::string vocabulary;  // A file; empty: none.
};

struct Tally {
  size_t pairs = 0, right = 0;
  std::map<std::string_view, size_t> reasons;
};

// By source, and whether its pairs may share an answer.
using Tallies = std::map<std::pair<std::string, bool>, Tally>;

void Judge(const LabelledPair& pair, const Settings& settings, Tallies& tallies) {
  const VetoReason reason = Veto(ReadWording(pair.a), ReadWording(pair.b), settings.rules);
  Tally& tally = tallies[{pair.source, pair.may_share}];
  ++tally.pairs;
  if (!reason.empty()) ++tally.reasons[reason];
  if (reason.empty() == pair.may_share) {
    ++tally.right;
  } else if (tally.pairs - tally.right <= settings.misses) {
    fmt::print("{} {}\n  {}\n  {}\n", pair.source,
               reason.empty() ? "kept" : std::string("refused, ").append(reason), pair.a, pair.b);
  }
}

void Print(const Tallies& tallies) {
  fmt::print("{:<38} {:>6} {:>8} {:>16}  reasons\n", "kind, and what is right", "pairs", "right",
             "95 %");
  for (const auto& [kind, tally] : tallies) {
    const auto& [source, may_share] = kind;
    const auto [low, high] = WilsonPercent(tally.right, tally.pairs);
    fmt::print("{:<38} {:>6} {:>7.1f}% {:>6.1f} to {:>5.1f}% ",
               source + (may_share ? ", keep" : ", refuse"), tally.pairs,
               100.0 * static_cast<double>(tally.right) / static_cast<double>(tally.pairs), low,
               high);
    for (const auto& [reason, count] : tally.reasons) {
      fmt::print(" {}={}", reason.substr(std::string_view("veto_").size()), count);
    }
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
    } else if (argument == "--vocabulary" && i + 1 < argc) {
      settings.vocabulary = argv[++i];
    } else {
      settings.files.emplace_back(argument);
    }
  }
  return settings;
}

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

absl::Status Run(Settings settings) {
  std::optional<StemWeights> vocabulary;
  if (!settings.vocabulary.empty()) {
    WEIR_ASSIGN_OR_RETURN(vocabulary, StemWeights::Parse(ReadFile(settings.vocabulary)));
    settings.rules.vocabulary = &*vocabulary;
  }
  Tallies tallies;
  size_t pairs = 0;
  std::chrono::duration<double, std::micro> took{};
  for (const std::string& file : settings.files) {
    WEIR_ASSIGN_OR_RETURN(const std::vector<LabelledPair> read, ReadLabelledPairs(file));
    const auto start = std::chrono::steady_clock::now();
    for (const LabelledPair& pair : read) Judge(pair, settings, tallies);
    took += std::chrono::steady_clock::now() - start;
    pairs += read.size();
  }
  Print(tallies);
  fmt::print("{} pairs, {:.1f} us each\n", pairs, took.count() / static_cast<double>(pairs));
  return absl::OkStatus();
}

}  // namespace
}  // namespace weir::cache

int main(int argc, char** argv) {
  using namespace weir::cache;
  const Settings settings = Read(argc, argv);
  if (settings.files.empty()) {
    fmt::print(stderr,
               "usage: veto_quality [--misses N] [--lenient] [--vocabulary FILE] FILE...\n");
    return 2;
  }
  const absl::Status ran = Run(settings);
  if (!ran.ok()) fmt::print(stderr, "veto_quality: {}\n", weir::status::Message(ran));
  return ran.ok() ? 0 : 1;
}
