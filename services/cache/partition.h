#pragma once

#include <absl/container/flat_hash_map.h>
#include <absl/container/inlined_vector.h>

#include <cstring>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/async/mutex.h"
#include "services/cache/answer.h"
#include "services/cache/gate_trust.h"
#include "services/cache/latest_answers.h"
#include "services/cache/reader_rows.h"
#include "services/cache/row_index.h"

namespace weir::cache {

// Who asks, and what is good enough.
struct Reading {
  std::string_view reader;
  bool promotes = true;  // The policy asks for promotion.
  WallTime now;
  WallTime oldest;  // Made at this time or later.
};

// The answers to requests that may share them. Thread-safe: a search holds up only others of this
// partition.
class Partition {
 public:
  // So many of the nearest are looked at.
  static constexpr size_t kNearest = 8;

  explicit Partition(size_t dimension) : latest_(dimension), index_(dimension) {}

  // The answer to the same question: the reader's own, else the newest that it may read.
  AnswerPtr FindExact(const crypto::Digest& key, const Reading& reading) const;
  // All answers to the same question, whoever may read them.
  std::vector<AnswerPtr> SameQuestion(const crypto::Digest& key) const;
  // The nearest of those that may be found by meaning, nearest first, and that `reading` lets be
  // read. Of those whose cosine is below `least` it may leave out all but one.
  std::vector<NearAnswer> Nearest(const FlatIndex::Query& query, const Reading& reading,
                                  float least = FlatIndex::kAnything) const;
  // The nearest of those of late (LatestAnswers::kMost) that only promotion keeps from being read:
  // it tells why there is no answer, and serves none. One below `least` may be left out.
  std::optional<NearAnswer> NearestUnpromoted(const FlatIndex::Query& query, const Reading& reading,
                                              float least = FlatIndex::kAnything) const;

  // Takes the place of what has its id, if that has no higher version. False: it has.
  bool Put(AnswerPtr answer);
  // Null: there is none.
  AnswerPtr Find(const std::string& id) const;
  AnswerPtr Remove(const std::string& id);
  std::vector<AnswerPtr> All() const;
  bool empty() const;

  // A graph is wanted, from `least` rows on, where searches go through all of them: with promotion
  // they hardly do, and a graph costs seconds. One is made at a time: who will call BuildGraph,
  // which blocks for seconds, says so before, and where it will not after all.
  bool WantsGraph(size_t least) const;
  void ExpectGraph(bool expected);
  void BuildGraph(const GraphBuilder& builder);
  bool HasGraph() const;

  GateTrust& gate() { return gate_; }
  const GateTrust& gate() const { return gate_; }

 private:
  static constexpr uint32_t kNoRow = UINT32_MAX;
  struct Times {
    WallTime created, expires;
  };
  struct Held {
    AnswerPtr answer;
    uint32_t row = kNoRow;
  };
  std::vector<Neighbour> NearestRows(const FlatIndex::Query& query, const Reading& reading,
                                     float least) const ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);
  // A digest is as good as a hash.
  struct HashOfDigest {
    size_t operator()(const crypto::Digest& digest) const {
      size_t hash = 0;
      std::memcpy(&hash, digest.data(), sizeof(hash));
      return hash;
    }
  };
  AnswerPtr RemoveLocked(const std::string& id) ABSL_EXCLUSIVE_LOCKS_REQUIRED(mutex_);

  mutable Mutex mutex_;
  // By id, which is the answer's own.
  absl::flat_hash_map<std::string_view, Held> held_ ABSL_GUARDED_BY(mutex_);
  using Same = absl::InlinedVector<AnswerPtr, 1>;
  absl::flat_hash_map<crypto::Digest, Same, HashOfDigest> exact_ ABSL_GUARDED_BY(mutex_);
  std::vector<AnswerPtr> rows_ ABSL_GUARDED_BY(mutex_);  // By row; null: free.
  std::vector<Times> times_ ABSL_GUARDED_BY(mutex_);     // By row: a search asks of many.
  ReaderRows by_reader_ ABSL_GUARDED_BY(mutex_);
  LatestAnswers latest_ ABSL_GUARDED_BY(mutex_);
  RowIndex index_ ABSL_GUARDED_BY(mutex_);
  mutable bool is_searched_whole_ ABSL_GUARDED_BY(mutex_) = false;
  GateTrust gate_;
};

}  // namespace weir::cache
