#include "services/identity/identity_service.h"

#include <gtest/gtest.h>

#include "common/status/detail.h"
#include "common/testing/fake_timers.h"
#include "common/testing/run.h"
#include "common/testing/status_matchers.h"
#include "services/identity/memory_directory.h"
#include "services/identity/test_identity.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::identity {
namespace {

using common::v1::AuthFailure;
using testing::IsOk;
using testing::StatusIs;
using namespace std::chrono_literals;

// A directory that cannot be read from some time on.
class FailingDirectory final : public Directory {
 public:
  absl::Status Read(const std::function<absl::Status(DirectoryReader&)>& work) override {
    return down ? status::Unavailable("the disk is gone") : inner.Read(work);
  }
  absl::Status Write(const std::function<absl::Status(DirectoryWriter&)>& work) override {
    return inner.Write(work);
  }
  MemoryDirectory inner;
  std::atomic<bool> down = false;
};

class IdentityServiceTest : public ::testing::Test {
 protected:
  v1::CreateKeyResponse CreateKey(v1::CreateKeyRequest request) {
    request.set_organization("acme");
    return *identity_.admin.CreateKey(identity_.root, request);
  }
  absl::StatusOr<v1::AuthenticateResponse> Authenticate(const std::string& key,
                                                        api::CallContext call = {}) {
    v1::AuthenticateRequest request;
    request.set_api_key(key);
    return testing::RunUntilDone(identity_.loop, identity_.service.Authenticate(call, request));
  }
  AuthFailure::Reason ReasonFor(const std::string& key) {
    const auto refused = Authenticate(key);
    EXPECT_THAT(refused, StatusIs(absl::StatusCode::kUnauthenticated));
    EXPECT_TRUE(status::Detail<v1::AuthenticateResponse>(refused.status()).has_value());
    const auto failure = status::Detail<AuthFailure>(refused.status());
    return failure ? failure->reason() : AuthFailure::REASON_UNSPECIFIED;
  }
  void PutTeam(bool disabled) {
    v1::PutTeamRequest request;
    request.mutable_team()->set_organization("acme");
    request.mutable_team()->set_name("red");
    request.mutable_team()->set_disabled(disabled);
    EXPECT_THAT(identity_.admin.PutTeam(identity_.root, request), IsOk());
  }
  void PutUser(bool disabled) {
    v1::PutUserRequest request;
    request.mutable_user()->set_organization("acme");
    request.mutable_user()->set_name("ann");
    request.mutable_user()->set_team("red");
    request.mutable_user()->set_disabled(disabled);
    EXPECT_THAT(identity_.admin.PutUser(identity_.root, request), IsOk());
  }

