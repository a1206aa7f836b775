#include "tests/mock_upstream/ledger.h"

#include <algorithm>
#include <chrono>

#include "tests/mock_upstream/json_text.h"

namespace weir::mock {
namespace {

int64_t NowMicros() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::microseconds>(now).count();
}

void Book(const Ledger::Ending& ending, Totals& totals) {
  switch (ending.outcome) {
    case Outcome::kOpen:
      return;
    case Outcome::kFinished:
      ++totals.finished;
      totals.finished_tokens += ending.tokens;
      return;
    case Outcome::kAborted:
      ++totals.aborted;
      totals.aborted_tokens += ending.tokens;
      return;
    case Outcome::kDropped:
      ++totals.dropped;
      totals.dropped_tokens += ending.tokens;
      return;
    case Outcome::kError:
      ++totals.errors;
      return;
  }
}

}  // namespace

std::string_view OutcomeName(Outcome outcome) {
  switch (outcome) {
    case Outcome::kOpen:
      return "open";
    case Outcome::kFinished:
      return "finished";
    case Outcome::kAborted:
      return "aborted";
    case Outcome::kDropped:
      return "dropped";
    case Outcome::kError:
      return "error";
  }
  return "unknown";
}

Totals& Ledger::TotalsOf(std::string_view model) {
  if (const auto found = sums_.by_model.find(model); found != sums_.by_model.end()) {
    return found->second;
  }
  const bool full = sums_.by_model.size() >= kMaxModels;
  return sums_.by_model[full ? "(others)" : std::string(model)];
}

Ledger::Ticket Ledger::Begin(std::string_view model, std::string_view head, std::string_view body) {
  Ticket ticket{.model = std::string(model)};
  LoggedRequest entry;
  if (!log_.empty()) {  // Copied before the lock: a body may be long.
    entry.head = head;
    entry.body = Utf8Prefix(body, kBodyLimit);
    entry.body_cut = entry.body.size() < body.size();
    entry.model = model;
    entry.started_at_us = NowMicros();
  }
  std::lock_guard lock(mutex_);
  ticket.serial = ++serial_;
  ticket.epoch = epoch_;
  ++open_;
  ++sums_.all.requests;
  if (!model.empty()) ++TotalsOf(model).requests;
  if (!log_.empty()) {
    entry.serial = ticket.serial;
    std::swap(log_[ticket.serial % log_.size()], entry);
  }
  return ticket;
}

void Ledger::End(const Ticket& ticket, const Ending& ending) {
  const int64_t now = log_.empty() ? 0 : NowMicros();
  std::lock_guard lock(mutex_);
  --open_;
  if (ticket.epoch != epoch_) return;
  Book(ending, sums_.all);
  if (!ticket.model.empty()) Book(ending, TotalsOf(ticket.model));
  if (log_.empty()) return;
  LoggedRequest& entry = log_[ticket.serial % log_.size()];
  if (entry.serial != ticket.serial) return;  // The ring has gone round since.
  entry.finished_at_us = now;
  entry.outcome = ending.outcome;
  entry.status = ending.status;
  entry.tokens = ending.tokens;
  entry.frames_sent = ending.frames_sent;
}

void Ledger::Reset() {
  std::lock_guard lock(mutex_);
  ++epoch_;
  first_serial_ = serial_ + 1;
  sums_ = {};
  std::fill(log_.begin(), log_.end(), LoggedRequest());
}

int64_t Ledger::open() const {
  std::lock_guard lock(mutex_);
  return open_;
}

Ledger::Sums Ledger::sums() const {
  std::lock_guard lock(mutex_);
  return sums_;
}

std::vector<LoggedRequest> Ledger::Last(size_t limit) const {
  std::lock_guard lock(mutex_);
  std::vector<LoggedRequest> last;
  const uint64_t kept = std::min<uint64_t>({limit, log_.size(), serial_ - first_serial_ + 1});
  for (uint64_t serial = serial_ - kept + 1; serial <= serial_; ++serial) {
    last.push_back(log_[serial % log_.size()]);
  }
  return last;
}

}  // namespace weir::mock
