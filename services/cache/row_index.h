#pragma once

#include <memory>
#include <span>
#include <vector>

#include "services/cache/flat_index.h"
#include "services/cache/index.h"

namespace weir::cache {

// A graph over vectors that does not change any more: made of many rows at once.
class GraphBuilder {
 public:
  virtual ~GraphBuilder() = default;
  // A graph over `vectors`, one behind the other, whose rows are their numbers. Takes seconds: on a
  // WorkerPool. Any thread.
  virtual std::unique_ptr<const Index> Build(std::vector<float> vectors,
                                             size_t dimension) const = 0;
};

// The index of one partition: a flat one over all rows, and where there are many a graph over those
// that were there when it was made; rows that came since are found by the flat one. For one thread
// at a time, but for Build.
class RowIndex {
 public:
  explicit RowIndex(size_t dimension) : flat_(dimension) {}

  // The row that `vector` has from now on; one that was removed may come again. `vector` must stay
  // as it is until the row is removed.
  uint32_t Add(std::span<const float> vector);
  void Remove(uint32_t row);
  size_t size() const { return live_; }

  // `least`: as FlatIndex has it.
  std::vector<Neighbour> Search(const FlatIndex::Query& query, size_t most, Accepts accepts,
                                float least = FlatIndex::kAnything) const;
  // The same among `rows` alone, whether there is a graph or not: for thousands of them.
  std::vector<Neighbour> SearchAmong(std::span<const uint32_t> rows, const FlatIndex::Query& query,
                                     size_t most, Accepts accepts,
                                     float least = FlatIndex::kAnything) const {
    return flat_.SearchAmong(rows, query, most, accepts, least);
  }

  // From `least` live rows on a graph is wanted: there is none, or an eighth of its rows are gone,
  // or as many came since.
  bool WantsGraph(size_t least) const;
  // One is about to be made: none is wanted until it is there.
  void ExpectGraph(bool expected) { expected_ = expected; }

  // A graph in the making. Rows are copied a part at a time, so that searches go on in between:
  //   Plan plan = index.BeginGraph();        (under the owner's lock, as the next two)
  //   while (index.CopyRows(plan)) {}        (each call under the lock)
  //   plan.graph = builder.Build(std::move(plan.vectors), index.dimension());   (without it)
  //   index.UseGraph(std::move(plan));
  struct Plan {
    struct Row {
      uint32_t row;
      uint64_t generation;
    };
    std::vector<Row> rows;
    size_t copied = 0;
    std::vector<float> vectors;
    std::unique_ptr<const Index> graph;
  };
  Plan BeginGraph();
  // False: all are copied.
  bool CopyRows(Plan& plan) const;
  // What came, went or changed since BeginGraph is left to the flat index.
  void UseGraph(Plan plan);
  bool has_graph() const { return graph_ != nullptr; }
  size_t dimension() const { return flat_.dimension(); }

 private:
  static constexpr uint32_t kNone = UINT32_MAX;
  void RebuildTail();

  FlatIndex flat_;
  std::vector<uint64_t> generations_;  // By row: 0 is free, else counts up with each Add.
  std::vector<uint32_t> free_;
  uint64_t last_generation_ = 0;
  size_t live_ = 0;

  bool expected_ = false;
  std::unique_ptr<const Index> graph_;
  std::vector<uint32_t> rows_of_graph_;  // By number in the graph; kNone: gone.
  std::vector<uint32_t> number_of_row_;  // By row; kNone: not in the graph.
  std::vector<uint32_t> tail_;           // Rows that are not in the graph, live or not.
  size_t dead_in_graph_ = 0;
};

}  // namespace weir::cache
