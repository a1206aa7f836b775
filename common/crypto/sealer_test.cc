#include "common/crypto/sealer.h"

#include <gtest/gtest.h>

#include "common/testing/seeded_random.h"
#include "common/testing/status_matchers.h"

namespace weir::crypto {
namespace {

using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::SeededRandom;
using testing::StatusIs;

const std::string kOld(32, 'o');
const std::string kNew(32, 'n');

class SealerTest : public ::testing::Test {
 protected:
  std::unique_ptr<Sealer> With(std::map<std::string, std::string> keys, std::string active) {
    return *Sealer::Create(std::move(keys), std::move(active), random_);
  }
  SeededRandom random_{1};
  std::unique_ptr<Sealer> sealer_ = With({{"old", kOld}}, "old");
};

TEST_F(SealerTest, OpensWhatItSealed) {
  const std::string zeros("\0\0", 2);
  for (const std::string& plain :
       {std::string(), std::string("sk-1"), zeros, std::string(5000, 'x')}) {
    EXPECT_EQ(*sealer_->Open(sealer_->Seal(plain, "acme/provider/key"), "acme/provider/key"),
              plain);
  }
}

TEST_F(SealerTest, ShowsNothingOfTheSecretAndNeverTheSameBytes) {
  const std::string sealed = sealer_->Seal("a very secret value", "c");
  EXPECT_THAT(sealed, Not(HasSubstr("secret")));
  EXPECT_NE(sealed, sealer_->Seal("a very secret value", "c"));
}

TEST_F(SealerTest, AnotherContextDoesNotOpenIt) {
  const std::string sealed = sealer_->Seal("secret", "acme/openai");
  for (std::string_view context : {"", "acme/openai2", "other/openai", "acme/opena"}) {
    EXPECT_THAT(sealer_->Open(sealed, context), StatusIs(absl::StatusCode::kDataLoss)) << context;
  }
}

TEST_F(SealerTest, EveryChangedBitIsNoticed) {
  const std::string sealed = sealer_->Seal("secret", "c");
  for (size_t i = 0; i < 8 * sealed.size(); ++i) {
    std::string changed = sealed;
    changed[i / 8] = static_cast<char>(changed[i / 8] ^ (1 << (i % 8)));
    const auto opened = sealer_->Open(changed, "c");
    // In the key id a change may give another well-formed id.
    EXPECT_TRUE(absl::IsDataLoss(opened.status()) || absl::IsFailedPrecondition(opened.status()))
        << i;
  }
}

TEST_F(SealerTest, EveryCutIsNoticed) {
  const std::string sealed = sealer_->Seal("secret", "c");
  for (size_t size = 0; size < sealed.size(); ++size) {
    EXPECT_THAT(sealer_->Open(std::string_view(sealed).substr(0, size), "c"),
                StatusIs(absl::StatusCode::kDataLoss))
        << size;
  }
}

TEST_F(SealerTest, AnOldKeyStillOpensAfterRotation) {
  const std::string sealed = sealer_->Seal("secret", "c");
  auto rotated = With({{"old", kOld}, {"new", kNew}}, "new");
  EXPECT_EQ(*rotated->Open(sealed, "c"), "secret");
  EXPECT_THAT(sealer_->Open(rotated->Seal("secret", "c"), "c"),
              StatusIs(absl::StatusCode::kFailedPrecondition, HasSubstr("'new' is not here")));
}

TEST_F(SealerTest, AKeyUnderTheSameIdThatIsNotTheSameOpensNothing) {
  auto other = With({{"old", kNew}}, "old");
  EXPECT_THAT(other->Open(sealer_->Seal("secret", "c"), "c"),
              StatusIs(absl::StatusCode::kDataLoss));
}

struct CreateCase {
  std::string name;
  std::map<std::string, std::string> keys;
  std::string active, want;
};
class SealerCreateTest : public ::testing::TestWithParam<CreateCase> {};
TEST_P(SealerCreateTest, NamesWhatIsWrong) {
  SeededRandom random(1);
  EXPECT_THAT(Sealer::Create(GetParam().keys, GetParam().active, random),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().want)));
}
INSTANTIATE_TEST_SUITE_P(
    Cases, SealerCreateTest,
    ::testing::ValuesIn<CreateCase>({
        {.name = "NoKey", .keys = {}, .active = "a", .want = "'a' is not among"},
        {.name = "ShortKey", .keys = {{"a", "x"}}, .active = "a", .want = "1 bytes, want 32"},
        {.name = "EmptyId", .keys = {{"", kOld}}, .active = "", .want = "[a-z0-9-]"},
        {.name = "DotInId", .keys = {{"a.b", kOld}}, .active = "a.b", .want = "'a.b'"},
        {.name = "LongId",
         .keys = {{std::string(33, 'a'), kOld}},
         .active = "a",
         .want = "1 to 32"},
    }),
    [](const auto& each) { return each.param.name; });

}  // namespace
}  // namespace weir::crypto
