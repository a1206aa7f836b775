// Peers that do not keep to the exchange, or speak a later version of it: hand-made streams against
// a server.
#include <gmock/gmock.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/generic/generic_stub.h>

#include "common/rpc/byte_buffer.h"
#include "common/rpc/pipe_codec.h"
#include "common/rpc/pipe_fixture.h"
#include "common/testing/status_matchers.h"

namespace weir::rpc::testing {
namespace {

using std::chrono::seconds;
using ::testing::HasSubstr;

// Field 8191, of bytes: what no version knows.
const std::string kUnknown = "\xFA\xFF\x03\x03new";

// A stream to the pipe of a server; blocks.
class RawPipe {
 public:
  explicit RawPipe(const std::string& address)
      : channel_(grpc::CreateChannel(address, grpc::InsecureChannelCredentials())) {
    context_.set_deadline(std::chrono::system_clock::now() + seconds(10));
    grpc::GenericStub stub(channel_);
    call_ = stub.PrepareCall(&context_, fmt::format("/{}/Pipe", kEcho), &queue_);
    call_->StartCall(this);
    Next();
  }
  ~RawPipe() {
    context_.TryCancel();
    queue_.Shutdown();
    while (Next()) {
    }
  }
  bool Write(const std::string& bytes) {
    call_->Write(ToByteBuffer(bytes), this);
    return Next();
  }
  bool Write(const pipe_pb::PipeBatch& batch) { return Write(batch.SerializeAsString()); }
  // False: the server ended it.
  bool Read(pipe_pb::PipeBatch& batch) {
    grpc::ByteBuffer buffer;
    call_->Read(&buffer, this);
    return Next() && Decode(buffer, batch);
  }
  // Replies, until there are `count` or the server ends it.
  std::vector<pipe_pb::PipeReply> Replies(size_t count) {
    std::vector<pipe_pb::PipeReply> all;
    pipe_pb::PipeBatch batch;
    while (all.size() < count && Read(batch)) {
      for (const auto& each : batch.replies()) all.push_back(each);
    }
    return all;
  }
  // How the server ended it.
  grpc::Status End() {
    pipe_pb::PipeBatch batch;
    while (Read(batch)) {
    }
    grpc::Status status;
    call_->Finish(&status, this);
    Next();
    return status;
  }

 private:
  bool Next() {
    void* tag = nullptr;
    bool ok = false;
    return queue_.Next(&tag, &ok) && ok;
  }

  grpc::CompletionQueue queue_;
  const std::shared_ptr<grpc::Channel> channel_;
  grpc::ClientContext context_;
  std::unique_ptr<grpc::GenericClientAsyncReaderWriter> call_;
};

pipe_pb::PipeBatch Hello() {
  pipe_pb::PipeBatch batch;
  batch.mutable_hello()->set_service(std::string(kEcho));
  batch.mutable_hello()->set_protocol(kPipeProtocol);
  return batch;
}

pipe_pb::PipeItem Item(uint64_t id, std::string request = "") {
  pipe_pb::PipeItem item;
  item.set_id(id);
  item.set_method("Say");
  item.set_request(std::move(request));
  return item;
}

class PipePeerTest : public ::testing::Test {
 protected:
  void ExpectAlive() {
    EchoClient client({socket_});
    EXPECT_THAT(client.Ask(kSay), weir::testing::IsOk());
  }
  const std::string socket_ = NewSocket();
  EchoServer server_{socket_};
  RawPipe pipe_{socket_};
};

TEST_F(PipePeerTest, UnknownFieldsInEveryMessageArePassedOver) {
  pipe_pb::PipeBatch hello = Hello();
  hello.mutable_hello()
      ->GetReflection()
      ->MutableUnknownFields(hello.mutable_hello())
      ->AddVarint(99, 7);
  ASSERT_TRUE(pipe_.Write(hello.SerializeAsString() + kUnknown));
  pipe_pb::PipeBatch batch;
  pipe_pb::PipeItem& item = *batch.add_items() = Item(7, kUnknown);
  item.GetReflection()->MutableUnknownFields(&item)->AddVarint(99, 7);
  ASSERT_TRUE(pipe_.Write(batch.SerializeAsString() + kUnknown));
  const auto replies = pipe_.Replies(1);
  ASSERT_EQ(replies.size(), 1U);
  EXPECT_EQ(replies[0].id(), 7U);
  EXPECT_FALSE(replies[0].has_status());
}

TEST_F(PipePeerTest, AKindOfItemOfALaterVersionIsAnsweredByItself) {
  pipe_pb::PipeBatch batch = Hello();
  pipe_pb::PipeItem& later = *batch.add_items() = Item(1);
  later.set_method("Foresee");
  *batch.add_items() = Item(2);
  ASSERT_TRUE(pipe_.Write(batch));
  std::map<uint64_t, int> codes;
  for (const auto& each : pipe_.Replies(2)) codes[each.id()] = each.status().code();
  EXPECT_EQ(codes, (std::map<uint64_t, int>{{1, grpc::UNIMPLEMENTED}, {2, 0}}));
}

TEST_F(PipePeerTest, AnIdThatComesTwiceIsAnsweredTwiceAndACancelledOneHarmsNobody) {
  pipe_pb::PipeBatch batch = Hello();
  *batch.add_items() = Item(5);
  *batch.add_items() = Item(5);
  batch.add_cancelled(5);
  batch.add_cancelled(12345);
  ASSERT_TRUE(pipe_.Write(batch));
  EXPECT_EQ(pipe_.Replies(2).size(), 2U);
  ExpectAlive();
}

TEST_F(PipePeerTest, WithoutHelloNothingIsDone) {
  pipe_pb::PipeBatch batch;
  *batch.add_items() = Item(1);
  pipe_.Write(batch);
  EXPECT_EQ(pipe_.End().error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_EQ(server_.echo().said, 0);
}

TEST_F(PipePeerTest, NoiseEndsItsOwnPipe) {
  pipe_.Write(std::string("\xFF\xFF\xFF\xFF"));
  EXPECT_EQ(pipe_.End().error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  ExpectAlive();
}

TEST_F(PipePeerTest, ABatchOfTooManyEndsItsPipe) {
  pipe_pb::PipeBatch batch = Hello();
  for (int i = 0; i <= kMaxBatchItems; ++i) *batch.add_items() = Item(i);
  pipe_.Write(batch);
  const grpc::Status end = pipe_.End();
  EXPECT_EQ(end.error_code(), grpc::StatusCode::INVALID_ARGUMENT);
  EXPECT_THAT(end.error_message(), HasSubstr("65 items"));
  EXPECT_EQ(server_.echo().said, 0);
}

// What one peer can make a server hold: large requests whose answers it does not read.
TEST_F(PipePeerTest, ItsBytesAreBounded) {
  ASSERT_TRUE(pipe_.Write(Hello()));
  const std::string large = [] {
    AttemptKey key;
    key.set_request_id(std::string(16 * 1024 * 1024, 'x'));
    return key.SerializeAsString();
  }();
  std::thread writer([&] {
    pipe_pb::PipeBatch batch;
    *batch.add_items() = Item(1, large);
    const std::string bytes = batch.SerializeAsString();
    for (int i = 0; i < 20; ++i) {
      if (!pipe_.Write(bytes)) return;
    }
  });
  std::this_thread::sleep_for(seconds(2));
  EXPECT_LE(server_.echo().said, 8);
  server_.Stop(Duration::zero());
  writer.join();
}

}  // namespace
}  // namespace weir::rpc::testing
