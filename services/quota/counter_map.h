#pragma once

#include <absl/container/flat_hash_set.h>

#include <memory>
#include <string>
#include <string_view>

#include "services/quota/counter.h"
#include "services/quota/hash.h"
#include "services/quota/limit_table.h"

namespace weir::quota {

// One limit's counter for one subject. Its address is stable while `holds` is not 0.
struct CountedLimit {
  LimitPtr limit;  // As it was when it last held something: the rule that its settlements follow.
  std::string subject;
  Counter counter;
  int64_t holds = 0;  // Holds, open or lapsed, that refer to it.
};

// All counters of some organisations. Idle ones are dropped as it grows, so its size follows the
// subjects that are active. Not thread-safe.
class CounterMap {
 public:
  // nullptr: unused so far.
  CountedLimit* Find(const LimitMatch& match) const;
  // Finds or makes it, and has it follow the limit as it is now.
  CountedLimit& Open(const LimitMatch& match, Instant now);

  size_t size() const { return counters_.size(); }

 private:
  // Compared by what a limit is known by, not by the object: tables come and go.
  struct Hash {
    using is_transparent = void;
    size_t operator()(const LimitMatch& match) const {
      return HashOf(match.limit->identity_hash, match.subject);
    }
    size_t operator()(const std::unique_ptr<CountedLimit>& each) const {
      return HashOf(each->limit->identity_hash, each->subject);
    }
  };
  struct Equal {
    using is_transparent = void;
    bool operator()(const std::unique_ptr<CountedLimit>& a, const LimitMatch& b) const;
    bool operator()(const LimitMatch& a, const std::unique_ptr<CountedLimit>& b) const {
      return (*this)(b, a);
    }
    bool operator()(const std::unique_ptr<CountedLimit>& a,
                    const std::unique_ptr<CountedLimit>& b) const {
      return (*this)(a, LimitMatch{b->limit.get(), b->subject});
    }
  };

  void DropIdle(Instant now);

  absl::flat_hash_set<std::unique_ptr<CountedLimit>, Hash, Equal> counters_;
  size_t drop_idle_at_ = 1024;
};

}  // namespace weir::quota
