#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <vector>

// The accounting of quota in the plainest form that fits a page: whole seconds, a map of attempts,
// nothing cached, nothing shared with the real code. The property tests run both on the same
// operations.
namespace weir::quota::model {

inline constexpr int64_t kDeadWindow = 0;
inline constexpr int64_t kUnlimited = 9'000'000'000'000'000;
inline constexpr int64_t kNever = std::numeric_limits<int64_t>::min() / 4;

enum class Algorithm { kUtc, kAnchored, kBucket };
enum class Rule { kRequests, kStrict, kAdaptive, kObserve };

struct Limit {
  Algorithm algorithm;
  Rule rule;
  int64_t capacity, count, period;
  // State. A bucket's debt is counted in 1/period of a unit.
  int64_t start = kNever, window = 0, used = 0;
  int64_t debt = 0, at = kNever;
};

struct Ask {
  int64_t requests = 1, bound = 0, likely = 0;
  std::optional<int64_t> declared, max, p95;
};

struct Attempt {
  enum State { kOpen, kLapsed, kEnded } state = kOpen;
  int body = 0, edge = 0;
  int64_t seq = 0, made = 0, lapsed_wall = 0, lapsed_mono = 0;
  int64_t reply_held = 0, covered = 0, requests = 0;
  std::optional<int64_t> reply_cap;
  std::array<int64_t, 3> leased{};    // The answer to a lease.
  std::vector<int64_t> held, output;  // By limit. -1: not part of it.
  // By limit: what was posted, and in which window for the first time.
  std::vector<int64_t> posted, window;
};

struct Answer {
  std::string kind;
  int64_t held = 0, cap = -1;
  bool operator==(const Answer&) const = default;
};

class Model {
 public:
  explicit Model(std::vector<Limit> limits) : limits_(std::move(limits)) {}

  void Advance(int64_t seconds) { mono_ += seconds, raw_wall_ += seconds, Clamp(); }
  void SetWall(int64_t step) { raw_wall_ += step, Clamp(); }
  int64_t wall() const { return raw_wall_; }
  int64_t mono() const { return mono_; }

  Answer Reserve(int key, int body, int edge, const Ask& ask, bool dry, bool under_way = false) {
    if (attempts_.contains(key)) {
      const Attempt& known = attempts_[key];
      if (known.body != body) return {"conflict"};
      return {"replayed", known.reply_held, known.reply_cap.value_or(-1)};
    }
    std::optional<int64_t> strict_output;
    int64_t wanted = 0;
    std::vector<int64_t> input(limits_.size(), -1), output(limits_.size(), 0);
    for (size_t i = 0; i < limits_.size(); ++i) {
      if (limits_[i].rule != Rule::kStrict) continue;
      const int64_t room = under_way ? kUnlimited - 1 : Room(i);
      const int64_t least = HasOutput(ask) ? 1 : 0;
      const int64_t floor = HasOutput(ask) ? 0 : 1;
      input[i] = std::max(floor, ask.bound);
      if (!under_way && Used(i) <= 0 && Held(i) == 0 && room - input[i] < least) {
        input[i] = std::max(floor, ask.likely);
      }
      const int64_t rest = room - input[i];
      const int64_t wants = Wants(ask, rest);
      const int64_t need = std::min(wants, ask.p95.value_or(16));
      if (rest < need && (Held(i) > 0 || rest < least)) return {"refused"};
      const int64_t gets = std::min(wants, rest);
      wanted = strict_output ? std::min(wanted, wants) : wants;
      strict_output = std::min(strict_output.value_or(gets), gets);
    }
    int64_t most_held = 0, most_output = 0;
    for (size_t i = 0; i < limits_.size(); ++i) {
      const Rule rule = limits_[i].rule;
      if (rule == Rule::kRequests) {
        if (!under_way && ask.requests > 0 && Room(i) < ask.requests) return {"refused"};
        if (ask.requests > 0) input[i] = ask.requests;
        continue;
      }
      if (rule == Rule::kStrict) output[i] = *strict_output;
      if (rule == Rule::kAdaptive || rule == Rule::kObserve) {
        if (!under_way && rule == Rule::kAdaptive && Room(i) <= 0) return {"refused"};
        input[i] = std::max<int64_t>(HasOutput(ask) ? 0 : 1, ask.likely);
        output[i] = ask.p95.value_or(256);
        for (const auto& bound : {ask.max, ask.declared, strict_output}) {
          output[i] = std::min(output[i], bound.value_or(output[i]));
        }
      }
      most_held = std::max(most_held, input[i] + output[i]);
      most_output = std::max(most_output, output[i]);
    }
    Attempt attempt;
    attempt.body = body, attempt.edge = edge, attempt.made = mono_;
    attempt.requests = ask.requests;
    attempt.reply_held = most_held;
    attempt.covered = strict_output.value_or(most_output);
    const bool whole = ask.declared && strict_output.value_or(0) >= *ask.declared;
    if (strict_output && HasOutput(ask) && !whole) attempt.reply_cap = strict_output;
    const bool reduced = strict_output && HasOutput(ask) && *strict_output < wanted;
    if (!dry) {
      attempt.output = output;
      attempt.posted.assign(limits_.size(), 0);
      attempt.window.assign(limits_.size(), -1);
      for (size_t i = 0; i < limits_.size(); ++i) {
        attempt.held.push_back(input[i] < 0 ? -1 : input[i] + output[i]);
        if (input[i] >= 0) Enter(i), Owe(i, attempt.held[i]);
      }
      attempts_[key] = attempt;
    }
    return {reduced ? "reduced" : "granted", most_held, attempt.reply_cap.value_or(-1)};
  }

