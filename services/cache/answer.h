#pragma once

#include <compare>
#include <cstdint>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "common/crypto/hmac.h"
#include "common/ids/random.h"
#include "common/status/status.h"
#include "common/time/clock.h"
#include "services/cache/veto_sketch.h"
#include "weir/cache/v1/cache.pb.h"
#include "weir/cache/v1/stored.pb.h"

namespace weir::cache {

// Requests that may share answers. In this order those of an organisation are beside each other,
// and of those the ones of a policy.
struct PartitionKey {
  std::string organization;
  std::string policy;
  uint64_t epoch = 0;  // Of the policy: another one, another partition.
  std::string scope;
  std::string fingerprint;
  auto operator<=>(const PartitionKey&) const = default;
};
PartitionKey KeyOf(const v1::Partition& partition, uint64_t epoch);
v1::Partition PartitionOf(const PartitionKey& key);

// A question and its answer, as they are kept. Immutable: whoever holds one sees nothing of later
// changes. Neither text nor body is ever logged.
struct Answer {
  std::string id;
  uint64_t version = 1;  // Of two with one id the higher counts.
  PartitionKey partition;
  std::string text;
  crypto::Digest exact_key{};  // Of `text`.
  std::shared_ptr<const v1::Recording> recording;
  crypto::Digest answer_key{};     // Of `recording`.
  std::string author;              // "user:alice", "key:ID".
  std::set<std::string> agreeing;  // Who else got an equal answer.
  WallTime created, expires;
  bool exact_only = false;
  std::vector<float> vector;  // Of length 1. Empty: it cannot be found by meaning.
  std::string flight;         // Of those who waited for it; empty: none.
  // Of `text`, shared by all copies.
  std::shared_ptr<LazyVetoSketch> sketch = std::make_shared<LazyVetoSketch>();

  // Two users got equal answers. Keys that belong to no user are no more than one, however many:
  // who may make keys cannot promote what he made up.
  bool IsPromoted() const;
  // `reader` may read it. `promotes`: the policy asks for promotion.
  bool MayBeReadBy(std::string_view reader, bool promotes) const;
  // What it cost when it was made.
  int64_t Tokens() const;
  // What keeping it takes, about.
  int64_t Bytes() const;
};
using AnswerPtr = std::shared_ptr<const Answer>;

// 22 letters of base 62. Later ones are greater, by the millisecond: what is stored by id is
// appended to what is there.
std::string NewAnswerId(WallTime now, Random& random);

// As it goes into a store and comes out of it. `with_vector`: else it is made again of the text.
v1::StoredAnswer ToStored(const Answer& answer, const std::string& embedder_fingerprint,
                          bool with_vector);
// kDataLoss: it is none. Where its vector is of another embedder, it has none.
absl::StatusOr<Answer> FromStored(v1::StoredAnswer stored, const std::string& embedder_fingerprint);

}  // namespace weir::cache
