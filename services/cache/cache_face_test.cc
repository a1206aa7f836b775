// What whoever asks a cache sees, wherever it is.
#include "services/cache/cache_face.h"

#include "services/cache/cache_for_test.h"

namespace weir::cache {
namespace {

using std::chrono::seconds;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

class CacheFaceTest : public ::testing::Test {
 protected:
  api::CallContext Within(Duration time) { return {.deadline = face_->clock().Monotonic() + time}; }

  // A call, and its answer once it is there.
  template <typename Resp>
  struct Asked {
    std::optional<absl::StatusOr<Resp>> answer;
  };
  template <typename Resp>
  std::shared_ptr<Asked<Resp>> Begin(asio::awaitable<absl::StatusOr<Resp>> call) {
    auto asked = std::make_shared<Asked<Resp>>();
    asio::co_spawn(face_->io(), std::move(call),
                   [asked](std::exception_ptr, absl::StatusOr<Resp> answer) {
                     asked->answer = std::move(answer);
                   });
    return asked;
  }
  template <typename Resp>
  absl::StatusOr<Resp> Await(asio::awaitable<absl::StatusOr<Resp>> call) {
    const auto asked = Begin(std::move(call));
    face_->RunUntil([&] { return asked->answer.has_value(); });
    return asked->answer.value_or(absl::StatusOr<Resp>(status::DeadlineExceeded("no answer")));
  }
  api::Cache& cache() { return face_->cache(); }
  absl::StatusOr<v1::LookupResponse> Lookup(std::string_view text) {
    return Await(cache().Lookup(Within(seconds(5)), TestLookup(text)));
  }

  CacheForTest core_;
  const std::unique_ptr<CacheFace> face_ = MakeCacheFace(core_.cache->service());
};

TEST_F(CacheFaceTest, RecordsLooksUpAndConfirms) {
  EXPECT_FALSE(Lookup(kQuestion)->hit());
  const auto recorded =
      Await(cache().Record(Within(seconds(5)), TestRecord(kQuestion, "Click there.")));
  ASSERT_THAT(recorded, IsOk());
  EXPECT_TRUE(recorded->stored());
  const auto exact = Lookup(kQuestion);
  ASSERT_TRUE(exact->hit());
  EXPECT_EQ(exact->kind(), "exact");
  const auto hit = Lookup(kParaphrase);
  ASSERT_TRUE(hit->hit());
  EXPECT_EQ(hit->kind(), "semantic");
  v1::ConfirmRequest confirm;
  confirm.set_entry_id(hit->entry_id());
  *confirm.mutable_partition() = TestPartition();
  EXPECT_THAT(Await(cache().Confirm(Within(seconds(5)), confirm)), IsOk());
  EXPECT_EQ(core_.Stats().semantic_hits(), 1);
}

TEST_F(CacheFaceTest, CarriesTheLargestAnswer) {
  const std::string large(1'000'000, 'x');
  ASSERT_TRUE(Await(cache().Record(Within(seconds(5)), TestRecord(kQuestion, large)))->stored());
  EXPECT_EQ(Lookup(kQuestion)->recording().body(), TestRecording(large).body());
}

TEST_F(CacheFaceTest, S2_11_OneOfManyEqualMissesIsSent) {
  const auto leader = Await(cache().Lead(Within(seconds(5)), TestLead(kQuestion)));
  ASSERT_THAT(leader, IsOk());
  ASSERT_NE(leader->lease_id(), "");
  std::vector<std::shared_ptr<Asked<v1::LeadResponse>>> followers;
  for (int i = 0; i < 200; ++i) {
    followers.push_back(Begin(cache().Lead(Within(seconds(20)), TestLead(kQuestion))));
  }
  const auto stranger = Await(cache().Lead(Within(seconds(5)), TestLead(kQuestion, "key:2")));
  EXPECT_NE(stranger->lease_id(), "") << "nobody waits for another principal";
  v1::RenewRequest renew;
  renew.set_organization(std::string(kAcme));
  renew.set_lease_id(leader->lease_id());
  EXPECT_TRUE(Await(cache().Renew(Within(seconds(5)), renew))->held());
  v1::RecordRequest record = TestRecord(kQuestion, "Click there.");
  record.set_lease_id(leader->lease_id());
  ASSERT_THAT(Await(cache().Record(Within(seconds(5)), record)), IsOk());
  face_->RunUntil([&] {
    return std::ranges::all_of(followers,
                               [](const auto& each) { return each->answer.has_value(); });
  });
  for (const auto& each : followers) {
    ASSERT_TRUE(each->answer && each->answer->ok());
    EXPECT_EQ((**each->answer).lease_id(), "");
    EXPECT_EQ((**each->answer).recording().body(), TestRecording("Click there.").body());
  }
}

TEST_F(CacheFaceTest, TheNextLeadsWhereTheLeaderGivesUp) {
  const auto leader = Await(cache().Lead(Within(seconds(5)), TestLead(kQuestion)));
  const auto second = Begin(cache().Lead(Within(seconds(20)), TestLead(kQuestion)));
  Lookup(kQuestion).IgnoreError();  // What was sent before is there by now.
  v1::ReleaseRequest release;
  release.set_organization(std::string(kAcme));
  release.set_lease_id(leader->lease_id());
  ASSERT_THAT(Await(cache().Release(Within(seconds(5)), release)), IsOk());
  face_->RunUntil([&] { return second->answer.has_value(); });
  ASSERT_TRUE(second->answer && second->answer->ok());
  EXPECT_NE((**second->answer).lease_id(), "");
}

TEST_F(CacheFaceTest, ErrorsArriveAsTheyAre) {
  v1::LookupRequest unknown = TestLookup(kQuestion);
  unknown.mutable_partition()->set_policy("nowhere");
  EXPECT_THAT(Await(cache().Lookup(Within(seconds(5)), unknown)),
              StatusIs(absl::StatusCode::kFailedPrecondition));
}

}  // namespace
}  // namespace weir::cache
