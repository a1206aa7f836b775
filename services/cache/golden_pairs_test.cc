#include <gtest/gtest.h>
#include <simdjson.h>

#include <cmath>
#include <map>
#include <numeric>
#include <string>
#include <vector>

#include "common/testing/status_matchers.h"
#include "common/text/base64.h"
#include "services/cache/model_file_for_test.h"
#include "services/cache/pair_features.h"
#include "services/cache/stem_weights.h"
#include "services/cache/verifier.h"

// golden_pairs.json says what the reference in Python makes of 40 pairs. It brings their pieces and
// those pieces' rows, so that no embedder is needed.
namespace weir::cache {
namespace {

using simdjson::dom::array;
using simdjson::dom::element;
using testing::IsOk;

constexpr size_t kDimensions = 256;

// The rows of the table that the pairs need.
class GoldenTable {
 public:
  explicit GoldenTable(array pieces) {
    for (const element piece : pieces) {
      const uint64_t id = piece["id"];
      rows_[id] = text::Base64Decode(std::string_view(piece["row"])).value();
      counts_[id] = bool(piece["counts"]);
    }
  }

  std::vector<Piece> Pieces(array ids) const {
    std::map<uint64_t, Piece> distinct;
    for (const uint64_t id : ids) {
      if (counts_.at(id)) distinct[id] = {.row = Row(id), .norm = Norm(Row(id))};
    }
    std::vector<Piece> pieces;
    for (const auto& [id, piece] : distinct) pieces.push_back(piece);
    return pieces;
  }

  std::vector<double> Sum(array ids) const {
    std::vector<double> sum(kDimensions);
    for (const uint64_t id : ids) {
      for (size_t i = 0; i < kDimensions; ++i) sum[i] += Row(id)[i];
    }
    return sum;
  }

 private:
  std::span<const int8_t> Row(uint64_t id) const {
    return {reinterpret_cast<const int8_t*>(rows_.at(id).data()), kDimensions};
  }

  static float Norm(std::span<const int8_t> row) {
    double sum = 0;
    for (const int8_t each : row) sum += double{1} * each * each;
    return static_cast<float>(std::sqrt(sum));
  }

  std::map<uint64_t, std::string> rows_;
  std::map<uint64_t, bool> counts_;
};

double Dot(const std::vector<double>& a, const std::vector<double>& b) {
  return std::inner_product(a.begin(), a.end(), b.begin(), 0.0);
}

float Cosine(const std::vector<double>& a, const std::vector<double>& b) {
  return static_cast<float>(Dot(a, b) / std::sqrt(Dot(a, a) * Dot(b, b)));
}

TEST(GoldenPairsTest, FeaturesAndScoresAreThoseOfTheReference) {
  const auto verifier = Verifier::Parse(ModelFile("verifier.json"));
  const auto weights = StemWeights::Parse(ModelFile("idf.json"));
  ASSERT_THAT(verifier, IsOk());
  ASSERT_THAT(weights, IsOk());
  simdjson::dom::parser parser;
  const simdjson::padded_string json(ModelFile("golden_pairs.json"));
  const element golden = parser.parse(json);
  const GoldenTable table{array(golden["pieces"])};

  size_t pairs = 0, same_scores = 0;
  for (const element pair : array(golden["pairs"])) {
    const std::string_view a = pair["a"];
    const std::string_view b = pair["b"];
    SCOPED_TRACE(std::string(a) + " | " + std::string(b));
    const array a_ids = pair["a_ids"];
    const array b_ids = pair["b_ids"];
    const Alignment alignment =
        Align(table.Pieces(a_ids), table.Pieces(b_ids), Cosine(table.Sum(a_ids), table.Sum(b_ids)),
              verifier->median_norm());
    const PairFeatures features =
        Compare(ReadQuestion(a, *weights), ReadQuestion(b, *weights), alignment);
    size_t at = 0;
    for (const double want : array(pair["features"])) {
      // The reference is rounded to five digits.
      EXPECT_NEAR(features[at], want, 2e-5) << kFeatureNames[at];
      ++at;
    }
    EXPECT_EQ(at, features.size());
    same_scores += std::abs(verifier->Score(features) - double(pair["score"])) < 1e-4 ? 1 : 0;
    EXPECT_NEAR(verifier->Score(features), double(pair["score"]), 0.1);
    ++pairs;
  }
  EXPECT_EQ(pairs, 40u);
  // Some trees split at 1 - 1e-7 of a cosine of equal pieces, where the last bit of whoever adds up
  // decides; in two pairs it decides otherwise here.
  EXPECT_EQ(same_scores, 38u);
}

}  // namespace
}  // namespace weir::cache
