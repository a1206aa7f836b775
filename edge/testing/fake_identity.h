#pragma once

#include <map>
#include <memory>
#include <string>

#include "common/api/identity.h"
#include "common/status/detail.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::edge::testing {

// Identity with the keys that a test gave out. One loop.
class FakeIdentity final : public api::Identity {
 public:
  ~FakeIdentity() override { events_.Close(); }

  // Somebody of `organization` with this key.
  identity::v1::Principal& Add(const std::string& key, const std::string& organization) {
    identity::v1::Principal& principal = principals_[key];
    principal.set_organization(organization);
    principal.set_team("team");
    principal.set_user("user");
    principal.set_key_name("name");
    principal.set_key_public_id("id-" + key);
    return principal;
  }

  asio::awaitable<absl::StatusOr<identity::v1::AuthenticateResponse>> Authenticate(
      api::CallContext, identity::v1::AuthenticateRequest request) override {
    ++asked;
    if (!unavailable.ok()) co_return unavailable;
    const auto found = principals_.find(request.api_key());
    if (found == principals_.end()) {
      common::v1::AuthFailure failure;
      failure.set_reason(common::v1::AuthFailure::REASON_UNKNOWN);
      co_return status::WithDetail(status::Unauthenticated("Incorrect API key provided"), failure);
    }
    identity::v1::AuthenticateResponse response;
    *response.mutable_principal() = found->second;
    response.set_sequence(1);
    co_return response;
  }
  std::shared_ptr<EventStream<identity::v1::WatchEvent>> Watch(
      identity::v1::WatchRequest, asio::any_io_executor executor) override {
    identity::v1::WatchEvent alive;
    alive.set_sequence(1);
    alive.mutable_heartbeat();
    return events_.Subscribe(std::move(executor), {alive});
  }

  absl::Status unavailable;
  int asked = 0;

 private:
  std::map<std::string, identity::v1::Principal> principals_;
  Broadcaster<identity::v1::WatchEvent> events_;
};

}  // namespace weir::edge::testing
