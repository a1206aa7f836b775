#include "apps/apply/apply.h"

#include <gmock/gmock.h>

#include "apps/apply/registry_sink.h"
#include "common/rpc/fake_admin_services.h"
#include "common/status/detail.h"
#include "common/testing/status_matchers.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::apply {
namespace {

using absl::StatusCode;
using ::testing::AllOf;
using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using weir::testing::IsOk;
using weir::testing::StatusIs;

constexpr std::string_view kDocuments = R"(
{kind: User, name: ann, organization: acme, spec: {team: red}}
---
{kind: Team, name: red, organization: acme}
---
{kind: Organization, name: acme}
)";

class ApplyTest : public ::testing::Test {
 protected:
  ApplyTest() { services_.AddTo(registry_); }

  absl::StatusOr<ApplyReport> Run(std::string_view text, bool dry_run = false) {
    const absl::StatusOr<Plan> plan = PlanText("d.yaml", text, SecretSource({}));
    if (!plan.ok()) return plan.status();
    return ApplyPlan(*plan, sink_, dry_run);
  }

  // Methods that changed something, in order.
  std::vector<std::string> Changes() const {
    std::vector<std::string> methods;
    for (const auto& each : services_.received()) {
      if (each.request.find("validate_only: true") == std::string::npos) {
        methods.push_back(each.method);
      }
    }
    return methods;
  }

  rpc::FakeAdminServices services_;
  rpc::AdminRegistry registry_;
  RegistrySink sink_{registry_, {.actor = "bootstrap", .role = weir::common::v1::ROLE_ADMIN}};
};

TEST_F(ApplyTest, PutsEverythingInOrderAndASecondTimeChangesNothing) {
  const auto first = Run(kDocuments);
  ASSERT_THAT(first, IsOk());
  EXPECT_THAT(Changes(), ElementsAre("PutOrganization", "PutTeam", "PutUser"));
  EXPECT_THAT(first->documents,
              ElementsAre(AllOf(Field(&Applied::name, "acme"), Field(&Applied::changed, true),
                                Field(&Applied::where, "d.yaml:6")),
                          AllOf(Field(&Applied::name, "red"), Field(&Applied::changed, true)),
                          AllOf(Field(&Applied::name, "ann"), Field(&Applied::changed, true))));
  const auto second = Run(kDocuments);
  ASSERT_THAT(second, IsOk());
  EXPECT_THAT(second->documents, Each(Field(&Applied::changed, false)));
}

TEST_F(ApplyTest, ADryRunReportsAndChangesNothing) {
  const auto report = Run(kDocuments, /*dry_run=*/true);
  ASSERT_THAT(report, IsOk());
  EXPECT_THAT(report->documents, AllOf(SizeIs(3), Each(Field(&Applied::changed, true))));
  EXPECT_THAT(Changes(), IsEmpty());
}

TEST_F(ApplyTest, OneRefusedDocumentKeepsAllFromBeingApplied) {
  services_.AnswerWith("PutUser", status::InvalidArgument("user.team is 'red', want a team"));
  services_.AnswerWith("PutTeam", status::OutOfRange("team.name is too long"));
  EXPECT_THAT(Run(kDocuments), StatusIs(StatusCode::kInvalidArgument,
                                        "d.yaml:4: Team 'red': team.name is too long\n"
                                        "d.yaml:2: User 'ann': user.team is 'red', want a team"));
  EXPECT_THAT(Changes(), IsEmpty());
}

// A service that knows no team until its organisation is there.
class StrictSink final : public Sink {
 public:
  absl::StatusOr<bool> Put(std::string_view method,
                           const google::protobuf::Message& request) override {
    const bool trial = request.ShortDebugString().find("validate_only") != std::string::npos;
    if (method.ends_with("PutOrganization")) {
      exists_ = exists_ || !trial;
      return true;
    }
    if (!exists_) return status::NotFound("no organization 'acme'");
    return true;
  }

 private:
  bool exists_ = false;
};

TEST_F(ApplyTest, WhatThePlanItselfCreatesIsNotMissing) {
  const auto plan = PlanText("d.yaml", kDocuments, SecretSource({}));
  ASSERT_THAT(plan, IsOk());
  StrictSink sink;
  EXPECT_THAT(ApplyPlan(*plan, sink, /*dry_run=*/true), IsOk());
  EXPECT_THAT(ApplyPlan(*plan, sink, /*dry_run=*/false), IsOk());

  const auto orphan =
      PlanText("d.yaml", "{kind: Team, name: red, organization: acme}", SecretSource({}));
  StrictSink empty;
  EXPECT_THAT(
      ApplyPlan(*orphan, empty, /*dry_run=*/false),
      StatusIs(StatusCode::kInvalidArgument, "d.yaml:1: Team 'red': no organization 'acme'"));
}

// One that has the organisation, and says of each team that nobody has put yet which field names
// it.
class TeamSink final : public Sink {
 public:
  absl::StatusOr<bool> Put(std::string_view method,
                           const google::protobuf::Message& request) override {
    const std::string text = request.ShortDebugString();
    const bool trial = text.find("validate_only") != std::string::npos;
    if (method.ends_with("PutTeam") && !trial) has_team_ = true;
    if (!method.ends_with("PutUser") || has_team_) return true;
    weir::common::v1::BadFields bad;
    bad.add_fields()->set_path("user.team");
    return status::WithDetail(status::InvalidArgument("user.team: want a team"), bad);
  }

 private:
  bool has_team_ = false;
};

TEST_F(ApplyTest, AReferenceToWhatThePlanCreatesIsNotWrong) {
  constexpr std::string_view kBoth =
      "{kind: User, name: ann, spec: {team: red}}\n---\n{kind: Team, name: red}\n";
  const auto plan = PlanText("d.yaml", kBoth, SecretSource({}));
  ASSERT_THAT(plan, IsOk());
  TeamSink sink;
  EXPECT_THAT(ApplyPlan(*plan, sink, /*dry_run=*/true), IsOk());
  EXPECT_THAT(ApplyPlan(*plan, sink, /*dry_run=*/false), IsOk());
}

TEST_F(ApplyTest, AReferenceToWhatNobodyCreatesIsWrong) {
  constexpr std::string_view kOther =
      "{kind: User, name: ann, spec: {team: red}}\n---\n{kind: Team, name: blue}\n";
  const auto plan = PlanText("d.yaml", kOther, SecretSource({}));
  ASSERT_THAT(plan, IsOk());
  TeamSink sink;
  EXPECT_THAT(
      ApplyPlan(*plan, sink, /*dry_run=*/false),
      StatusIs(StatusCode::kInvalidArgument, "d.yaml:1: User 'ann': user.team: want a team"));
}

TEST_F(ApplyTest, AServiceThatIsAwayStopsEverything) {
  services_.AnswerWith("PutTeam", status::Unavailable("the store is away"));
  EXPECT_THAT(Run(kDocuments), StatusIs(StatusCode::kUnavailable,
                                        "checking d.yaml:4: Team 'red': the store is away"));
  EXPECT_THAT(Changes(), IsEmpty());
}

TEST_F(ApplyTest, TheAccessRulesHoldInProcessToo) {
  RegistrySink viewer(registry_, {.actor = "v", .role = weir::common::v1::ROLE_VIEWER});
  const auto plan = PlanText("d.yaml", kDocuments, SecretSource({}));
  ASSERT_THAT(plan, IsOk());
  EXPECT_THAT(ApplyPlan(*plan, viewer, /*dry_run=*/false),
              StatusIs(StatusCode::kPermissionDenied, HasSubstr("role is viewer")));
}

}  // namespace
}  // namespace weir::apply
