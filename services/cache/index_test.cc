#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

#include "services/cache/flat_index.h"
#include "services/cache/int8_dot.h"
#include "services/cache/row_index.h"

namespace weir::cache {
namespace {

constexpr size_t kDimension = 64;

std::vector<float> UnitVector(std::mt19937& random) {
  std::normal_distribution<float> normal;
  std::vector<float> vector(kDimension);
  float squares = 0;
  for (float& each : vector) {
    each = normal(random);
    squares += each * each;
  }
  for (float& each : vector) each /= std::sqrt(squares);
  return vector;
}

const auto kAny = [](uint32_t) { return true; };

TEST(DotTest, TheQuickOnesAreAsThePortableOnes) {
  std::mt19937 random(1);
  std::uniform_int_distribution<int> bytes(-127, 127);
  for (const size_t size : {32u, 64u, 256u, 1024u}) {
    std::vector<int8_t> a(size), b(size);
    std::vector<float> c(size), d(size);
    for (size_t i = 0; i < size; ++i) {
      a[i] = static_cast<int8_t>(bytes(random));
      b[i] = static_cast<int8_t>(bytes(random));
      c[i] = static_cast<float>(bytes(random)) / 127;
      d[i] = static_cast<float>(bytes(random)) / 127;
    }
    EXPECT_EQ(FastestInt8Dot()(a.data(), b.data(), size),
              Int8DotPortably(a.data(), b.data(), size));
    EXPECT_NEAR(FastestFloatDot()(c.data(), d.data(), size),
                FloatDotPortably(c.data(), d.data(), size), 1e-3);
  }
}

// The truth, by the definition.
std::vector<uint32_t> NearestOf(const std::vector<std::vector<float>>& all,
                                const std::vector<float>& query, size_t most) {
  std::vector<std::pair<double, uint32_t>> by_distance;
  for (uint32_t row = 0; row < all.size(); ++row) {
    double dot = 0;
    for (size_t i = 0; i < kDimension; ++i) dot += double{all[row][i]} * query[i];
    by_distance.emplace_back(-dot, row);
  }
  std::ranges::sort(by_distance);
  std::vector<uint32_t> rows;
  for (size_t i = 0; i < most; ++i) rows.push_back(by_distance[i].second);
  return rows;
}

std::vector<uint32_t> RowsOf(const std::vector<Neighbour>& found) {
  std::vector<uint32_t> rows;
  for (const Neighbour& each : found) rows.push_back(each.row);
  return rows;
}

TEST(FlatIndexTest, FindsTheNearest) {
  std::mt19937 random(2);
  FlatIndex index(kDimension);
  std::vector<std::vector<float>> all;
  for (uint32_t row = 0; row < 3000; ++row) {
    all.push_back(UnitVector(random));
    index.Set(row, all.back());
  }
  for (int i = 0; i < 100; ++i) {
    const std::vector<float> query = UnitVector(random);
    EXPECT_EQ(RowsOf(index.Search(query, 4, kAny)), NearestOf(all, query, 4));
  }
  EXPECT_NEAR(index.Search(all[17], 1, kAny)[0].cosine, 1, 1e-5);
}

TEST(FlatIndexTest, LeavesOutWhatIsClearedOrNotAccepted) {
  std::mt19937 random(3);
  FlatIndex index(kDimension);
  const std::vector<float> vector = UnitVector(random);
  for (uint32_t row = 0; row < 10; ++row) index.Set(row, vector);
  index.Clear(0);
  const auto odd = [](uint32_t row) { return row % 2 == 1; };
  EXPECT_THAT(RowsOf(index.Search(vector, 8, odd)), ::testing::ElementsAre(1, 3, 5, 7, 9));
  EXPECT_EQ(index.Search(vector, 20, kAny).size(), 9u);
}

// A graph that finds everything, as a flat index does.
class FlatGraph final : public Index {
 public:
  FlatGraph(std::vector<float> vectors, size_t dimension)
      : vectors_(std::move(vectors)), index_(dimension) {
    for (uint32_t row = 0; row < vectors_.size() / dimension; ++row) {
      index_.Set(row, {vectors_.data() + row * dimension, dimension});
    }
  }
  std::vector<Neighbour> Search(std::span<const float> query, size_t most,
                                Accepts accepts) const override {
    return index_.Search(query, most, accepts);
  }

 private:
  const std::vector<float> vectors_;
  FlatIndex index_;
};

class FlatGraphBuilder final : public GraphBuilder {
 public:
  std::unique_ptr<const Index> Build(std::vector<float> vectors, size_t dimension) const override {
    return std::make_unique<FlatGraph>(std::move(vectors), dimension);
  }
};

void UseGraph(RowIndex& index, RowIndex::Plan plan) {
  while (index.CopyRows(plan)) {
  }
  plan.graph = FlatGraphBuilder().Build(std::move(plan.vectors), kDimension);
  index.UseGraph(std::move(plan));
}

// Rows come and go, before, during and after graphs are made: it always finds what is there.
TEST(RowIndexTest, FindsWhatIsThereWhateverBecomesOfGraphs) {
  std::mt19937 random(4);
  RowIndex index(kDimension);
  std::map<uint32_t, std::vector<float>> live;
  std::optional<RowIndex::Plan> plan;
  for (int step = 0; step < 4000; ++step) {
    const unsigned choice = random() % 100;
    if (choice < 60 || live.empty()) {
      std::vector<float> vector = UnitVector(random);
      const uint32_t row = index.Add(vector);
      ASSERT_FALSE(live.contains(row));
      live[row] = std::move(vector);
    } else if (choice < 95) {
      const auto gone = std::next(live.begin(), static_cast<long>(random() % live.size()));
      index.Remove(gone->first);
      live.erase(gone);
    } else if (!plan) {
      if (index.WantsGraph(100)) plan = index.BeginGraph();
    } else {
      UseGraph(index, *std::move(plan));
      plan.reset();
    }
    ASSERT_EQ(index.size(), live.size());
    if (step % 20 != 0) continue;
    for (const auto& [row, vector] : live) {
      if (random() % 10 != 0) continue;
      const std::vector<Neighbour> found = index.Search(vector, 1, kAny);
      ASSERT_EQ(found.size(), 1u);
      ASSERT_EQ(found[0].row, row);
    }
    const std::vector<Neighbour> all = index.Search(UnitVector(random), 100'000, kAny);
    ASSERT_EQ(all.size(), live.size());
  }
  EXPECT_TRUE(index.has_graph());
}

}  // namespace
}  // namespace weir::cache