  Answer Extend(int key, int64_t wanted) {
    if (!attempts_.contains(key) || attempts_[key].state != Attempt::kOpen) return {"no hold"};
    Attempt& attempt = attempts_[key];
    int64_t more = wanted - attempt.covered;
    if (more <= 0) return {"covered", 0, attempt.covered};
    for (size_t i = 0; i < limits_.size(); ++i) {
      if (limits_[i].rule == Rule::kStrict) more = std::min(more, Room(i));
    }
    if (more <= 0) return {"exhausted"};
    attempt.covered += more;
    for (size_t i = 0; i < limits_.size(); ++i) {
      if (limits_[i].rule == Rule::kRequests) continue;
      int64_t extra = attempt.covered - attempt.output[i];
      if (limits_[i].rule != Rule::kStrict) extra = std::min(extra, Room(i));
      if (extra <= 0) continue;
      Enter(i), Owe(i, extra);
      attempt.held[i] += extra, attempt.output[i] += extra;
    }
    return {"covered", 0, attempt.covered};
  }

  // Of requests, strict and adaptive tokens: what is granted. Empty: nothing.
  std::optional<std::array<int64_t, 3>> Lease(int key, int edge, std::array<int64_t, 3> wanted,
                                              std::array<int64_t, 3> least, bool all) {
    if (attempts_.contains(key)) {
      if (attempts_[key].state != Attempt::kOpen) return std::nullopt;
      return attempts_[key].leased;
    }
    std::array<int64_t, 3> granted{kUnlimited, kUnlimited, kUnlimited};
    for (size_t i = 0; i < limits_.size(); ++i) {
      if (limits_[i].rule == Rule::kObserve) continue;
      const size_t kind = KindOf(i);
      const int64_t share = all ? Room(i) : std::min(Room(i) / 10, (Room(i) - Held(i)) / 2);
      granted[kind] = std::min({granted[kind], wanted[kind], share});
      if (wanted[kind] > 0 && granted[kind] < std::max<int64_t>(1, least[kind])) {
        return std::nullopt;
      }
      granted[kind] = std::max<int64_t>(0, granted[kind]);
    }
    Attempt lease;
    lease.edge = edge, lease.made = mono_, lease.leased = granted;
    lease.output.assign(limits_.size(), 0);
    lease.posted.assign(limits_.size(), 0);
    lease.window.assign(limits_.size(), -1);
    for (size_t i = 0; i < limits_.size(); ++i) {
      lease.held.push_back(limits_[i].rule == Rule::kObserve ? -1 : granted[KindOf(i)]);
      if (lease.held[i] >= 0) Enter(i), Owe(i, lease.held[i]);
    }
    attempts_[key] = lease;
    return granted;
  }

  void Return(int key, std::array<int64_t, 3> keep) {
    if (!attempts_.contains(key) && keep == std::array<int64_t, 3>{}) {
      attempts_[key].state = Attempt::kEnded;
    }
    if (!attempts_.contains(key) || attempts_[key].state == Attempt::kEnded) return;
    if (keep == std::array<int64_t, 3>{}) return Release(key, false);
    Attempt& lease = attempts_[key];
    for (size_t i = 0; i < limits_.size(); ++i) {
      if (lease.held[i] < 0) continue;
      const int64_t kept = keep[KindOf(i)];
      if (lease.state == Attempt::kLapsed) {
        if (kept < lease.posted[i]) Post(lease, i, kept);
      } else if (kept < lease.held[i]) {
        Owe(i, kept - lease.held[i]);
        lease.held[i] = kept;
      }
    }
  }

