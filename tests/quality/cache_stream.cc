// cache_stream STREAM PAIRS: what a cache answers, and what of it is wrong, at a range of cuts.
//
// A line of JSON for each cut, way of deciding and source of requests: "play" is "stream" (STREAM
// through the parts that decide), "service" (through the service itself, with the policy's
// threshold as cut, 0: its own) or "table" (GPTCache's pairs among PAIRS).
#include <fmt/format.h>

#include <cstdio>
#include <iterator>
#include <string>
#include <utility>

#include "services/cache/hashed_embedder.h"
#include "tests/quality/stream_play.h"

namespace weir::cache {
namespace {

// In thousandths.
constexpr int kLeastCut = 500, kMostCut = 990, kStep = 5;
constexpr int kServiceThresholds[] = {0,   800, 820, 840, 860, 880, 900,
                                      910, 920, 930, 940, 950, 960};

struct Way {
  std::string_view name;
  Rules rules;
  bool gate;
};
constexpr Way kWays[] = {
    {"cosine", Rules::kNone, false},
    {"veto", Rules::kWithoutSubstitution, false},
    {"veto+substitution", Rules::kAll, false},
    {"gate", Rules::kNone, true},
    {"gate+veto", Rules::kWithoutSubstitution, true},
    {"gate+veto+substitution", Rules::kAll, true},
};

struct Line {
  std::string_view play, embedder, way;
  double cut;
};
void Print(const Line& line, std::string_view source, const Played& played,
           std::string_view more = "") {
  fmt::print(R"({{"play":"{}","embedder":"{}","way":"{}","cut":{},"source":"{}","requests":{},)"
             R"("exact_right":{},"exact_wrong":{},"right":{},"wrong":{}{}}})"
             "\n",
             line.play, line.embedder, line.way, line.cut, source, played.requests,
             played.exact_right, played.exact_wrong, played.right, played.wrong, more);
}

// Each way and cut; without `has_gate` those alone that need none.
template <typename Play>
void Sweep(std::string_view embedder, bool has_gate, Play play) {
  for (const Way& way : kWays) {
    if (way.gate && !has_gate) continue;
    for (int cut = kLeastCut; cut <= kMostCut; cut += kStep) {
      const double share = cut / 1000.0;
      play(Decision{.rules = way.rules, .gate = way.gate, .cut = static_cast<float>(share)},
           Line{.play = "", .embedder = embedder, .way = way.name, .cut = share});
    }
  }
}

void SweepStream(const std::vector<StreamRequest>& requests, const BuiltInModel& model,
                 const Embedder& embedder, std::string_view name, bool has_gate) {
  std::vector<std::string_view> prompts;
  for (const StreamRequest& each : requests) prompts.push_back(each.prompt);
  DecidedTexts texts(model, embedder, prompts);
  Sweep(name, has_gate, [&](const Decision& decision, Line line) {
    line.play = "stream";
    for (const auto& [source, played] : PlayStream(requests, texts, decision)) {
      Print(line, source, played);
    }
  });
}

void SweepTable(const std::vector<LabelledPair>& pairs, const BuiltInModel& model) {
  std::vector<LabelledPair> table;
  for (const LabelledPair& each : pairs) {
    if (each.source == "gptcache_mock" && each.may_share) table.push_back(each);
  }
  std::vector<std::string_view> both;
  for (const LabelledPair& each : table) both.insert(both.end(), {each.a, each.b});
  DecidedTexts texts(model, model.embedder(), both);
  Sweep("table", true, [&](const Decision& decision, Line line) {
    line.play = "table";
    Print(line, "gptcache_mock", PlayTable(table, texts, decision));
  });
}

absl::Status SweepService(const std::vector<StreamRequest>& requests) {
  for (const int threshold : kServiceThresholds) {
    const Line line{
        .play = "service", .embedder = "table", .way = "service", .cut = threshold / 1000.0};
    WEIR_ASSIGN_OR_RETURN(const ServicePlay play, PlayThroughService(requests, line.cut));
    const std::string gates = fmt::format(R"(,"partitions":{},"gates_deciding":{})",
                                          play.partitions, play.gates_deciding);
    for (const auto& [source, played] : play.played) Print(line, source, played, gates);
  }
  return absl::OkStatus();
}

absl::Status Run(const std::string& stream, const std::string& pairs_file) {
  WEIR_ASSIGN_OR_RETURN(const std::vector<StreamRequest> requests, ReadStream(stream));
  WEIR_ASSIGN_OR_RETURN(const std::vector<LabelledPair> pairs, ReadLabelledPairs(pairs_file));
  WEIR_ASSIGN_OR_RETURN(const std::unique_ptr<BuiltInModel> model, BuiltInModel::Load());
  SweepStream(requests, *model, model->embedder(), "table", true);
  SweepStream(requests, *model, HashedEmbedder(), "hashed", false);
  SweepTable(pairs, *model);
  return SweepService(requests);
}

}  // namespace
}  // namespace weir::cache

int main(int argc, char** argv) {
  if (argc != 3) {
    fmt::print(stderr, "usage: cache_stream STREAM PAIRS\n");
    return 2;
  }
  const absl::Status ran = weir::cache::Run(argv[1], argv[2]);
  if (!ran.ok()) fmt::print(stderr, "cache_stream: {}\n", weir::status::Message(ran));
  return ran.ok() ? 0 : 1;
}
