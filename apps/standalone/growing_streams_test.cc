// Streams whose hold grows, over the real quota service: what the ledger has, and that no strict
// limit is ever exceeded.
#include "edge/testing/pipeline_fixture.h"
#include "services/quota/quota_for_test.h"

namespace weir::edge {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using ::weir::edge::testing::ClientAnswer;
using ::weir::edge::testing::LoopbackClient;
using ::weir::edge::testing::PipelineFixture;
using ::weir::edge::testing::ReadAnswer;

class GrowingStreamsTest : public PipelineFixture {
 protected:
  void SetUp() override {
    PipelineFixture::SetUp();
    ModelGives(0);
  }
  void ModelGives(int64_t tokens) { routing_.plans["m"].set_output_tokens_max(tokens); }
  // A budget of so many tokens a day for the whole organisation.
  void Open(int64_t budget) {
    budget_ = budget;
    quota_core_.Put(quota::LimitOf({.name = "daily",
                                    .count = budget,
                                    .period_s = 86'400,
                                    .enforcement = quota::v1::ENFORCEMENT_STRICT}));
    other_quota_ = &quota_core_.service();
    Start();
  }
  std::string Echo(int words) {
    Behave(R"({"mode": "echo"})");
    std::string text = "alpha";
    for (int i = 1; i < words; ++i) text.append(" alpha");
    return Request(fmt::format(
        R"({{"model":"m","stream":true,"messages":[{{"role":"user","content":"{}"}}]}})", text));
  }
  int64_t SpentByTheLedger(size_t settlements) {
    EXPECT_TRUE(Pump([&] { return quota_core_.ledger.Rows().size() == settlements; }));
    int64_t spent = 0;
    for (const quota::LedgerRow& each : quota_core_.ledger.Rows()) {
      spent += each.usage.total_tokens();
    }
    return spent;
  }
  void ExpectWithinTheBudget() {
    const auto subjects = quota::SubjectsOf("ann", "red", "gpt");
    const auto positions = quota_core_.Run(
        quota_core_.running->windows.Peek(quota_core_.limits.Current()->Match(subjects)));
    const quota::Standing& standing = (*positions)[0].standing;
    EXPECT_LE(standing.used + standing.held, budget_);
  }
  static size_t Words(const std::string& body) {
    size_t words = 0;
    for (size_t at = body.find("alpha"); at != std::string::npos; at = body.find("alpha", at + 1)) {
      ++words;
    }
    return words;
  }

  quota::QuotaForTest quota_core_;
  int64_t budget_ = 0;
};

TEST_F(GrowingStreamsTest, AStreamLongerThanItsFirstHoldIsDeliveredWhole) {
  Open(50'000);  // Over a quarter of it is the largest answer: 256 are held first.
  const ClientAnswer answer = Ask(Echo(3000));
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(Words(answer.body), 3000U);
  EXPECT_TRUE(answer.body.ends_with("data: [DONE]\n\n"));
  EXPECT_EQ(SpentByTheLedger(1), mock_->sums().all.finished_tokens.prompt + 3000);
  EXPECT_EQ(quota_core_.Remaining("daily"), 50'000 - SpentByTheLedger(1)) << "no hold stays";
}

// Alone at its budget a stream gets the last token of it, and the provider ends it.
TEST_F(GrowingStreamsTest, AStreamAloneIsNotCut) {
  Open(2'000);
  Behave(R"({"mode": "words", "words": 3000, "prompt_tokens": 10})");
  const ClientAnswer answer = Ask(Request(kStream));
  EXPECT_TRUE(answer.body.ends_with("data: [DONE]\n\n"));
  EXPECT_THAT(answer.body, HasSubstr(R"("finish_reason":"length")"));
  EXPECT_EQ(SpentByTheLedger(1), 2'000);
  EXPECT_EQ(quota_core_.Remaining("daily"), 0);
}

TEST_F(GrowingStreamsTest, AProviderThatGoesOnIsCutAtTheWall) {
  Open(5'000);  // More than every model takes as a cap: nothing is written.
  Behave(R"({"mode": "words", "words": 20000, "prompt_tokens": 10})");
  const ClientAnswer answer = Ask(Request(kStream));
  EXPECT_THAT(answer.body, HasSubstr(R"("finish_reason":"length")"));
  EXPECT_THAT(answer.body, HasSubstr("limit 'daily'"));
  EXPECT_LE(SpentByTheLedger(1), 5'000);
  EXPECT_GE(SpentByTheLedger(1), 4'980) << "all of the hold, but for the prompt's bound";
  EXPECT_EQ(quota_core_.ledger.Rows()[0].outcome, quota::v1::SettleRequest::OUTCOME_CUT);
}

TEST_F(GrowingStreamsTest, ManyStreamsOverOneBudgetNeverExceedIt) {
  Open(3'000);
  Behave(R"({"mode": "words", "words": 300, "prompt_tokens": 10})");  // 16 of them do not fit.
  std::vector<std::unique_ptr<LoopbackClient>> clients;
  for (int i = 0; i < 16; ++i) {
    clients.push_back(std::make_unique<LoopbackClient>(listener_->port()));
    clients.back()->Send(Request(kStream));
  }
  std::vector<std::optional<ClientAnswer>> answers(clients.size());
  ASSERT_TRUE(Pump([&] {
    ExpectWithinTheBudget();
    for (size_t i = 0; i < clients.size(); ++i) {
      answers[i] = ReadAnswer(clients[i]->received(), clients[i]->ended());
    }
    return std::ranges::all_of(answers, [](const auto& each) { return each.has_value(); });
  }));
  size_t admitted = 0;
  size_t cut = 0;
  for (const auto& each : answers) {
    if (each->status == 429) continue;
    ++admitted;
    if (each->body.ends_with("data: [DONE]\n\n")) continue;
    ++cut;
    EXPECT_THAT(each->body, HasSubstr(R"("finish_reason":"length")"));
    EXPECT_THAT(each->body, HasSubstr("limit 'daily'"));
  }
  EXPECT_GT(cut, 0U) << "else this shows nothing";
  EXPECT_LE(SpentByTheLedger(admitted), 3'000);
  EXPECT_EQ(quota_core_.Remaining("daily"), 3'000 - SpentByTheLedger(admitted));
}

}  // namespace
}  // namespace weir::edge
