#include "services/cache/partition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <random>

#include "services/cache/flat_index.h"
#include "services/cache/int8_dot.h"

namespace weir::cache {
namespace {

constexpr size_t kDimension = 128;
constexpr WallTime kNow = WallTime() + std::chrono::hours(1);

// Near one of a few themes, so that some are near each other.
std::vector<float> ThemedVector(std::mt19937& random) {
  std::mt19937 theme(random() % 20);
  std::normal_distribution<float> normal;
  std::vector<float> vector(kDimension);
  for (float& each : vector) each = normal(theme);
  const float noise = std::uniform_real_distribution<float>(0, 1)(random);
  std::normal_distribution<float> other;
  float squares = 0;
  for (float& each : vector) {
    each += noise * other(random);
    squares += each * each;
  }
  for (float& each : vector) each /= std::sqrt(squares);
  return vector;
}

TEST(Int8DotsTest, AllAreAsThePortableOne) {
  std::mt19937 random(1);
  std::uniform_int_distribution<int> bytes(-127, 127);
  for (const Int8Dots dots : {Avx2Int8Dots(), VnniInt8Dots(), FastestInt8Dots()}) {
    if (dots == nullptr) continue;
    for (const size_t size : {32U, 64U, 96U, 256U, 512U, 1024U}) {
      for (const size_t count : {0U, 1U, 3U, 4U, 9U}) {
        std::vector<int8_t> rows(count * size), query(size);
        for (int8_t& each : rows) each = static_cast<int8_t>(bytes(random));
        for (int8_t& each : query) each = static_cast<int8_t>(bytes(random));
        std::vector<int32_t> found(count), wanted(count);
        dots(rows.data(), count, query.data(), size, found.data());
        for (size_t i = 0; i < count; ++i) {
          wanted[i] = Int8DotPortably(rows.data() + i * size, query.data(), size);
        }
        EXPECT_EQ(found, wanted) << size << " components";
      }
    }
  }
}

TEST(FlatIndexTest, LeavesOutNoneThatIsNearEnough) {
  std::mt19937 random(2);
  FlatIndex index(kDimension);
  std::vector<std::vector<float>> vectors(2000);
  for (uint32_t row = 0; row < 2000; ++row) {
    vectors[row] = ThemedVector(random);
    index.Set(row, vectors[row]);
  }
  for (uint32_t row = 0; row < 2000; row += 7) index.Clear(row);
  const auto odd = [](uint32_t row) { return row % 2 == 1; };
  for (int i = 0; i < 200; ++i) {
    const std::vector<float> query = ThemedVector(random);
    const float least = std::uniform_real_distribution<float>(0.4F, 1)(random);
    const std::vector<Neighbour> all = index.Search(query, 8, odd);
    const std::vector<Neighbour> near = index.Search(query, 8, odd, least);
    ASSERT_FALSE(near.empty());
    for (size_t k = 0; k < all.size() && all[k].cosine >= least; ++k) {
      ASSERT_LT(k, near.size());
      EXPECT_EQ(near[k].row, all[k].row);
    }
  }
}

// Most partitions have an answer or two.
TEST(FlatIndexTest, TakesLittleForFewRows) {
  std::mt19937 random(4);
  const std::vector<float> vector = ThemedVector(random);
  FlatIndex index(kDimension);
  EXPECT_EQ(index.Bytes(), 0u);
  index.Set(0, vector);
  EXPECT_LE(index.Bytes(), 4 * (kDimension + 100));
  for (uint32_t row = 1; row < 1000; ++row) index.Set(row, vector);
  EXPECT_LE(index.Bytes(), 1024 * (kDimension + 100));
}

class PartitionTest : public ::testing::Test {
 protected:
  void PutRandom() {
    auto answer = std::make_shared<Answer>();
    answer->id = std::to_string(random_() % 300);
    if (const auto known = held_.find(answer->id); known != held_.end()) {
      answer->version = known->second->version + 1;
    }
    answer->exact_key[0] = static_cast<uint8_t>(random_());
    answer->author = Reader();
    if (random_() % 4 == 0) answer->agreeing.insert(Reader());
    answer->expires = random_() % 8 == 0 ? kNow : kNow + std::chrono::hours(1);
    answer->vector = ThemedVector(random_);
    held_[answer->id] = answer;
    ASSERT_TRUE(partition_.Put(std::move(answer)));
  }
  void RemoveRandom() {
    const std::string id = std::to_string(random_() % 300);
    held_.erase(id);
    partition_.Remove(id);
  }
  std::string Reader() { return "user:" + std::to_string(random_() % 5); }