  Answer Settle(int key, int64_t seq, int64_t tokens, int64_t requests, bool ledger_asked,
                int lease = -1, bool top_up = false, bool first_sent = false) {
    const bool known = attempts_.contains(key);
    const bool leased = attempts_.contains(lease) && attempts_[lease].state != Attempt::kEnded;
    const bool is_first = leased && first_sent && attempts_[lease].state == Attempt::kOpen;
    if (!known && !ledger_asked && !is_first) return {"unknown"};
    Attempt& attempt = attempts_[key];
    if (!known) {
      attempt.state = Attempt::kEnded;
      attempt.body = -1;
      attempt.posted.assign(limits_.size(), 0);
      attempt.window.assign(limits_.size(), -1);
      if (leased) {
        const bool topped_up = Draw(attempt, attempts_[lease], tokens, requests, top_up);
        attempt.seq = seq;
        return {topped_up ? "topped up" : "applied"};
      }
    }
    if (attempt.state == Attempt::kEnded && attempt.seq >= seq) return {"repeated"};
    End(attempt, tokens, requests);
    attempt.seq = seq;
    return {"applied"};
  }

  void Release(int key, bool keep) {
    if (!attempts_.contains(key) || attempts_[key].state == Attempt::kEnded) return;
    Attempt& attempt = attempts_[key];
    End(attempt, 0, keep ? attempt.requests : 0);
  }

  void Renew(int edge) { renewed_[edge] = mono_; }

  int64_t Reap() {
    int64_t ended = 0;
    for (auto& [key, attempt] : attempts_) {
      const int64_t heard = renewed_.contains(attempt.edge) ? renewed_[attempt.edge] : kNever;
      if (attempt.state != Attempt::kOpen || std::max(attempt.made, heard) + 60 > mono_) continue;
      for (size_t i = 0; i < limits_.size(); ++i) {
        if (attempt.held[i] < 0) continue;
        const bool assumed = limits_[i].rule == Rule::kStrict || limits_[i].rule == Rule::kRequests;
        EndHold(attempt, i, assumed ? attempt.held[i] : 0);
        // The first word was spoken here: a correction gives nothing back to a later window.
        if (IsCurrent(limits_[i])) attempt.window[i] = limits_[i].window;
      }
      attempt.state = Attempt::kLapsed;
      attempt.lapsed_wall = wall_, attempt.lapsed_mono = mono_;
      ++ended;
    }
    return ended;
  }

  // As of now: settled use, and the sum of the open holds.
  int64_t Used(size_t i) {
    const Limit& limit = limits_[i];
    if (limit.algorithm != Algorithm::kBucket) return IsCurrent(limit) ? limit.used : 0;
    Refill(i);
    return (limit.debt + limit.period - 1) / limit.period - Held(i);
  }
  int64_t Held(size_t i) const {
    int64_t held = 0;
    for (const auto& [key, attempt] : attempts_) {
      if (attempt.state == Attempt::kOpen && attempt.held[i] > 0) held += attempt.held[i];
    }
    return held;
  }
  int64_t Room(size_t i) { return limits_[i].capacity - Used(i) - Held(i); }
  const std::vector<Limit>& limits() const { return limits_; }

 private:
  static bool HasOutput(const Ask& ask) { return ask.max.value_or(1) > 0; }
  static int64_t Wants(const Ask& ask, int64_t rest) {
    if (!HasOutput(ask)) return 0;
    if (ask.declared) return *ask.declared;
    if (ask.max && *ask.max * 4 <= rest) return *ask.max;
    const int64_t usual = std::max<int64_t>(256, ask.p95.value_or(0));
    return ask.max ? std::min(*ask.max, usual) : usual;
  }

