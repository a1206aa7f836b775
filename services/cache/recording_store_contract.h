#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "common/async/asio.h"
#include "common/crypto/sealer.h"
#include "common/testing/run.h"
#include "common/testing/seeded_random.h"
#include "common/testing/status_matchers.h"
#include "services/cache/recording_store.h"

namespace weir::cache {

inline std::unique_ptr<crypto::Sealer> TestSealer(Random& random, char key = 'k') {
  return *crypto::Sealer::Create({{"test", std::string(32, key)}}, "test", random);
}

inline v1::StoredAnswer StoredNamed(std::string id, WallTime expires, uint64_t version = 1,
                                    std::string organization = "acme") {
  v1::StoredAnswer stored;
  stored.set_id(std::move(id));
  stored.set_version(version);
  stored.mutable_partition()->set_organization(std::move(organization));
  stored.mutable_partition()->set_policy("shared");
  stored.mutable_partition()->set_fingerprint(std::string("\x00\xff", 2));
  stored.set_text("canary question");
  stored.mutable_recording()->set_body(std::string("canary\0body", 11));
  stored.set_author("user:alice");
  stored.set_expires_us(ToUnixMicros(expires));
  stored.mutable_vector()->Add(0.5F);
  return stored;
}

// A way to the same stored answers; those of before are gone when another is made.
class RecordingsUnderTest {
 public:
  virtual ~RecordingsUnderTest() = default;
  virtual RecordingStore& store() = 0;
  // As after a restart; where nothing outlives the process, the same.
  virtual void Reopen() = 0;
  virtual asio::io_context& loop() = 0;
  virtual const Clock& clock() = 0;
};
using MakeRecordings = std::function<std::unique_ptr<RecordingsUnderTest>()>;

// What every RecordingStore does. An implementation joins by INSTANTIATE_TEST_SUITE_P with a
// MakeRecordings.
class RecordingStoreContract : public ::testing::TestWithParam<MakeRecordings> {
 protected:
  WallTime In(Duration time) { return under_test_->clock().Now() + time; }
  RecordingStore& store() { return under_test_->store(); }
  void Flush() {
    EXPECT_THAT(testing::RunUntilDone(under_test_->loop(), store().Flush()), testing::IsOk());
  }
  std::vector<v1::StoredAnswer> All() {
    Flush();
    std::vector<v1::StoredAnswer> all;
    EXPECT_THAT(testing::RunUntilDone(under_test_->loop(), store().Load([&all](auto stored) {
                  all.push_back(std::move(stored));
                })),
                testing::IsOk());
    return all;
  }
  // "a@1" for each.
  std::vector<std::string> Names() {
    std::vector<std::string> names;
    for (const v1::StoredAnswer& each : All()) {
      names.push_back(fmt::format("{}@{}", each.id(), each.version()));
    }
    return names;
  }

  const std::unique_ptr<RecordingsUnderTest> under_test_ = GetParam()();
  static constexpr Duration kHour = std::chrono::hours(1);
};

TEST_P(RecordingStoreContract, KeepsEveryByte) {
  EXPECT_THAT(All(), ::testing::IsEmpty());
  const v1::StoredAnswer stored = StoredNamed("a", In(kHour));
  store().Put(stored);
  Flush();
  under_test_->Reopen();
  const std::vector<v1::StoredAnswer> all = All();
  ASSERT_EQ(all.size(), 1u);
  EXPECT_EQ(all[0].SerializeAsString(), stored.SerializeAsString());
}

TEST_P(RecordingStoreContract, TheHigherVersionStays) {
  store().Put(StoredNamed("a", In(kHour), 2));
  store().Put(StoredNamed("a", In(kHour), 1));
  EXPECT_THAT(Names(), ::testing::ElementsAre("a@2"));
  store().Put(StoredNamed("a", In(kHour), 3));
  EXPECT_THAT(Names(), ::testing::ElementsAre("a@3"));
}

TEST_P(RecordingStoreContract, ForgetsWhatIsOfTheOrganisation) {
  store().Put(StoredNamed("a", In(kHour)));
  store().Put(StoredNamed("b", In(kHour)));
  store().Forget("zeta", "a");
  store().Forget("acme", "b");
  store().Forget("acme", "never there");
  Flush();
  under_test_->Reopen();
  EXPECT_THAT(Names(), ::testing::ElementsAre("a@1"));
}

TEST_P(RecordingStoreContract, LeavesOutWhatIsOver) {
  store().Put(StoredNamed("over", In(-Duration(1'000'000))));
  store().Put(StoredNamed("good", In(kHour)));
  EXPECT_THAT(Names(), ::testing::ElementsAre("good@1"));
}

TEST_P(RecordingStoreContract, KeepsManyInTheirOrder) {
  for (int i = 0; i < 700; ++i) {
    store().Put(StoredNamed(fmt::format("id-{}", i), In(kHour)));
    if (i % 2 == 1) store().Forget("acme", fmt::format("id-{}", i - 1));
  }
  EXPECT_EQ(Names().size(), 350u);
}

}  // namespace weir::cache
