#include "services/cache/row_index.h"

#include <algorithm>
#include <utility>

namespace weir::cache {
namespace {

// Rows that are copied under one lock: about 100 us.
constexpr size_t kCopiedAtOnce = 512;
// Of the graph's rows: gone, or come since.
constexpr size_t kStaleShare = 8;

}  // namespace

uint32_t RowIndex::Add(std::span<const float> vector) {
  uint32_t row = static_cast<uint32_t>(generations_.size());
  if (free_.empty()) {
    generations_.push_back(0);
    number_of_row_.push_back(kNone);
  } else {
    row = free_.back();
    free_.pop_back();
  }
  generations_[row] = ++last_generation_;
  flat_.Set(row, vector);
  if (graph_ != nullptr) tail_.push_back(row);
  ++live_;
  return row;
}

void RowIndex::Remove(uint32_t row) {
  flat_.Clear(row);
  generations_[row] = 0;
  free_.push_back(row);
  --live_;
  const uint32_t number = std::exchange(number_of_row_[row], kNone);
  if (number == kNone) {
    // Else a row that comes and goes would be in it many times.
    std::erase(tail_, row);
    return;
  }
  rows_of_graph_[number] = kNone;
  ++dead_in_graph_;
}

std::vector<Neighbour> RowIndex::Search(const FlatIndex::Query& query, size_t most, Accepts accepts,
                                        float least) const {
  if (graph_ == nullptr) return flat_.Search(query, most, accepts, least);
  const auto accepts_number = [&](uint32_t number) {
    const uint32_t row = rows_of_graph_[number];
    return row != kNone && accepts(row);
  };
  std::vector<Neighbour> found = graph_->Search(query.vector, most, accepts_number);
  for (Neighbour& each : found) each.row = rows_of_graph_[each.row];
  const std::vector<Neighbour> newer = flat_.SearchAmong(tail_, query, most, accepts, least);
  found.insert(found.end(), newer.begin(), newer.end());
  return Nearest(std::move(found), most);
}

bool RowIndex::WantsGraph(size_t least) const {
  if (expected_ || live_ < least) return false;
  if (graph_ == nullptr) return true;
  const size_t stale = rows_of_graph_.size() / kStaleShare;
  return dead_in_graph_ > stale || tail_.size() > stale;
}

RowIndex::Plan RowIndex::BeginGraph() {
  expected_ = true;
  Plan plan;
  plan.rows.reserve(live_);
  for (uint32_t row = 0; row < generations_.size(); ++row) {
    if (generations_[row] != 0) plan.rows.push_back({row, generations_[row]});
  }
  plan.vectors.reserve(plan.rows.size() * flat_.dimension());
  return plan;
}

bool RowIndex::CopyRows(Plan& plan) const {
  const size_t end = std::min(plan.copied + kCopiedAtOnce, plan.rows.size());
  for (; plan.copied < end; ++plan.copied) {
    const std::span<const float> vector = flat_.At(plan.rows[plan.copied].row);
    plan.vectors.insert(plan.vectors.end(), vector.begin(), vector.end());
    // Zeros for what went meanwhile, which UseGraph leaves out.
    plan.vectors.resize((plan.copied + 1) * flat_.dimension());
  }
  return plan.copied < plan.rows.size();
}

void RowIndex::UseGraph(Plan plan) {
  expected_ = false;
  graph_ = std::move(plan.graph);
  rows_of_graph_.assign(plan.rows.size(), kNone);
  std::ranges::fill(number_of_row_, kNone);
  dead_in_graph_ = 0;
  for (uint32_t number = 0; number < plan.rows.size(); ++number) {
    const Plan::Row& each = plan.rows[number];
    if (generations_[each.row] == each.generation) {
      rows_of_graph_[number] = each.row;
      number_of_row_[each.row] = number;
    } else {
      ++dead_in_graph_;
    }
  }
  RebuildTail();
}

void RowIndex::RebuildTail() {
  tail_.clear();
  for (uint32_t row = 0; row < generations_.size(); ++row) {
    if (generations_[row] != 0 && number_of_row_[row] == kNone) tail_.push_back(row);
  }
}

}  // namespace weir::cache