  // By the definition.
  std::vector<std::string> Readable(const std::vector<float>& query, const Reading& reading,
                                    float least) const {
    std::vector<std::pair<float, std::string>> near;
    for (const auto& [id, answer] : held_) {
      if (answer->expires <= kNow) continue;
      if (!answer->MayBeReadBy(reading.reader, reading.promotes)) continue;
      const float cosine = FloatDotPortably(answer->vector.data(), query.data(), kDimension);
      if (cosine >= least) near.emplace_back(-cosine, id);
    }
    std::ranges::sort(near);
    std::vector<std::string> ids;
    for (const auto& [cosine, id] : near) ids.push_back(id);
    if (ids.size() > Partition::kNearest) ids.resize(Partition::kNearest);
    return ids;
  }

  std::mt19937 random_{3};
  Partition partition_{kDimension};
  std::map<std::string, std::shared_ptr<const Answer>> held_;
};

TEST_F(PartitionTest, FindsWhatAReaderMayReadAndNothingElse) {
  for (int step = 0; step < 3000; ++step) {
    if (random_() % 3 == 0) {
      RemoveRandom();
    } else {
      PutRandom();
    }
    if (step % 10 != 0) continue;
    const std::string reader = Reader();
    const Reading reading{
        .reader = reader, .promotes = random_() % 2 == 0, .now = kNow, .oldest = {}};
    const std::vector<float> query = ThemedVector(random_);
    const float least = random_() % 2 == 0 ? FlatIndex::kAnything : 0.8F;
    std::vector<std::string> found;
    for (const NearAnswer& each : partition_.Nearest(query, reading, least)) {
      EXPECT_TRUE(each.answer->MayBeReadBy(reader, reading.promotes));
      EXPECT_GT(each.answer->expires, kNow);
      if (each.cosine >= least) found.push_back(each.answer->id);
    }
    ASSERT_EQ(found, Readable(query, reading, least));
  }
}

TEST_F(PartitionTest, TellsWhatWaitsForPromotion) {
  for (int i = 0; i < 100; ++i) PutRandom();
  const std::vector<float> query = ThemedVector(random_);
  const Reading reading{.reader = "user:9", .promotes = true, .now = kNow, .oldest = {}};
  const std::optional<NearAnswer> hidden = partition_.NearestUnpromoted(query, reading);
  ASSERT_TRUE(hidden.has_value());
  EXPECT_FALSE(hidden->answer->IsPromoted());
  for (const auto& [id, answer] : held_) {
    if (answer->IsPromoted() || answer->expires <= kNow) continue;
    EXPECT_LE(FloatDotPortably(answer->vector.data(), query.data(), kDimension),
              hidden->cosine + 1e-3F);
  }
}

TEST_F(PartitionTest, TellsNothingOfWhatIsGone) {
  for (int i = 0; i < 400; ++i) PutRandom();
  while (!held_.empty()) {
    partition_.Remove(held_.begin()->first);
    held_.erase(held_.begin());
  }
  const Reading reading{.reader = "user:9", .promotes = true, .now = kNow, .oldest = {}};
  EXPECT_FALSE(partition_.NearestUnpromoted(ThemedVector(random_), reading).has_value());
  EXPECT_TRUE(partition_.empty());
}

}  // namespace
}  // namespace weir::cache
