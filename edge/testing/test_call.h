#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <utility>

#include "common/testing/fake_clock.h"
#include "edge/pipeline/call.h"
#include "edge/testing/recording_reply.h"

namespace weir::edge::testing {

// A call on its own, for steps that look at no more of it: somebody of acme, a table, these
// headers.
class TestCall {
 public:
  explicit TestCall(
      std::initializer_list<std::pair<std::string_view, std::string_view>> headers = {}) {
    for (const auto& [name, value] : headers) {
      fields_.insert({name.data(), name.size()}, {value.data(), value.size()});
    }
    exchange_.head.fields = &fields_;
    exchange_.reply = &reply;
    call_->exchange = &exchange_;
    call_->clock = &clock_;
    call_->request_id = "request-1";
    principal.set_organization("acme");
    proxy.set_organization("acme");
    proxy.set_name("web");
  }
  TestCall(const TestCall&) = delete;
  TestCall& operator=(const TestCall&) = delete;

  // The call as it stands, with what the test has set.
  CallPtr Get() {
    auto routes = std::make_shared<CompiledRoutes>();
    routes->table = std::make_shared<const routing::v1::RoutingTable>(table);
    call_->routes = std::move(routes);
    call_->principal = std::make_shared<const identity::v1::Principal>(principal);
    return call_;
  }
  const RequestHead& head() const { return exchange_.head; }

  identity::v1::Principal principal;
  routing::v1::RoutingTable table;
  routing::v1::ProxyRoute proxy;  // In use once call->route.proxy points to it.
  RecordingReply reply;

 private:
  boost::beast::http::fields fields_;
  ::weir::testing::FakeClock clock_;
  Exchange exchange_;
  const CallPtr call_ = std::make_shared<Call>();
};

}  // namespace weir::edge::testing
