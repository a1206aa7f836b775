#pragma once

#include <absl/container/flat_hash_set.h>

#include <memory>
#include <string>
#include <vector>

#include "common/api/caching_identity.h"
#include "common/api/quota.h"
#include "common/api/routing.h"
#include "common/ids/random.h"
#include "edge/http/error_body.h"
#include "edge/http/exchange.h"
#include "edge/pipeline/address_limiter.h"
#include "edge/pipeline/answer_path.h"
#include "edge/pipeline/edge_metrics.h"
#include "edge/pipeline/gate.h"
#include "edge/pipeline/good_news.h"
#include "edge/pipeline/retry_budget.h"
#include "edge/pipeline/routing_view.h"
#include "edge/pipeline/settlements.h"
#include "edge/upstream/address_policy.h"

namespace weir::edge {

// What every loop's pipeline is told at start.
struct PipelineOptions {
  bool open_auth = false;                     // Nobody is asked for a key.
  std::string open_organization = "default";  // Of callers that are let in unasked.
  size_t max_body = 16 << 20;                 // Bytes, of a request.
  size_t max_answer_buffer = 8 << 20;         // Bytes, of an answer that is read whole.
  int max_concurrent = 4096;                  // Requests of all loops together.
  AddressSet trusted_proxies;                 // Whose X-Forwarded-For counts.
  std::vector<std::string> forward_headers;   // Go upstream beside the usual ones.
  RetryBudget::Options retries;               // Of each loop.
};

// The life of a request, on one loop's thread. Nothing is registered, nothing is found at run time:
// Run() is the order of business.
class Pipeline final : public Handler {
 public:
  // All must outlive the pipeline and the requests that it answers.
  struct Deps {
    asio::io_context& loop;
    api::CachingIdentity& identity;  // Of this loop.
    api::Routing& routing;
    RoutingView& routes;
    Gate& gate;
    AnswerPath::Guards guards;  // Null: there are none, as for the next.
    AnswerCache* cache = nullptr;
    Settlements& settlements;
    Deadlines& deadlines;
    AddressLimiter& addresses;
    EdgeMetrics& metrics;  // Shared by all loops.
    const Clock& clock;
    Random& random;
  };
  Pipeline(PipelineOptions options, Deps deps);

  asio::awaitable<void> Serve(Exchange* exchange) override;
  asio::awaitable<void> Refuse(Exchange* exchange, absl::Status status) override;
  size_t max_body() const override { return options_.max_body; }

  // Ends every answer that is under way, visibly: the process is about to go.
  void CutShort();

 private:
  // A step that ends the request with a refusal of its own returns it; OK steps return none.
  using Verdict = std::optional<Refusal>;

  asio::awaitable<Verdict> Run(CallPtr call);
  Verdict Admit(const CallPtr& call);
  Verdict Match(const CallPtr& call);
  Verdict Parse(const CallPtr& call);
  asio::awaitable<absl::Status> Authenticate(CallPtr call);
  absl::Status Authorize(const Call& call) const;
  asio::awaitable<absl::Status> Plan(CallPtr call);
  asio::awaitable<Verdict> Answer(CallPtr call, Attempt::Hold hold);
  // From an answer of before, or of another who asks the same now. Where `served` is false the
  // request goes on with `hold`; else it is over.
  struct Served {
    bool served = false;
    Attempt::Hold hold;
    Verdict refused;
  };
  asio::awaitable<Served> AnswerFromBefore(CallPtr call, Gate::Admission admission);
  asio::awaitable<Served> AnswerFromCache(CallPtr call, cache::v1::LookupResponse hit,
                                          Attempt::Hold hold);
  // Leads, or waits for who does; what came of the wait, where that is an answer.
  asio::awaitable<std::optional<cache::v1::LookupResponse>> AwaitLeader(CallPtr call);
  // Ends what a call waits for: nobody wants it any more.
  static void EndWaits(Call& call);
  asio::awaitable<Verdict> TryOne(CallPtr call, Attempt* attempt);
  asio::awaitable<Verdict> AnswerError(CallPtr call, UpstreamCall* upstream, Attempt* attempt);
  // Tells routing how the attempt went; the answer does not wait for that.
  void Report(const CallPtr& call, const routing::v1::Attempt& planned, const absl::Status& outcome,
              int http_status, Duration retry_after);
  asio::awaitable<Verdict> ListModels(CallPtr call);
  asio::awaitable<void> SendRefusal(CallPtr call, Refusal refusal);
  static void TakeLeave(Call& call);
  CallPtr NewCall(Exchange* exchange) const;
  void TakeClientAddress(Call& call) const;
  void Finish(const Call& call);

  const PipelineOptions options_;
  Deps deps_;
  openai::RequestReader reader_;
  PrincipalPtr anonymous_;
  RetryBudget retries_;
  GoodNews good_news_;
  absl::flat_hash_set<Call*> running_;
};

}  // namespace weir::edge
