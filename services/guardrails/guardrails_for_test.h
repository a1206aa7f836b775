#pragma once

#include <gtest/gtest.h>

#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "common/metrics/registry.h"
#include "common/testing/status_matchers.h"
#include "services/guardrails/guardrails_admin.h"
#include "services/guardrails/guardrails_face.h"
#include "services/guardrails/guardrails_service.h"
#include "services/guardrails/memory_policy_store.h"
#include "services/guardrails/policies_for_test.h"

namespace weir::guardrails {

// A whole service on a store in memory, asked as its callers ask it.
class GuardrailsForTest {
 public:
  GuardrailsForTest() {
    EXPECT_THAT(service.Load(), testing::IsOk());
    face = MakeGuardrailsFace(service);
  }
  ~GuardrailsForTest() { face->Stop(); }

  void Put(const v1::GuardrailPolicy& policy) {
    v1::PutGuardrailPolicyRequest request;
    *request.mutable_policy() = policy;
    EXPECT_THAT(admin.PutGuardrailPolicy({.actor = "tok-1"}, request), testing::IsOk());
  }

  template <typename T>
  T Await(asio::awaitable<T> work) {
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

  absl::StatusOr<v1::InspectResponse> Inspect(v1::InspectRequest request) {
    return Await(face->guardrails().Inspect({}, std::move(request)));
  }
  absl::StatusOr<v1::InspectDeltaResponse> InspectDelta(v1::InspectDeltaRequest request) {
    return Await(face->guardrails().InspectDelta({}, std::move(request)));
  }

  static v1::InspectRequest Asked(std::initializer_list<std::string_view> policies,
                                  std::string_view text,
                                  v1::Direction direction = v1::DIRECTION_REQUEST) {
    v1::InspectRequest request;
    request.set_organization(std::string(kAcme));
    for (const std::string_view each : policies) request.add_policies(std::string(each));
    request.set_direction(direction);
    AddPart(request, "$.messages[0].content", "user", text);
    return request;
  }
  static void AddPart(v1::InspectRequest& request, std::string_view path, std::string_view role,
                      std::string_view text) {
    v1::Part& part = *request.add_parts();
    part.set_path(std::string(path));
    part.set_role(std::string(role));
    part.set_text(std::string(text));
  }
  // The text of a part as it would go.
  static std::string Edited(const v1::InspectRequest& request, const v1::InspectResponse& response,
                            uint32_t part = 0) {
    const std::string& text = request.parts(static_cast<int>(part)).text();
    std::string edited;
    size_t at = 0;
    for (const v1::Edit& each : response.edits()) {
      if (each.part() != part) continue;
      edited += text.substr(at, each.offset() - at) + each.replacement();
      at = each.offset() + each.length();
    }
    return edited + text.substr(at);
  }
  // What goes where `text` comes as one part of a request, or answer; "BLOCK" where nothing does.
  std::string Goes(std::initializer_list<std::string_view> policies, std::string_view text,
                   v1::Direction direction = v1::DIRECTION_REQUEST) {
    const v1::InspectRequest request = Asked(policies, text, direction);
    const absl::StatusOr<v1::InspectResponse> response = Inspect(request);
    if (!response.ok()) return response.status().ToString();
    if (response->verdict() == v1::VERDICT_BLOCK) return "BLOCK";
    return Edited(request, *response);
  }
  // The same of a stream whose pieces have `step` bytes.
  std::string Streams(std::initializer_list<std::string_view> policies, std::string_view text,
                      size_t step) {
    v1::InspectDeltaRequest request;
    request.set_organization(std::string(kAcme));
    for (const std::string_view each : policies) request.add_policies(std::string(each));
    request.set_path("$.choices[0].delta.content");
    std::string released;
    for (size_t at = 0; at < text.size() || at == 0; at += step) {
      request.set_delta(std::string(text.substr(at, step)));
      request.set_last(at + step >= text.size());
      const absl::StatusOr<v1::InspectDeltaResponse> response = InspectDelta(request);
      if (!response.ok()) return response.status().ToString();
      if (response->verdict() == v1::VERDICT_BLOCK) {
        EXPECT_EQ(response->release(), "");
        released_before_block = released;
        return "BLOCK";
      }
      EXPECT_LE(response->state().size(), 4096u);
      released += response->release();
      request.set_state(response->state());
    }
    return released;
  }

  std::string released_before_block;  // By the last Streams that was blocked.

  SystemClock clock;
  metrics::Registry metrics;
  MemoryPolicyStore store;
  WorkerPool workers{"guard-test", 1, 100};
  GuardrailsService service{GuardrailsConfig(),
                            {.store = store,
                             .workers = workers,
                             .clock = clock,
                             .metrics = &metrics,
                             .hash_secret = "a secret of the test"}};
  GuardrailsAdmin admin{GuardrailsConfig(),
                        {.guardrails = service, .store = store, .clock = clock}};
  std::unique_ptr<GuardrailsFace> face;
};

}  // namespace weir::guardrails
