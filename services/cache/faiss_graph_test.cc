#include "services/cache/faiss_graph.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "services/cache/cache_for_test.h"
#include "services/cache/flat_index.h"

namespace weir::cache {
namespace {

constexpr size_t kDimension = 64;
constexpr uint32_t kRows = 5000;

// Vectors in clusters, as questions are.
class FaissGraphTest : public ::testing::Test {
 protected:
  FaissGraphTest() {
    std::normal_distribution<float> normal;
    std::vector<std::vector<float>> centres(100, std::vector<float>(kDimension));
    for (auto& centre : centres) {
      for (float& each : centre) each = normal(random_);
    }
    for (uint32_t row = 0; row < kRows; ++row) {
      std::vector<float> vector = centres[row % centres.size()];
      for (float& each : vector) each += 0.3F * normal(random_);
      Normalise(vector);
      vectors_.insert(vectors_.end(), vector.begin(), vector.end());
    }
    for (uint32_t row = 0; row < kRows; ++row) {
      flat_.Set(row, std::span(vectors_).subspan(row * kDimension, kDimension));
    }
    graph_ = FaissGraphBuilder().Build(vectors_, kDimension);
  }
  static void Normalise(std::vector<float>& vector) {
    float squares = 0;
    for (const float each : vector) squares += each * each;
    for (float& each : vector) each /= std::sqrt(squares);
  }
  // A vector near that of `row`.
  std::vector<float> Near(uint32_t row) {
    std::normal_distribution<float> normal;
    const std::span<const float> at = flat_.At(row);
    std::vector<float> vector(at.begin(), at.end());
    for (float& each : vector) each += 0.02F * normal(random_);
    Normalise(vector);
    return vector;
  }

  std::mt19937 random_{1};
  std::vector<float> vectors_;
  FlatIndex flat_{kDimension};
  std::unique_ptr<const Index> graph_;
};

TEST_F(FaissGraphTest, FindsWhatAFlatIndexFinds) {
  const auto any = [](uint32_t) { return true; };
  int same = 0;
  constexpr int kQueries = 500;
  for (int i = 0; i < kQueries; ++i) {
    const std::vector<float> query = Near(random_() % kRows);
    const std::vector<Neighbour> truth = flat_.Search(query, 8, any);
    const std::vector<Neighbour> found = graph_->Search(query, 8, any);
    ASSERT_EQ(found.size(), 8u);
    EXPECT_TRUE(std::ranges::is_sorted(found, std::greater(), &Neighbour::cosine));
    same += found[0].row == truth[0].row ? 1 : 0;
    EXPECT_NEAR(found[0].cosine, flat_.SearchAmong({&found[0].row, 1}, query, 1, any)[0].cosine,
                1e-5);
  }
  EXPECT_GE(same, kQueries * 99 / 100);
}

TEST_F(FaissGraphTest, FindsOnlyWhatIsAccepted) {
  const auto odd = [](uint32_t row) { return row % 2 == 1; };
  for (int i = 0; i < 100; ++i) {
    for (const Neighbour& each : graph_->Search(Near(random_() % kRows), 8, odd)) {
      EXPECT_EQ(each.row % 2, 1u);
    }
  }
  EXPECT_THAT(graph_->Search(Near(1), 8, [](uint32_t) { return false; }), ::testing::IsEmpty());
}

// C.5: FAISS is linked, and serves a partition that is large enough.
TEST(FaissInTheCacheTest, C_5_ALargePartitionIsSearchedByAGraph) {
  CacheConfig config;
  config.graph_from = 1000;
  CacheForTest cache(config);
  // With promotion a search goes through few rows, and needs none.
  v1::CachePolicy everybodys = TestPolicy("shared");
  everybodys.set_no_promotion(true);
  cache.Put(everybodys);
  const auto question = [](int i) { return fmt::format("What does error code {} mean?", i); };
  for (int i = 0; i < 1000; ++i) cache.Record(TestRecord(question(i), fmt::format("It {}.", i)));
  const auto partitions = cache.cache->service().engine().Partitions("acme");
  ASSERT_EQ(partitions.size(), 1u);
  for (int i = 0; i < 1000 && !partitions[0].second->HasGraph(); ++i) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  ASSERT_TRUE(partitions[0].second->HasGraph());
  cache.Record(TestRecord("Who wrote Faust?", "Goethe."));
  int hits = 0;
  for (int i = 0; i < 1000; ++i) {
    const v1::LookupResponse found =
        cache.Lookup(TestLookup(fmt::format("what does error code {} mean", i)));
    if (!found.hit()) continue;
    ++hits;
    EXPECT_EQ(found.kind(), "semantic");
    EXPECT_THAT(found.recording().body(), ::testing::HasSubstr(fmt::format("It {}.", i)));
  }
  EXPECT_GE(hits, 900);
  EXPECT_TRUE(cache.Lookup(TestLookup("who wrote faust")).hit()) << "what came since";
}

}  // namespace
}  // namespace weir::cache
