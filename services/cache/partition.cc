#include "services/cache/partition.h"

#include <algorithm>
#include <utility>

namespace weir::cache {
namespace {

// Where more are promoted, a graph finds the nearest sooner.
constexpr size_t kManyRows = 16'384;

bool IsGood(const Answer& answer, const Reading& reading) {
  return answer.expires > reading.now && answer.created >= reading.oldest;
}

// The reader's own before others', the newest of equals.
bool IsBetter(const Answer& answer, const Answer* best, std::string_view reader) {
  if (best == nullptr) return true;
  const bool own = answer.author == reader, best_is_own = best->author == reader;
  if (own != best_is_own) return own;
  return answer.created > best->created;
}

}  // namespace

AnswerPtr Partition::FindExact(const crypto::Digest& key, const Reading& reading) const {
  AnswerPtr best;
  for (AnswerPtr& each : SameQuestion(key)) {
    if (!IsGood(*each, reading) || !each->MayBeReadBy(reading.reader, reading.promotes)) continue;
    if (IsBetter(*each, best.get(), reading.reader)) best = std::move(each);
  }
  return best;
}

std::vector<AnswerPtr> Partition::SameQuestion(const crypto::Digest& key) const {
  MutexLock lock(mutex_);
  const auto same = exact_.find(key);
  if (same == exact_.end()) return {};
  return {same->second.begin(), same->second.end()};
}

std::vector<Neighbour> Partition::NearestRows(const FlatIndex::Query& query, const Reading& reading,
                                              float least) const {
  const std::span<const uint32_t> promoted = by_reader_.promoted();
  const bool among_all = !reading.promotes || promoted.size() > kManyRows;
  if (among_all) is_searched_whole_ = true;
  if (!reading.promotes || (among_all && index_.has_graph())) {
    const auto accepts = [&](uint32_t row) ABSL_NO_THREAD_SAFETY_ANALYSIS {
      const Answer& answer = *rows_[row];
      return IsGood(answer, reading) && answer.MayBeReadBy(reading.reader, reading.promotes);
    };
    return index_.Search(query, kNearest, accepts, least);
  }
  const auto good = [&](uint32_t row) ABSL_NO_THREAD_SAFETY_ANALYSIS {
    const Times& times = times_[row];
    return times.expires > reading.now && times.created >= reading.oldest;
  };
  std::vector<Neighbour> found =
      index_.SearchAmong(by_reader_.OwnOf(reading.reader), query, kNearest, good, least);
  const std::vector<Neighbour> others = index_.SearchAmong(promoted, query, kNearest, good, least);
  found.insert(found.end(), others.begin(), others.end());
  return weir::cache::Nearest(std::move(found), kNearest);
}

std::vector<NearAnswer> Partition::Nearest(const FlatIndex::Query& query, const Reading& reading,
                                           float least) const {
  MutexLock lock(mutex_);
  std::vector<NearAnswer> near;
  for (const Neighbour& each : NearestRows(query, reading, least)) {
    near.push_back({.answer = rows_[each.row], .cosine = each.cosine});
  }
  return near;
}

std::optional<NearAnswer> Partition::NearestUnpromoted(const FlatIndex::Query& query,
                                                       const Reading& reading, float least) const {
  const auto accepts = [&](const Answer& answer) {
    return IsGood(answer, reading) && !answer.MayBeReadBy(reading.reader, reading.promotes);
  };
  MutexLock lock(mutex_);
  return latest_.Nearest(query, accepts, least);
}

bool Partition::Put(AnswerPtr answer) {
  MutexLock lock(mutex_);
  const auto known = held_.find(answer->id);
  if (known != held_.end() && known->second.answer->version > answer->version) return false;
  if (known != held_.end()) RemoveLocked(answer->id);
  Held held{.answer = answer};
  const bool searchable = answer->vector.size() == index_.dimension() && !answer->exact_only;
  if (searchable) {
    held.row = index_.Add(answer->vector);
    if (held.row >= rows_.size()) {
      rows_.resize(held.row + 1);
      times_.resize(held.row + 1);
    }
    rows_[held.row] = answer;
    times_[held.row] = {.created = answer->created, .expires = answer->expires};
    by_reader_.Add(held.row, *answer);
    if (!answer->IsPromoted()) latest_.Add(answer);
  }
  exact_[answer->exact_key].push_back(answer);
  held_.emplace(answer->id, std::move(held));
  return true;
}

AnswerPtr Partition::RemoveLocked(const std::string& id) {
  const auto found = held_.find(id);
  if (found == held_.end()) return nullptr;
  Held held = std::move(found->second);
  held_.erase(found);
  if (held.row != kNoRow) {
    index_.Remove(held.row);
    by_reader_.Remove(held.row, *held.answer);
    latest_.Remove(held.answer);
    rows_[held.row] = nullptr;
  }
  const auto same = exact_.find(held.answer->exact_key);
  same->second.erase(std::ranges::find(same->second, held.answer));
  if (same->second.empty()) exact_.erase(same);
  return held.answer;
}

AnswerPtr Partition::Remove(const std::string& id) {
  MutexLock lock(mutex_);
  return RemoveLocked(id);
}

AnswerPtr Partition::Find(const std::string& id) const {
  MutexLock lock(mutex_);
  const auto found = held_.find(id);
  return found == held_.end() ? nullptr : found->second.answer;
}

std::vector<AnswerPtr> Partition::All() const {
  MutexLock lock(mutex_);
  std::vector<AnswerPtr> all;
  all.reserve(held_.size());
  for (const auto& [id, held] : held_) all.push_back(held.answer);
  return all;
}

bool Partition::empty() const {
  MutexLock lock(mutex_);
  return held_.empty();
}

bool Partition::WantsGraph(size_t least) const {
  MutexLock lock(mutex_);
  return is_searched_whole_ && index_.WantsGraph(least);
}

void Partition::ExpectGraph(bool expected) {
  MutexLock lock(mutex_);
  index_.ExpectGraph(expected);
}

bool Partition::HasGraph() const {
  MutexLock lock(mutex_);
  return index_.has_graph();
}

void Partition::BuildGraph(const GraphBuilder& builder) {
  RowIndex::Plan plan;
  size_t dimension = 0;
  {
    MutexLock lock(mutex_);
    dimension = index_.dimension();
    plan = index_.BeginGraph();
  }
  for (bool more = true; more;) {
    MutexLock lock(mutex_);
    more = index_.CopyRows(plan);
  }
  plan.graph = builder.Build(std::move(plan.vectors), dimension);
  MutexLock lock(mutex_);
  index_.UseGraph(std::move(plan));
}

}  // namespace weir::cache
