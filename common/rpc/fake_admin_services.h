#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "common/api/admin_call.h"
#include "common/async/mutex.h"
#include "common/rpc/admin_registry.h"
#include "common/status/status.h"

namespace weir::rpc {

// Every real admin service with a fake behind it, for tests of what stands before it. Puts are kept
// and answered with `changed`; everything else answers an empty message. Thread-safe; must outlive
// the registry that it is added to.
class FakeAdminServices {
 public:
  struct Received {
    std::string method;  // "PutTeam".
    api::AdminCall call;
    std::string request;  // Debug text.
  };

  // Registers all methods of identity, quota, routing, guardrails and cache.
  void AddTo(AdminRegistry& registry);

  // From now on `method` ("PutTeam") answers this error.
  void AnswerWith(std::string_view method, absl::Status status);
  // From now on the method of this response (PutTeamResponse) answers this.
  void AnswerWith(const google::protobuf::Message& response);

  // What came through the access rules, in order.
  std::vector<Received> received() const;

 private:
  template <typename Req, typename Resp>
  void Fake(AdminRegistry& registry, std::string_view service);
  absl::Status Take(const api::AdminCall& call, const google::protobuf::Message& request);
  bool Store(const google::protobuf::Message& request);
  void FillIn(google::protobuf::Message& response) const;

  mutable Mutex mutex_;
  std::map<std::string, absl::Status> errors_ ABSL_GUARDED_BY(mutex_);
  std::map<std::string, std::string> responses_ ABSL_GUARDED_BY(mutex_);  // Serialized, by type.
  std::map<std::string, std::string> stored_ ABSL_GUARDED_BY(mutex_);
  std::vector<Received> received_ ABSL_GUARDED_BY(mutex_);
};

// Tokens "wa_viewer", "wa_editor", "wa_admin" of the whole installation, and "wa_viewer@acme" and
// so on, bound to organisation acme.
class FakeTokens final : public api::AdminTokenVerifier {
 public:
  absl::StatusOr<api::AdminCall> Verify(std::string_view token) override;
};

}  // namespace weir::rpc