  size_t KindOf(size_t i) const {
    if (limits_[i].rule == Rule::kRequests) return 0;
    return limits_[i].rule == Rule::kStrict ? 1 : 2;
  }
  // What an attempt spent comes out of its lease, as if it had had that part of it from the start.
  bool Draw(Attempt& attempt, Attempt& lease, int64_t tokens, int64_t requests, bool top_up) {
    const bool lapsed = lease.state == Attempt::kLapsed;
    bool enough = top_up && !lapsed;
    for (size_t i = 0; i < limits_.size(); ++i) {
      const int64_t actual = limits_[i].rule == Rule::kRequests ? requests : tokens;
      int64_t& left = lapsed ? lease.posted[i] : lease.held[i];
      const int64_t drawn = lease.held[i] < 0 ? 0 : std::min(actual, left);
      left -= drawn;
      if (drawn > 0 && lapsed) attempt.window[i] = lease.window[i];
      if (lapsed || limits_[i].algorithm == Algorithm::kBucket) attempt.posted[i] = drawn;
      attempt.state = lease.state;
      attempt.lapsed_wall = lease.lapsed_wall, attempt.lapsed_mono = lease.lapsed_mono;
      Post(attempt, i, actual);
      attempt.state = Attempt::kEnded;  // It holds nothing: the room is that without it.
      if (lease.held[i] < 0 || actual == 0) continue;
      const int64_t share = std::min(Room(i) / 10, (Room(i) - Held(i)) / 2);
      enough = enough && drawn == actual && actual <= share;
    }
    attempt.state = Attempt::kEnded;
    for (size_t i = 0; enough && i < limits_.size(); ++i) {
      const int64_t actual = limits_[i].rule == Rule::kRequests ? requests : tokens;
      if (lease.held[i] < 0 || actual == 0) continue;
      Enter(i), Owe(i, actual);
      lease.held[i] += actual;
    }
    return enough;
  }

  void Clamp() { wall_ = std::max(wall_, raw_wall_); }
  bool IsCurrent(const Limit& limit) const {
    if (limit.start == kNever) return false;
    return limit.algorithm == Algorithm::kUtc ? wall_ / limit.period * limit.period <= limit.start
                                              : mono_ < limit.start + limit.period;
  }
  void Enter(size_t i) {
    Limit& limit = limits_[i];
    if (limit.algorithm == Algorithm::kBucket || IsCurrent(limit)) return;
    limit.start = limit.algorithm == Algorithm::kUtc ? wall_ / limit.period * limit.period : mono_;
    limit.used = 0;
    ++limit.window;
  }
  void Refill(size_t i) {
    Limit& limit = limits_[i];
    if (limit.at != kNever) {
      limit.debt = std::max<int64_t>(0, limit.debt - (mono_ - limit.at) * limit.count);
    }
    limit.at = mono_;
  }
  void Owe(size_t i, int64_t units) {
    Limit& limit = limits_[i];
    if (limit.algorithm != Algorithm::kBucket) return;
    Refill(i);
    limit.debt = std::max<int64_t>(0, limit.debt + units * limit.period);
  }
  // Makes `actual` of what the attempt has posted to this limit so far.
  void Post(Attempt& attempt, size_t i, int64_t actual) {
    Limit& limit = limits_[i];
    const int64_t more = actual - attempt.posted[i];
    // Nothing was posted, or all of it was taken back: what comes now is the first.
    if (attempt.state == Attempt::kEnded && attempt.posted[i] == 0) attempt.window[i] = -1;
    attempt.posted[i] = actual;
    if (limit.algorithm == Algorithm::kBucket) return Owe(i, more);
    if (more > 0) {
      Enter(i);
      limit.used += more;
      const int64_t lapsed =
          limit.algorithm == Algorithm::kUtc ? attempt.lapsed_wall : attempt.lapsed_mono;
      const bool too_late = attempt.state == Attempt::kLapsed && limit.start > lapsed;
      if (attempt.window[i] < 0) attempt.window[i] = too_late ? kDeadWindow : limit.window;
    } else if (IsCurrent(limit) && attempt.window[i] == limit.window) {
      limit.used += more;
    }
  }
  void EndHold(Attempt& attempt, size_t i, int64_t actual) {
    // A bucket has taken out what was held; only the difference goes back, once.
    if (limits_[i].algorithm == Algorithm::kBucket) attempt.posted[i] = attempt.held[i];
    Post(attempt, i, actual);
  }
  void End(Attempt& attempt, int64_t tokens, int64_t requests) {
    for (size_t i = 0; i < limits_.size(); ++i) {
      const bool was_part = attempt.held.empty() || attempt.held[i] >= 0;
      if (!was_part) continue;
      const int64_t actual = limits_[i].rule == Rule::kRequests ? requests : tokens;
      attempt.state == Attempt::kOpen ? EndHold(attempt, i, actual) : Post(attempt, i, actual);
    }
    attempt.state = Attempt::kEnded;
  }

  std::vector<Limit> limits_;
  std::map<int, Attempt> attempts_;
  std::map<int, int64_t> renewed_;
  int64_t mono_ = 0;
  int64_t raw_wall_ = 1'000'000, wall_ = 1'000'000;
};

}  // namespace weir::quota::model
