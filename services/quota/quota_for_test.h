#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "common/status/detail.h"
#include "common/testing/fake_clock.h"
#include "common/testing/run.h"
#include "common/testing/status_matchers.h"
#include "services/quota/limits_for_test.h"
#include "services/quota/memory_ledger.h"
#include "services/quota/memory_limit_store.h"
#include "services/quota/memory_windows.h"
#include "services/quota/quota_admin.h"
#include "services/quota/quota_face.h"
#include "services/quota/quota_service.h"

namespace weir::quota {

using testing::IsOk;
using testing::RunUntilDone;
using testing::StatusIs;

// The hot state and the service over it: what a restart loses.
struct Running {
  Running(const QuotaConfig& config, const Clock& clock, const LiveLimits& limits, Ledger& ledger)
      : windows(config, clock),
        writer(config, ledger),
        service(config, {.windows = windows,
                         .limits = limits,
                         .sink = writer,
                         .ledger = ledger,
                         .workers = workers,
                         .clock = clock}) {}
  MemoryWindows windows;
  WorkerPool workers{"quota-test", 1, 100};
  LedgerWriter writer;
  QuotaService service;
};

// A whole quota service on a clock that the test moves. Starts on 2025-11-21 10:00:00 UTC.
class QuotaForTest {
 public:
  explicit QuotaForTest(const std::vector<LimitSpec>& specs = {}) {
    config.ledger_linger = Duration(0);
    for (const LimitSpec& each : specs) Put(LimitOf(each));
    Restart();
  }

  void Put(const v1::Limit& limit) {
    EXPECT_THAT(store.Put({.limit = limit}), IsOk());
    EXPECT_THAT(limits.Reload(store), IsOk());
  }
  ~QuotaForTest() { Stop(); }
  void Restart() {
    Stop();
    running.reset();
    running.emplace(config, clock, limits, ledger);
    face = MakeQuotaFace(running->service);
  }
  void Stop() {
    if (face != nullptr) face->Stop();
  }
  // The core.
  QuotaService& service() { return running->service; }
  // The service as its callers see it, whichever way they come.
  api::Quota& api() { return face->quota(); }
  template <typename T>
  T Run(asio::awaitable<T> work) {
    std::optional<T> result;
    asio::co_spawn(face->io(), std::move(work), [&](std::exception_ptr thrown, T value) {
      if (thrown) std::rethrow_exception(thrown);
      result.emplace(std::move(value));
    });
    face->RunUntil([&] { return result.has_value(); });
    if (!result) {
      ADD_FAILURE() << "the coroutine did not finish within 10 s";
      std::abort();
    }
    return *std::move(result);
  }

  static common::v1::AttemptKey KeyOf(uint32_t number, uint32_t attempt = 1) {
    common::v1::AttemptKey key;
    key.set_request_id(fmt::format("{:032x}", number));
    key.set_attempt(attempt);
    return key;
  }
  static v1::ReserveRequest Ask(uint32_t number, int64_t bound, int64_t likely,
                                std::optional<int64_t> declared = std::nullopt) {
    v1::ReserveRequest request;
    *request.mutable_key() = KeyOf(number);
    *request.mutable_subjects() = SubjectsOf("ann", "red", "gpt");
    request.mutable_estimate()->set_requests(1);
    request.mutable_estimate()->set_input_tokens_bound(bound);
    request.mutable_estimate()->set_input_tokens_likely(likely);
    if (declared) request.mutable_estimate()->set_output_tokens_declared(*declared);
    request.set_edge_id("edge-1");
    return request;
  }
  static v1::SettleRequest Spent(uint32_t number, int64_t input, int64_t output) {
    v1::SettleRequest request;
    *request.mutable_key() = KeyOf(number);
    request.set_seq(1);
    *request.mutable_subjects() = SubjectsOf("ann", "red", "gpt");
    request.mutable_usage()->set_input_uncached_tokens(input);
    request.mutable_usage()->set_output_visible_tokens(output);
    request.set_requests(1);
    request.set_outcome(v1::SettleRequest::OUTCOME_FINISHED);
    request.set_kind("chat");
    return request;
  }

  absl::StatusOr<v1::ReserveResponse> Reserve(const v1::ReserveRequest& request) {
    return Run(api().Reserve({}, request));
  }
  absl::StatusOr<v1::SettleResponse> Settle(const v1::SettleRequest& request) {
    return Run(api().Settle({}, request));
  }
  void Release(uint32_t number, bool keep_requests = false) {
    v1::ReleaseRequest request;
    *request.mutable_key() = KeyOf(number);
    request.set_keep_requests(keep_requests);
    request.set_organization("acme");
    EXPECT_THAT(Run(api().Release({}, request)), IsOk());
  }
  std::vector<v1::LimitState> States(const v1::Subjects& subjects = SubjectsOf("ann", "red",
                                                                               "gpt")) {
    v1::PeekRequest request;
    *request.mutable_subjects() = subjects;
    auto response = Run(api().Peek({}, request));
    EXPECT_THAT(response, IsOk());
    return {response->states().begin(), response->states().end()};
  }
  // What remains of the limit of this name; -1: it does not match.
  int64_t Remaining(std::string_view name) {
    for (const v1::LimitState& each : States()) {
      if (each.limit_name() == name) return each.remaining();
    }
    return -1;
  }

  QuotaConfig config;
  testing::FakeClock clock;
  MemoryLimitStore store;
  LiveLimits limits;
  MemoryLedger ledger;
  std::unique_ptr<QuotaFace> face;  // Goes after those who answer on its loops.
  std::optional<Running> running;
};

// The violation that a refusal carries.
template <typename T>
common::v1::QuotaViolation ViolationOf(const absl::StatusOr<T>& refused) {
  EXPECT_THAT(refused, StatusIs(absl::StatusCode::kResourceExhausted));
  const auto detail = status::Detail<common::v1::QuotaViolation>(refused.status());
  EXPECT_TRUE(detail.has_value());
  return detail.value_or(common::v1::QuotaViolation());
}

}  // namespace weir::quota
