#include "services/quota/counter_map.h"

#include <algorithm>

namespace weir::quota {

bool CounterMap::Equal::operator()(const std::unique_ptr<CountedLimit>& a,
                                   const LimitMatch& b) const {
  const CompiledLimit& x = *a->limit;
  const CompiledLimit& y = *b.limit;
  if (a->subject != b.subject) return false;
  return &x == &y || (x.counting_since_us == y.counting_since_us && x.name == y.name &&
                      x.organization == y.organization);
}

CountedLimit* CounterMap::Find(const LimitMatch& match) const {
  const auto found = counters_.find(match);
  return found == counters_.end() ? nullptr : found->get();
}

CountedLimit& CounterMap::Open(const LimitMatch& match, Instant now) {
  if (CountedLimit* found = Find(match)) {
    if (found->limit.get() != match.limit) found->limit = match.limit->shared_from_this();
    return *found;
  }
  if (counters_.size() >= drop_idle_at_) DropIdle(now);
  auto made = std::make_unique<CountedLimit>(CountedLimit{.limit = match.limit->shared_from_this(),
                                                          .subject = std::string(match.subject)});
  return **counters_.insert(std::move(made)).first;
}

void CounterMap::DropIdle(Instant now) {
  absl::erase_if(counters_, [now](const std::unique_ptr<CountedLimit>& each) {
    return each->holds == 0 && each->counter.IsIdle(each->limit->rule, now);
  });
  // Amortised: as many counters must come as are there before it looks again.
  drop_idle_at_ = std::max<size_t>(1024, 2 * counters_.size());
}

}  // namespace weir::quota