  const std::shared_ptr<FailingDirectory> directory_ = std::make_shared<FailingDirectory>();
  TestIdentity identity_{directory_};
};

TEST_F(IdentityServiceTest, ResolvesAKeyToItsPrincipal) {
  PutTeam(false);
  PutUser(false);
  v1::CreateKeyRequest request;
  request.set_name("ci-key");
  request.set_user("ann");
  request.add_allowed_models("gpt-4o");
  request.add_allowed_proxies("chat");
  request.add_scopes("embeddings");
  request.mutable_lifetime()->set_seconds(60);
  const auto created = CreateKey(request);

  const auto response = Authenticate(created.secret());
  ASSERT_THAT(response, IsOk());
  const v1::Principal& principal = response->principal();
  EXPECT_EQ(principal.organization(), "acme");
  EXPECT_EQ(principal.team(), "red");  // Her team's.
  EXPECT_EQ(principal.user(), "ann");
  EXPECT_EQ(principal.key_public_id(), created.key().public_id());
  EXPECT_EQ(principal.key_name(), "ci-key");
  EXPECT_THAT(principal.allowed_models(), ::testing::ElementsAre("gpt-4o"));
  EXPECT_THAT(principal.allowed_proxies(), ::testing::ElementsAre("chat"));
  EXPECT_THAT(principal.scopes(), ::testing::ElementsAre("embeddings"));
  EXPECT_EQ(principal.expires_at().seconds(), created.key().expires_at().seconds());
  EXPECT_EQ(response->sequence(), identity_.feed->sequence());
}

TEST_F(IdentityServiceTest, SaysWhyAKeyIsRefused) {
  v1::CreateKeyRequest short_lived;
  short_lived.mutable_lifetime()->set_seconds(60);
  const std::string expired = CreateKey(short_lived).secret();
  const auto revoked = CreateKey({});
  v1::RevokeKeyRequest revoke;
  revoke.set_organization("acme");
  revoke.set_key(revoked.key().public_id());
  ASSERT_THAT(identity_.admin.RevokeKey(identity_.root, revoke), IsOk());
  identity_.clock.Advance(60s);

  EXPECT_EQ(ReasonFor(""), AuthFailure::REASON_MISSING);
  EXPECT_EQ(ReasonFor("too-short"), AuthFailure::REASON_MALFORMED);
  EXPECT_EQ(ReasonFor(expired + "x"), AuthFailure::REASON_MALFORMED);
  EXPECT_EQ(ReasonFor(NewKey("wr_", identity_.random)), AuthFailure::REASON_UNKNOWN);
  EXPECT_EQ(ReasonFor("somebody-elses-long-key"), AuthFailure::REASON_UNKNOWN);
  EXPECT_EQ(ReasonFor(revoked.secret()), AuthFailure::REASON_REVOKED);
  EXPECT_EQ(ReasonFor(expired), AuthFailure::REASON_EXPIRED);
}

TEST_F(IdentityServiceTest, ARefusalNamesTheKeyThatItRecognised) {
  v1::CreateKeyRequest request;
  request.mutable_lifetime()->set_seconds(1);
  const auto created = CreateKey(request);
  identity_.clock.Advance(1s);
  const auto refused = Authenticate(created.secret());
  EXPECT_EQ(status::Detail<AuthFailure>(refused.status())->key_public_id(),
            created.key().public_id());
}

TEST_F(IdentityServiceTest, AKeyWorksUntilTheMomentItEnds) {
  v1::CreateKeyRequest request;
  request.mutable_lifetime()->set_seconds(60);
  const std::string key = CreateKey(request).secret();
  identity_.clock.Advance(60s - 1us);
  EXPECT_THAT(Authenticate(key), IsOk());
  identity_.clock.Advance(1us);
  EXPECT_EQ(ReasonFor(key), AuthFailure::REASON_EXPIRED);
}

TEST_F(IdentityServiceTest, ADisabledOrganizationTeamOrUserRefusesItsKeys) {
  PutTeam(false);
  PutUser(false);
  v1::CreateKeyRequest request;
  request.set_user("ann");
  const std::string key = CreateKey(request).secret();
  EXPECT_THAT(Authenticate(key), IsOk());

  PutTeam(true);
  EXPECT_EQ(ReasonFor(key), AuthFailure::REASON_DISABLED);
  PutTeam(false);
  PutUser(true);
  EXPECT_EQ(ReasonFor(key), AuthFailure::REASON_DISABLED);
  PutUser(false);
  v1::PutOrganizationRequest organization;
  organization.mutable_organization()->set_name("acme");
  organization.mutable_organization()->set_disabled(true);
  ASSERT_THAT(identity_.admin.PutOrganization(identity_.root, organization), IsOk());
  EXPECT_EQ(ReasonFor(key), AuthFailure::REASON_DISABLED);
}

TEST_F(IdentityServiceTest, AStoreThatCannotBeAskedIsNeverARefusal) {
  const std::string key = CreateKey({}).secret();
  directory_->down = true;
  EXPECT_THAT(Authenticate(key), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(IdentityServiceTest, LateWorkIsNotBegun) {
  const std::string key = CreateKey({}).secret();
  EXPECT_THAT(Authenticate(key, {.deadline = identity_.clock.Monotonic()}),
              StatusIs(absl::StatusCode::kDeadlineExceeded));
}

class WatchTest : public IdentityServiceTest {
 protected:
  // A stream and the coroutine that waits for it hold each other.
  ~WatchTest() override { identity_.feed->Close(); }
  // The events that are there, without waiting for more.
  std::vector<v1::WatchEvent> Drain(std::shared_ptr<EventStream<v1::WatchEvent>> stream) {
    auto events = std::make_shared<std::vector<v1::WatchEvent>>();
    asio::co_spawn(loop_, Collect(stream, events), asio::detached);
    Poll();
    return *events;
  }
  static asio::awaitable<void> Collect(std::shared_ptr<EventStream<v1::WatchEvent>> stream,
                                       std::shared_ptr<std::vector<v1::WatchEvent>> into) {
    for (;;) {
      absl::StatusOr<v1::WatchEvent> event = co_await stream->Next();
      if (!event.ok()) co_return;
      into->push_back(*std::move(event));
    }
  }
  void Poll() {
    loop_.restart();
    while (loop_.poll() > 0) {
    }
  }
  asio::io_context loop_;
};

TEST_F(WatchTest, TellsEveryChangeInOrderAfterAHeartbeat) {
  auto stream = identity_.service.Watch({}, loop_.get_executor());
  PutTeam(false);
  const auto created = CreateKey({});
  PutTeam(false);  // Changes nothing.
  const auto events = Drain(stream);
  ASSERT_EQ(events.size(), 3u);
  EXPECT_TRUE(events[0].has_heartbeat());
  EXPECT_EQ(events[1].sequence(), events[0].sequence() + 1);
  EXPECT_EQ(events[1].organization_changed().organization(), "acme");
  EXPECT_EQ(events[2].sequence(), events[0].sequence() + 2);
  EXPECT_EQ(events[2].key_changed().key_public_id(), created.key().public_id());
}

TEST_F(WatchTest, AFailedChangeIsNotTold) {
  auto stream = identity_.service.Watch({}, loop_.get_executor());
  v1::CreateKeyRequest request;
  request.set_organization("nobody");
  EXPECT_THAT(identity_.admin.CreateKey(identity_.root, request),
              StatusIs(absl::StatusCode::kNotFound));
  EXPECT_EQ(Drain(stream).size(), 1u);
}

TEST_F(WatchTest, GoesOnCountingAfterARestart) {
  PutTeam(false);
  const uint64_t before = identity_.feed->sequence();
  EXPECT_GT(before, 0u);
  auto again = ChangeFeed::Open({.directory = *directory_, .clock = identity_.clock});
  ASSERT_THAT(again, IsOk());
  EXPECT_EQ((*again)->sequence(), before);
  directory_->down = true;
  EXPECT_THAT(ChangeFeed::Open({.directory = *directory_, .clock = identity_.clock}),
              StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(WatchTest, AHeartbeatComesEachPeriod) {
  testing::FakeTimers timers(identity_.clock);
  asio::co_spawn(loop_, identity_.feed->RunHeartbeats(timers, 250ms), asio::detached);
  Poll();
  auto stream = identity_.service.Watch({}, loop_.get_executor());
  timers.Advance(1s, loop_);
  const auto events = Drain(stream);
  EXPECT_EQ(events.size(), 5u);
  for (const auto& each : events) {
    EXPECT_TRUE(each.has_heartbeat());
    EXPECT_EQ(each.sequence(), identity_.feed->sequence());
  }
}

TEST_F(WatchTest, ManyWritersTellTheirChangesInOrder) {
  auto stream = identity_.service.Watch({}, loop_.get_executor());
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([this] {
      for (int j = 0; j < 25; ++j) CreateKey({});
    });
  }
  for (std::thread& each : threads) each.join();
  const auto events = Drain(stream);
  ASSERT_EQ(events.size(), 101u);
  for (size_t i = 1; i < events.size(); ++i) {
    EXPECT_EQ(events[i].sequence(), events[0].sequence() + i);
  }
}

}  // namespace
}  // namespace weir::identity
