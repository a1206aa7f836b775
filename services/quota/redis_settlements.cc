#include "services/quota/redis_settlements.h"

#include <algorithm>
#include <boost/asio/steady_timer.hpp>
#include <iterator>

#include "services/quota/redis_wire.h"

namespace weir::quota {
namespace {

using redis::Reply;
using Arguments = std::vector<std::string>;

std::string NumbersOf(const SettleOp& op) {
  const PriorPosting prior = op.prior.value_or(PriorPosting{});
  return PackNumbers({op.seq, op.tokens, op.requests, op.prior ? 1 : 0, prior.seq, prior.tokens,
                      prior.requests, prior.posted_at_us, op.top_up ? 1 : 0,
                      op.first_sent ? 1 : 0});
}

absl::StatusOr<std::vector<SettleOutcome>> Read(const Reply& reply, size_t count) {
  ReplyReader reader(reply);
  for (int i = 0; i < 4; ++i) reader.Number();
  std::vector<SettleOutcome> outcomes(count);
  for (SettleOutcome& each : outcomes) {
    each.kind = static_cast<SettleOutcome::Kind>(reader.Number());
    const int64_t cap = reader.Number();
    if (cap >= 0) each.output_cap = cap;
    const int64_t drew = reader.Number();
    each.drew = drew >= 1;
    each.topped_up = drew == 2;
  }
  if (!reader.ok()) return status::DataLoss("the script of settlements answers too little");
  return outcomes;
}

}  // namespace

// Owned by those who wait for it and by who sends it.
struct RedisSettlements::Batch {
  explicit Batch(const asio::any_io_executor& loop)
      : due(loop), over(loop, asio::steady_timer::time_point::max()) {}
  size_t count = 0;
  Arguments limits;     // Each once.
  Arguments arguments;  // Of the settlements.
  // Where a limit stands among them: by what it is known by here, and its subject.
  absl::flat_hash_map<std::pair<LimitPtr, std::string>, size_t> places;
  asio::steady_timer due;
  bool is_over = false;
  absl::StatusOr<std::vector<SettleOutcome>> outcomes = std::vector<SettleOutcome>();
  asio::steady_timer over;
};

void RedisSettlements::Add(const SettleOp& op, Batch& batch) {
  ++batch.count;
  batch.arguments.push_back(IdBytes(op.id));
  batch.arguments.push_back(NumbersOf(op));
  batch.arguments.push_back(op.lease ? IdBytes(*op.lease) : "");
  std::string places;
  for (const LimitMatch& each : op.matches) {
    const auto [place, is_new] = batch.places.try_emplace(
        std::pair(each.limit->shared_from_this(), std::string(each.subject)), batch.places.size());
    if (is_new) AppendMatches({each}, store_.first_seen(), batch.limits);
    places.push_back(static_cast<char>(place->second & 0xff));
    places.push_back(static_cast<char>(place->second >> 8));
  }
  batch.arguments.push_back(std::move(places));
}

RedisSettlements::BatchPtr RedisSettlements::Join(const SettleOp& op) {
  const std::string organization(op.organization);
  BatchPtr& batch = batches_[organization];
  if (batch == nullptr || batch->count >= kMostAtOnce) {
    batch = std::make_shared<Batch>(loop_);
    batch->due.expires_after(kLinger);
    asio::co_spawn(loop_, SendLater(organization, batch), asio::detached);
  }
  Add(op, *batch);
  if (batch->count == kMostAtOnce) batch->due.cancel();
  return batch;
}

asio::awaitable<void> RedisSettlements::SendLater(std::string organization, BatchPtr batch) {
  co_await batch->due.async_wait(kTuple);
  const auto found = batches_.find(organization);
  if (found != batches_.end() && found->second == batch) batches_.erase(found);
  co_await Send(std::move(organization), std::move(batch));
}

asio::awaitable<void> RedisSettlements::Send(std::string organization, BatchPtr batch) {
  Arguments arguments{std::to_string(batch->count), std::to_string(batch->places.size())};
  std::ranges::move(batch->limits, std::back_inserter(arguments));
  std::ranges::move(batch->arguments, std::back_inserter(arguments));
  const absl::StatusOr<Reply> reply =
      co_await store_.Run(&store_.scripts().settle, std::move(organization), std::move(arguments));
  if (reply.ok()) {
    batch->outcomes = Read(*reply, batch->count);
  } else {
    batch->outcomes = reply.status();
  }
  batch->is_over = true;
  batch->over.cancel();
}

asio::awaitable<absl::StatusOr<SettleOutcome>> RedisSettlements::Settle(SettleOp op) {
  BatchPtr batch;
  size_t index = 0;
  if (op.lease) {
    batch = Join(op);
    index = batch->count - 1;
    while (!batch->is_over) co_await batch->over.async_wait(kTuple);
  } else {
    batch = std::make_shared<Batch>(loop_);
    Add(op, *batch);
    co_await Send(std::string(op.organization), batch);
  }
  if (!batch->outcomes.ok()) co_return batch->outcomes.status();
  co_return (*batch->outcomes)[index];
}

}  // namespace weir::quota
