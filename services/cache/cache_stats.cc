#include "services/cache/cache_stats.h"

namespace weir::cache {

CacheStats::CacheStats(metrics::Registry* metrics) {
  if (metrics == nullptr) return;
  hits_ = &metrics->NewCounterFamily("weir_cache_hits_total",
                                     "Answers that were served from the cache.", {"kind"});
  misses_ = &metrics->NewCounter("weir_cache_misses_total",
                                 "Requests that found no answer and were sent.");
  refused_ = &metrics->NewCounterFamily(
      "weir_cache_refused_total", "Near answers that were not used, by what spoke against them.",
      {"reason"});
  saved_ = &metrics->NewCounter("weir_cache_saved_tokens_total", "Tokens that hits did not cost.");
}

CacheStats::Counts* CacheStats::Find(const std::string& organization) {
  const auto found = counts_.find(organization);
  if (found != counts_.end()) return &found->second;
  if (counts_.size() >= kMaxOrganizations) return nullptr;
  return &counts_[organization];
}

void CacheStats::Hit(const std::string& organization, bool exact, int64_t saved) {
  if (hits_ != nullptr) {
    hits_->With({exact ? "exact" : "semantic"}).Add();
    saved_->Add(saved);
  }
  MutexLock lock(mutex_);
  Counts* const counts = Find(organization);
  if (counts == nullptr) return;
  ++(exact ? counts->exact_hits : counts->semantic_hits);
  counts->saved_tokens += saved;
}

void CacheStats::Miss(const std::string& organization) {
  if (misses_ != nullptr) misses_->Add();
  MutexLock lock(mutex_);
  if (Counts* const counts = Find(organization)) ++counts->misses;
}

void CacheStats::Refused(const std::string& organization, std::string_view reason) {
  if (refused_ != nullptr) refused_->With({reason}).Add();
  MutexLock lock(mutex_);
  if (Counts* const counts = Find(organization)) ++counts->refused[std::string(reason)];
}

void CacheStats::GateWatched(const std::string& organization) {
  Refused(organization, "gate_watching");
}

CacheStats::Counts CacheStats::Of(const std::string& organization) const {
  MutexLock lock(mutex_);
  const auto found = counts_.find(organization);
  return found == counts_.end() ? Counts() : found->second;
}

}  // namespace weir::cache
