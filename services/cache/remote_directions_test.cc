#include "services/cache/remote_directions.h"

#include <gmock/gmock.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/streambuf.hpp>
#include <boost/asio/write.hpp>
#include <cmath>
#include <thread>

#include "services/cache/cache_for_test.h"

namespace weir::cache {
namespace {

using ::testing::HasSubstr;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;
using tcp = asio::ip::tcp;

// A provider that gives each question `answer`, while this lives.
class Provider {
 public:
  Provider(int status, std::string body)
      : answer_(fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\n\r\n{}", status, body.size(),
                            body)),
        acceptor_(io_, tcp::endpoint(asio::ip::address_v4::loopback(), 0)),
        thread_([this] {
          while (!done_) Serve();
        }) {}
  ~Provider() {
    done_ = true;
    ErrorCode ignored;
    tcp::socket(io_).connect(acceptor_.local_endpoint(), ignored);
    thread_.join();
  }
  ProviderSettings settings() const {
    ProviderSettings settings;
    settings.embedding = ProviderSettings::Embedding::kMistral;
    settings.embedding_endpoint =
        fmt::format("http://127.0.0.1:{}/v1/embeddings", acceptor_.local_endpoint().port());
    settings.embedding_dimension = 40;
    settings.embedding_api_key = config::Secret("canary");
    return settings;
  }
  const std::string& asked() const { return asked_; }

 private:
  void Serve() {
    tcp::socket socket = acceptor_.accept();
    if (done_) return;
    asio::streambuf question;
    ErrorCode error;
    asio::read_until(socket, question, "]}", error);
    asked_.assign(asio::buffers_begin(question.data()), asio::buffers_end(question.data()));
    asio::write(socket, asio::buffer(answer_), error);
    socket.shutdown(tcp::socket::shutdown_both, error);
  }

  const std::string answer_;
  asio::io_context io_;
  tcp::acceptor acceptor_;
  std::string asked_;
  std::atomic<bool> done_ = false;
  std::thread thread_;
};

std::string Vector(size_t size, double value) {
  std::string numbers;
  for (size_t i = 0; i < size; ++i) numbers += fmt::format("{}{}", i == 0 ? "" : ",", value);
  return fmt::format(R"({{"data":[{{"embedding":[{}]}}]}})", numbers);
}

absl::StatusOr<Direction> Ask(const Provider& provider) {
  static const SystemClock clock;
  const auto directions = *RemoteDirections::Make(provider.settings(), clock);
  return testing::RunUntilDone(
      directions->Of("What is \"this\"?", clock.Monotonic() + std::chrono::seconds(5)));
}

TEST(RemoteDirectionsTest, S2_12_AsksAProviderForEmbeddings) {
  const Provider provider(200, Vector(40, -3));
  const absl::StatusOr<Direction> direction = Ask(provider);
  ASSERT_THAT(direction, IsOk());
  ASSERT_TRUE(direction->has_value());
  EXPECT_EQ((*direction)->size(), 64u);
  EXPECT_NEAR((**direction)[0], -1 / std::sqrt(40.0), 1e-6);
  EXPECT_EQ((**direction)[40], 0);
  EXPECT_THAT(provider.asked(), HasSubstr("POST /v1/embeddings HTTP/1.1\r\n"));
  EXPECT_THAT(provider.asked(), HasSubstr("Authorization: Bearer canary\r\n"));
  EXPECT_THAT(provider.asked(),
              HasSubstr(R"({"model":"mistral-embed","input":["What is \"this\"?"]})"));
}

TEST(RemoteDirectionsTest, WhatIsNoVectorIsNone) {
  EXPECT_THAT(Ask(Provider(500, "{}")),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("answered 500")));
  EXPECT_THAT(Ask(Provider(200, Vector(39, 1))), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Ask(Provider(200, Vector(41, 1))), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(Ask(Provider(200, "no JSON")), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_FALSE(Ask(Provider(200, Vector(40, 0)))->has_value());
}

TEST(RemoteDirectionsTest, ACacheWithoutItsProviderAnswersEqualQuestions) {
  CacheConfig config;
  {
    const Provider gone(500, "");
    config.providers = gone.settings();
  }
  CacheForTest cache(config);
  ASSERT_TRUE(cache.Record(TestRecord(kQuestion, "Click there.")).stored());
  EXPECT_TRUE(cache.Lookup(TestLookup(kQuestion)).hit());
  EXPECT_FALSE(cache.Lookup(TestLookup(kParaphrase)).hit());
}

}  // namespace
}  // namespace weir::cache
