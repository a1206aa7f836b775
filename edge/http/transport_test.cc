#include "edge/http/transport.h"

#include <sys/socket.h>

#include <array>
#include <optional>

#include "common/testing/status_matchers.h"
#include "edge/testing/loopback.h"

namespace weir::edge {
namespace {

using ::weir::edge::testing::LoopbackAcceptor;
using ::weir::edge::testing::LoopbackClient;
using ::weir::edge::testing::PumpUntil;
using ::weir::edge::testing::Settle;

asio::awaitable<void> WriteParts(Transport* transport, std::vector<std::string> parts,
                                 std::optional<ErrorCode>* result) {
  std::vector<asio::const_buffer> buffers;
  for (const std::string& each : parts) buffers.push_back(asio::buffer(each));
  const ErrorCode error = co_await transport->Write(buffers);
  *result = error;
}
asio::awaitable<void> ReadOnce(Transport* transport, std::optional<ErrorCode>* result) {
  std::array<char, 100> space;
  auto [error, read] = co_await transport->ReadSome(asio::buffer(space));
  *result = error;
}

class PlainTransportTest : public ::testing::Test {
 protected:
  void Write(std::vector<std::string> parts) {
    result_.reset();
    asio::co_spawn(loop_, WriteParts(transport_.get(), std::move(parts), &result_), asio::detached);
  }
  ::testing::AssertionResult Done() {
    return PumpUntil(loop_, [this] { return result_.has_value(); });
  }

  asio::io_context loop_;
  LoopbackAcceptor acceptor_{loop_};
  LoopbackClient client_{acceptor_.port()};
  std::unique_ptr<Transport> transport_ = NewPlainTransport(acceptor_.Accept());
  std::optional<ErrorCode> result_;
};

TEST_F(PlainTransportTest, GathersTheParts) {
  Write({"one", "", "two", "three"});
  ASSERT_TRUE(Done());
  EXPECT_FALSE(*result_);
  EXPECT_TRUE(PumpUntil(loop_, [this] { return client_.received() == "onetwothree"; }));
}

TEST_F(PlainTransportTest, WritesMorePartsThanOneCallTakes) {
  std::string all;
  std::vector<std::string> parts;
  for (int i = 0; i < 100; ++i) all += parts.emplace_back(fmt::format("{:03}", i));
  Write(parts);
  ASSERT_TRUE(Done());
  EXPECT_TRUE(PumpUntil(loop_, [&] { return client_.received() == all; }));
}

TEST_F(PlainTransportTest, WaitsForASlowReaderAndLosesNothing) {
  std::string all;
  std::vector<std::string> parts;
  for (int i = 0; i < 5; ++i) all += parts.emplace_back(3'000'000, static_cast<char>('a' + i));
  Write(parts);
  Settle(loop_);
  EXPECT_FALSE(result_.has_value()) << "the socket took everything: nothing is tested";
  std::string got;
  ASSERT_TRUE(PumpUntil(loop_, [&] {
    got += client_.Take();
    return got.size() == all.size();
  }));
  ASSERT_TRUE(Done());
  EXPECT_FALSE(*result_);
  EXPECT_TRUE(got == all);
}

TEST_F(PlainTransportTest, CloseEndsAPendingWrite) {
  Write({std::string(20'000'000, 'x')});
  Settle(loop_);
  transport_->Close();
  transport_->Close();
  ASSERT_TRUE(Done());
  EXPECT_TRUE(*result_);
}

TEST_F(PlainTransportTest, CloseEndsAPendingRead) {
  asio::co_spawn(loop_, ReadOnce(transport_.get(), &result_), asio::detached);
  Settle(loop_);
  transport_->Close();
  ASSERT_TRUE(Done());
  EXPECT_EQ(*result_, asio::error::operation_aborted);
}

TEST_F(PlainTransportTest, WritingToAPeerThatResetIsAnError) {
  client_.Reset();
  for (int i = 0; i < 3; ++i) {
    Write({"hello"});
    ASSERT_TRUE(Done());
  }
  EXPECT_TRUE(*result_);
}

TEST_F(PlainTransportTest, KnowsThatThePeerHasGone) {
  EXPECT_FALSE(transport_->PeerGone());
  client_.Send("unread");
  EXPECT_FALSE(transport_->PeerGone());
  client_.Close();
  EXPECT_TRUE(PumpUntil(loop_, [this] { return transport_->PeerGone(); }));
}

TEST_F(PlainTransportTest, AClosedTransportHasNoPeer) {
  transport_->Close();
  EXPECT_TRUE(transport_->PeerGone());
}

// A connection that has something to say before it was asked must not be asked: the answer would be
// the wrong one.
TEST_F(PlainTransportTest, IsQuietUntilAnythingComes) {
  EXPECT_TRUE(transport_->Quiet());
  client_.Send("HTTP/1.1 408 Request Timeout\r\n\r\n");
  EXPECT_TRUE(PumpUntil(loop_, [this] { return !transport_->Quiet(); }));
  transport_->Close();
  EXPECT_FALSE(transport_->Quiet());
}

}  // namespace
}  // namespace weir::edge
