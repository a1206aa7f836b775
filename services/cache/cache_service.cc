#include "services/cache/cache_service.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "common/log/log.h"
#include "common/status/bad_fields.h"
#include "common/time/proto_time.h"
#include "services/cache/answer_text.h"
#include "services/cache/exact_text.h"

namespace weir::cache {
namespace {

constexpr std::string_view kSemanticMark = ".s";
// Answers that are over and go in one tick.
constexpr size_t kExpiredAtOnce = 1000;
// Who is remembered to agree with an answer.
constexpr size_t kMaxAgreeing = 16;
constexpr Duration kSecond = std::chrono::seconds(1);

void Require(std::string_view path, bool there, status::BadFields& bad) {
  if (!there) bad.Add(path, "is empty");
}

absl::Status CheckPartition(const v1::Partition& partition) {
  status::BadFields bad;
  Require("partition.organization", !partition.organization().empty(), bad);
  Require("partition.policy", !partition.policy().empty(), bad);
  Require("partition.fingerprint", !partition.fingerprint().empty(), bad);
  return bad.ToStatus();
}

absl::Status CheckReader(std::string_view path, std::string_view reader) {
  status::BadFields bad;
  Require(path, !reader.empty(), bad);
  return bad.ToStatus();
}

v1::LookupResponse Miss(std::string_view reason) {
  v1::LookupResponse response;
  response.set_reason(std::string(reason));
  return response;
}

v1::LookupResponse Hit(const Answer& answer, bool exact, double similarity, WallTime now) {
  v1::LookupResponse response;
  response.set_hit(true);
  response.set_entry_id(TellId(answer.id, exact));
  response.set_kind(exact ? "exact" : "semantic");
  response.set_similarity(similarity);
  *response.mutable_age() = ToProto(now - answer.created);
  *response.mutable_recording() = *answer.recording;
  return response;
}

// Why an identical question that is there does not answer; empty: it is not there.
std::string WhyNotExact(const std::vector<AnswerPtr>& same, const Reading& reading) {
  if (same.empty()) return "";
  const bool good = std::ranges::any_of(same, [&](const AnswerPtr& each) {
    return each->expires > reading.now && each->created >= reading.oldest;
  });
  return good ? "not_promoted" : "expired";
}

std::string_view AsText(const crypto::Digest& digest) {
  return {reinterpret_cast<const char*>(digest.data()), digest.size()};
}

Duration OrZero(const google::protobuf::Duration& duration) {
  return FromProto(duration).value_or(Duration::zero());
}

}  // namespace

std::string TellId(const std::string& id, bool exact) {
  return exact ? id : id + std::string(kSemanticMark);
}

ToldId ReadId(std::string_view told) {
  const bool semantic = told.ends_with(kSemanticMark);
  if (semantic) told.remove_suffix(kSemanticMark.size());
  return {.id = std::string(told), .exact = !semantic};
}

CacheService::CacheService(Deps deps)
    : deps_(deps),
      finder_(deps.judge),
      stats_(deps.metrics),
      ids_(deps.random),
      flights_({.clock = deps.clock,
                .random = deps.random,
                .leases = deps.leases,
                .metrics = deps.metrics}) {
  if (deps_.metrics == nullptr) return;
  entries_ = &deps_.metrics->NewGauge("weir_cache_entries", "Answers that are kept in memory.");
  bytes_ = &deps_.metrics->NewGauge("weir_cache_bytes", "What they take, about.");
}

absl::StatusOr<CacheService::Place> CacheService::PlaceOf(const v1::Partition& partition) const {
  WEIR_RETURN_IF_ERROR(CheckPartition(partition));
  Place place{.policies = deps_.policies.Current()};
  if (place.policies != nullptr) {
    place.policy = place.policies->Find(partition.organization(), partition.policy());
  }
  if (place.policy == nullptr) {
    return status::FailedPrecondition("cache policy '{}' of organisation '{}' is not known here",
                                      partition.policy(), partition.organization());
  }
  place.key = KeyOf(partition, place.policy->epoch);
  return place;
}

asio::awaitable<Direction> CacheService::DirectionOf(std::string text, MonotonicTime deadline) {
  // The rules compare no longer ones, so that a direction would be of no use.
  if (text.size() > kMaxQuestionBytes) co_return std::nullopt;
  absl::StatusOr<Direction> direction = co_await deps_.directions.Of(std::move(text), deadline);
  if (direction.ok()) co_return *std::move(direction);
  log::Debug("cache.embedder.failed", {{"reason", status::Message(direction.status())}});
  co_return std::nullopt;
}

asio::awaitable<absl::StatusOr<v1::LookupResponse>> CacheService::Lookup(
    api::CallContext call, v1::LookupRequest request) {
  WEIR_CO_RETURN_IF_ERROR(CheckReader("reader", request.reader()));
  WEIR_CO_ASSIGN_OR_RETURN(const Place place, PlaceOf(request.partition()));
  if (request.text().size() > kMaxTextBytes) co_return Miss("too_long");
  const std::shared_ptr<Partition> partition = deps_.engine.Find(place.key);
  if (partition == nullptr) co_return Miss("empty");
  const WallTime now = deps_.clock.Now();
  const Reading reading{
      .reader = request.reader(),
      .promotes = place.policy->promotes,
      .now = now,
      .oldest = request.has_max_age() ? now - OrZero(request.max_age()) : WallTime()};
  const crypto::Digest key = ExactKey(request.text());
  if (const AnswerPtr exact = partition->FindExact(key, reading)) {
    co_return Hit(*exact, /*exact=*/true, 1, now);
  }
  std::string why = WhyNotExact(partition->SameQuestion(key), reading);
  if (request.exact_only() || place.policy->exact_only) {
    co_return Miss(why.empty() ? "empty" : why);
  }
  Direction direction = co_await DirectionOf(request.text(), call.deadline);
  if (!direction) co_return Miss(why.empty() ? "empty" : why);
  const std::vector<Considered> considered =
      finder_.Consider(*partition, *place.policy, request.text(), *direction, reading);
  const Considered* const serving = Serving(considered);
  if (serving == nullptr) {
    if (!request.has_max_age()) {
      near_memory_.Put(
          partition, key, request.reader(),
          {.verdicts = VerdictsOf(considered, key), .direction = *std::move(direction)});
    }
    co_return Miss(why.empty() ? WhyNot(considered) : why);
  }
  co_return Hit(*serving->answer, /*exact=*/false, serving->cosine, now);
}

asio::awaitable<absl::StatusOr<v1::ConfirmResponse>> CacheService::Confirm(
    api::CallContext, v1::ConfirmRequest request) {
  WEIR_CO_ASSIGN_OR_RETURN(const Place place, PlaceOf(request.partition()));
  const ToldId told = ReadId(request.entry_id());
  const AnswerPtr answer = deps_.engine.Hit(place.key, told.id);
  // It was served, also where it is gone by now.
  const double saved =
      answer == nullptr ? 0 : static_cast<double>(answer->Tokens()) * (1 - place.policy->hit_share);
  stats_.Hit(place.key.organization, told.exact, static_cast<int64_t>(saved));
  co_return v1::ConfirmResponse();
}

std::string CacheService::FlightOf(const PartitionKey& key, const std::string& text,
                                   const std::string& principal) const {
  const crypto::Digest question = ExactKey(text);
  std::string all = fmt::format("{}", key.epoch);
  // No part can pass for two: its length stands before it.
  for (const std::string_view part :
       {std::string_view(key.organization), std::string_view(key.policy),
        std::string_view(key.scope), std::string_view(key.fingerprint), AsText(question),
        std::string_view(principal)}) {
    fmt::format_to(std::back_inserter(all), " {}:", part.size());
    all.append(part);
  }
  return crypto::ToBytes(crypto::Sha256(all));
}

asio::awaitable<absl::StatusOr<v1::LeadResponse>> CacheService::Lead(api::CallContext call,
                                                                     v1::LeadRequest request) {
  WEIR_CO_RETURN_IF_ERROR(CheckReader("principal", request.principal()));
  WEIR_CO_ASSIGN_OR_RETURN(const Place place, PlaceOf(request.partition()));
  v1::LeadResponse response;
  if (!place.policy->single_flight) co_return response;
  std::string flight = FlightOf(place.key, request.text(), request.principal());
  const LeadOutcome outcome =
      co_await flights_.Lead(place.key.organization, std::move(flight), call.deadline);
  response.set_lease_id(outcome.lease_id);
  if (outcome.recording != nullptr) {
    *response.mutable_recording() = *outcome.recording;
  } else {
    stats_.Miss(place.key.organization);
  }
  co_return response;
}

asio::awaitable<absl::StatusOr<v1::RenewResponse>> CacheService::Renew(api::CallContext,
                                                                       v1::RenewRequest request) {
  v1::RenewResponse response;
  const bool held = co_await flights_.Renew(request.organization(), request.lease_id());
  response.set_held(held);
  co_return response;
}

asio::awaitable<absl::StatusOr<v1::ReleaseResponse>> CacheService::Release(
    api::CallContext, v1::ReleaseRequest request) {
  co_await flights_.Release(request.organization(), request.lease_id());
  co_return v1::ReleaseResponse();
}

std::string CacheService::WhyNotKept(const Place& place, const v1::RecordRequest& request) const {
  if (request.pass_on_only()) return "pass_on_only";
  if (request.recording().body().empty()) return "empty_body";
  if (request.recording().body().size() > kMaxBodyBytes) return "body_too_large";
  if (request.text().empty()) return "no_question";
  if (request.text().size() > kMaxTextBytes) return "too_long";
  if (request.has_ttl() && OrZero(request.ttl()) <= Duration::zero()) return "no_time";
  if (place.policy->ttl <= Duration::zero()) return "no_time";
  return "";
}

std::string CacheService::NewId(WallTime now) {
  MutexLock lock(ids_mutex_);
  return NewAnswerId(now, ids_);
}

Answer CacheService::MakeAnswer(const Place& place, v1::RecordRequest request, std::string flight) {
  const WallTime now = deps_.clock.Now();
  Duration ttl = place.policy->ttl;
  if (request.has_ttl()) ttl = std::min(ttl, OrZero(request.ttl()));
  Answer answer{.id = NewId(now),
                .partition = place.key,
                .text = request.text(),
                .exact_key = ExactKey(request.text()),
                .author = request.author(),
                .created = now,
                .expires = now + ttl,
                .exact_only = request.exact_only() || place.policy->exact_only,
                .flight = std::move(flight)};
  answer.answer_key = AnswerKey(request.recording());
  answer.recording = std::make_shared<const v1::Recording>(std::move(*request.mutable_recording()));
  return answer;
}

asio::awaitable<absl::StatusOr<v1::RecordResponse>> CacheService::Record(
    api::CallContext call, v1::RecordRequest request) {
  WEIR_CO_RETURN_IF_ERROR(CheckReader("author", request.author()));
  WEIR_CO_ASSIGN_OR_RETURN(const Place place, PlaceOf(request.partition()));
  v1::RecordResponse response;
  response.set_reason(WhyNotKept(place, request));
  const bool keeps = response.reason().empty();
  std::string lease_id = request.lease_id();
  if (!place.policy->single_flight) stats_.Miss(place.key.organization);
  Answer fresh = MakeAnswer(place, std::move(request), "");
  if (!lease_id.empty()) {
    fresh.flight = flights_.Land(place.key.organization, lease_id, fresh.recording, keeps);
  }
  if (!keeps) {
    DropLease(fresh.flight, lease_id);
    co_return response;
  }
  std::shared_ptr<Partition> partition = deps_.engine.Find(place.key);
  std::optional<NearThings> known;
  if (partition != nullptr) known = near_memory_.Take(partition, fresh.exact_key, fresh.author);
  if (!fresh.exact_only) {
    Direction direction;
    if (known) {
      direction = std::move(known->direction);
    } else {
      direction = co_await DirectionOf(fresh.text, call.deadline);
      partition = deps_.engine.Find(place.key);  // As it is by now.
    }
    if (direction) fresh.vector = *std::move(direction);
  }
  if (partition != nullptr) {
    Learn(place, *partition, fresh, known);
    Agree(place, *partition, fresh);
    Supersede(*partition, fresh);
  }
  std::string flight = fresh.flight;
  Keep(std::make_shared<const Answer>(std::move(fresh)));
  DropLease(std::move(flight), std::move(lease_id));
  response.set_stored(true);
  co_return response;
}

void CacheService::DropLease(std::string flight, std::string lease_id) {
  if (deps_.leases == nullptr || flight.empty()) return;
  deps_.leases->Drop(std::move(flight), std::move(lease_id));
}

std::vector<NearVerdict> CacheService::Near(const Place& place, const Partition& partition,
                                            const Answer& fresh, std::optional<NearThings>& known) {
  const bool misses_too = near_misses_.Take(deps_.clock.Monotonic());
  if (known && !misses_too) return std::move(known->verdicts);
  const Reading reading{.reader = fresh.author,
                        .promotes = place.policy->promotes,
                        .now = fresh.created,
                        .oldest = {}};
  const std::vector<Considered> considered =
      finder_.Consider(partition, *place.policy, fresh.text, fresh.vector, reading,
                       misses_too ? Finder::kNearMisses : Finder::kNone, Finder::Until::kEnd);
  return VerdictsOf(considered, fresh.exact_key);
}

void CacheService::Learn(const Place& place, Partition& partition, const Answer& fresh,
                         std::optional<NearThings>& known) {
  if (fresh.vector.empty()) return;
  for (const NearVerdict& each : Near(place, partition, fresh, known)) {
    const bool refused = !each.reason.empty() && each.reason != "below_cut";
    if (refused) stats_.Refused(place.key.organization, each.reason);
    if (!each.teaches) continue;
    partition.gate().Learn(each.gate_refuses, each.answer_key == fresh.answer_key);
    if (each.gate_refuses && each.reason != "gate") stats_.GateWatched(place.key.organization);
  }
}

void CacheService::Agree(const Place& place, const Partition& partition, Answer& fresh) {
  if (!place.policy->promotes) return;
  for (const AnswerPtr& each : partition.SameQuestion(fresh.exact_key)) {
    if (each->answer_key != fresh.answer_key || each->expires <= fresh.created) continue;
    fresh.agreeing.insert(each->agreeing.begin(), each->agreeing.end());
    fresh.agreeing.insert(each->author);
    if (each->author == fresh.author || each->IsPromoted()) continue;
    auto agreed = std::make_shared<Answer>(*each);
    ++agreed->version;
    agreed->agreeing.insert(fresh.author);
    Keep(std::move(agreed));
  }
  fresh.agreeing.erase(fresh.author);
  while (fresh.agreeing.size() > kMaxAgreeing) fresh.agreeing.erase(fresh.agreeing.begin());
}

void CacheService::Supersede(const Partition& partition, const Answer& fresh) {
  std::vector<AnswerPtr> gone;
  for (const AnswerPtr& each : partition.SameQuestion(fresh.exact_key)) {
    if (each->author != fresh.author) continue;
    if (AnswerPtr removed = deps_.engine.Remove(each->id)) gone.push_back(std::move(removed));
  }
  Discard(gone);
}

void CacheService::Keep(AnswerPtr answer) {
  const Directions& directions = deps_.directions;
  deps_.store.Put(ToStored(*answer, directions.fingerprint(), directions.is_remote()));
  Discard(deps_.engine.Put(std::move(answer)));
}

void CacheService::Discard(const std::vector<AnswerPtr>& gone) {
  for (const AnswerPtr& each : gone) {
    deps_.store.Forget(each->partition.organization, each->id);
  }
}

int64_t CacheService::Forget(const std::string& organization, Engine::Which which) {
  const std::vector<AnswerPtr> gone = deps_.engine.RemoveIf(organization, which);
  flights_.Forget(organization);
  Discard(gone);
  return static_cast<int64_t>(gone.size());
}

int64_t CacheService::DropUseless() {
  const std::shared_ptr<const PolicySet> policies = deps_.policies.Current();
  if (policies == nullptr) return 0;
  const auto useless = [&policies](const Answer& answer) {
    const Policy* const policy =
        policies->Find(answer.partition.organization, answer.partition.policy);
    // Of a later epoch: another replica has seen a change that comes here soon.
    return policy == nullptr || answer.partition.epoch < policy->epoch;
  };
  const std::vector<AnswerPtr> gone = deps_.engine.RemoveIf("", useless);
  Discard(gone);
  return static_cast<int64_t>(gone.size());
}

std::shared_ptr<api::CacheEvents> CacheService::Watch(v1::WatchRequest,
                                                      asio::any_io_executor executor) {
  return deps_.policies.Watch(std::move(executor));
}

asio::awaitable<absl::Status> CacheService::Load() {
  const absl::Status loaded =
      co_await deps_.store.Load([this](v1::StoredAnswer stored) { OnPut(std::move(stored)); });
  DropUseless();
  SetGauges();
  co_return loaded;
}

void CacheService::OnPut(v1::StoredAnswer stored) {
  absl::StatusOr<Answer> answer = FromStored(std::move(stored), deps_.directions.fingerprint());
  if (!answer.ok() || answer->expires <= deps_.clock.Now()) return;
  if (answer->vector.empty() && !answer->exact_only && answer->text.size() <= kMaxQuestionBytes) {
    Direction direction = deps_.directions.AtOnce(answer->text);
    if (direction) answer->vector = *std::move(direction);
  }
  auto kept = std::make_shared<const Answer>(*std::move(answer));
  const std::string flight = kept->flight;
  const std::shared_ptr<const v1::Recording> recording = kept->recording;
  // What does not fit here is still kept elsewhere.
  deps_.engine.Put(std::move(kept));
  if (!flight.empty()) flights_.LandFromAfar(flight, recording);
}

void CacheService::OnForget(const std::string& organization, const std::string& id) {
  deps_.engine.Remove(id);
  flights_.Forget(organization);
}

void CacheService::OnGap(const std::function<bool(const std::string& id)>& is_kept) {
  deps_.engine.RemoveIf("", [&is_kept](const Answer& answer) { return !is_kept(answer.id); });
}

void CacheService::SetGauges() {
  if (entries_ == nullptr) return;
  const ValueOrder::Totals totals = deps_.engine.totals();
  entries_->Set(static_cast<double>(totals.entries));
  bytes_->Set(static_cast<double>(totals.bytes));
}

asio::awaitable<void> CacheService::Run(Timers& timers, Duration heartbeat) {
  MonotonicTime next_beat = deps_.clock.Monotonic() + heartbeat;
  MonotonicTime next_sweep = deps_.clock.Monotonic() + kSecond;
  for (;;) {
    co_await SleepFor(timers, Flights::kTick);
    co_await flights_.Tick();
    const MonotonicTime now = deps_.clock.Monotonic();
    if (now >= next_beat) {
      deps_.policies.Beat();
      deps_.store.WriteSoon();
      next_beat = now + heartbeat;
    }
    if (now >= next_sweep) {
      // Stores drop what is over by themselves.
      deps_.engine.RemoveExpired(deps_.clock.Now(), kExpiredAtOnce);
      SetGauges();
      next_sweep = now + kSecond;
    }
  }
}

}  // namespace weir::cache
