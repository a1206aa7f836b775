#include "common/redis/client.h"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <chrono>
#include <map>

#include "common/redis/client_for_test.h"

namespace weir::redis {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using ::testing::HasSubstr;
using testing::IsOk;
using ::testing::Not;
using testing::RedisServer;
using ::testing::SizeIs;
using testing::StatusIs;

TEST(RedisClientTest, AsksOverAUnixSocketAndOverTcp) {
  const RedisServer server;
  for (const std::string& address : {server.address(), server.tcp_address()}) {
    RedisConfig config = server.config();
    config.address = address;
    ClientForTest test(config);
    EXPECT_THAT(test.Call({"SET", "k", "v"}), IsOk());
    EXPECT_EQ(test.Call({"GET", "k"})->text, "v");
    EXPECT_EQ(test.Call({"INCRBY", address, "41"})->integer, 41);
    EXPECT_FALSE(test.client->run_id().empty());
  }
}

asio::awaitable<void> Ask(Client& client, std::string command, std::vector<std::string>& answers,
                          std::atomic<int>& open) {
  const MonotonicTime deadline = SystemClock().Monotonic() + seconds(5);
  const absl::StatusOr<Reply> reply = co_await client.Call(std::move(command), deadline);
  answers.push_back(reply.ok() ? reply->text : std::string(status::Message(reply.status())));
  --open;
}

TEST(RedisClientTest, AnswersAThousandAtOnceInOrder) {
  const RedisServer server;
  ClientForTest test(server.config());
  std::vector<std::string> answers, want;
  std::atomic<int> open = 1000;
  for (int i = 0; i < 1000; ++i) {
    want.push_back(std::string(static_cast<size_t>(i), 'x'));
    asio::co_spawn(test.loop, Ask(*test.client, Encode({"ECHO", want.back()}), answers, open),
                   asio::detached);
  }
  while (open > 0) test.loop.run_one();
  EXPECT_EQ(answers, want);
}

TEST(RedisClientTest, AnErrorOfTheServerIsAStatusAndTheConnectionGoesOn) {
  const RedisServer server;
  ClientForTest test(server.config());
  EXPECT_THAT(test.Call({"NONSENSE"}), StatusIs(absl::StatusCode::kInternal, HasSubstr("unknown")));
  EXPECT_THAT(test.Call({"PING"}), IsOk());
}

TEST(RedisClientTest, MoreThanMayWaitIsRefusedAtOnce) {
  const RedisServer server;
  RedisConfig config = server.config();
  config.max_in_flight = 16;
  ClientForTest test(config);
  std::vector<std::string> answers;
  std::atomic<int> open = 20;
  for (int i = 0; i < 20; ++i) {
    asio::co_spawn(test.loop, Ask(*test.client, Encode({"ECHO", "x"}), answers, open),
                   asio::detached);
  }
  while (open > 0) test.loop.run_one();
  EXPECT_EQ(std::ranges::count(answers, "x"), 16);
  EXPECT_EQ(std::ranges::count(answers, "16 commands wait for redis already"), 4);
}

TEST(RedisClientTest, ACancelledCallerIsLetGoAndTheNextOneGetsItsOwnAnswer) {
  const RedisServer server;
  ClientForTest test(server.config());
  ASSERT_THAT(test.Call({"PING"}), IsOk());
  asio::cancellation_signal cancel;
  std::optional<absl::StatusOr<Reply>> cancelled;
  asio::co_spawn(
      test.loop,
      test.client->Call(Encode({"BLPOP", "nothing", "0.3"}), test.clock.Monotonic() + seconds(5)),
      asio::bind_cancellation_slot(
          cancel.slot(),
          [&](std::exception_ptr, absl::StatusOr<Reply> reply) { cancelled = reply; }));
  test.Turn(milliseconds(50));
  EXPECT_FALSE(cancelled);
  cancel.emit(asio::cancellation_type::terminal);
  test.Turn(milliseconds(20));
  ASSERT_TRUE(cancelled);
  EXPECT_THAT(*cancelled, StatusIs(absl::StatusCode::kCancelled));
  EXPECT_EQ(test.Call({"ECHO", "mine"})->text, "mine");
}

TEST(RedisClientTest, ADeadlineIsKeptAndTheConnectionToo) {
  const RedisServer server;
  ClientForTest test(server.config());
  EXPECT_THAT(test.Call({"BLPOP", "nothing", "0.2"}, milliseconds(50)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, HasSubstr("may have happened")));
  EXPECT_EQ(test.Call({"ECHO", "mine"})->text, "mine");
}

TEST(RedisClientTest, CommandsWaitForTheFirstConnectionWithinTheirDeadline) {
  RedisServer server;
  server.Pause();
  ClientForTest test(server.config());
  EXPECT_THAT(test.Call({"PING"}, milliseconds(50)),
              StatusIs(absl::StatusCode::kDeadlineExceeded, Not(HasSubstr("happened"))));
  server.Resume();
  EXPECT_THAT(test.Call({"PING"}), IsOk());
}

TEST(RedisClientTest, OfThoseThatWaitEachHasItsOwnDeadline) {
  RedisServer server;
  server.Pause();
  ClientForTest test(server.config());
  std::map<std::string, absl::StatusCode> codes;
  for (const int ms : {20, 40, 2000, 60, 2001}) {
    asio::co_spawn(
        test.loop,
        test.client->Call(Encode({"ECHO", "x"}), test.clock.Monotonic() + milliseconds(ms)),
        [&codes, ms](std::exception_ptr, const absl::StatusOr<Reply>& reply) {
          codes[std::to_string(ms)] = reply.status().code();
        });
  }
  test.Turn(milliseconds(200));
  EXPECT_THAT(codes, SizeIs(3));
  server.Resume();
  while (codes.size() < 5) test.loop.run_one();
  EXPECT_EQ(codes["40"], absl::StatusCode::kDeadlineExceeded);
  EXPECT_EQ(codes["2000"], absl::StatusCode::kOk);
  EXPECT_EQ(codes["2001"], absl::StatusCode::kOk);
}

TEST(RedisClientTest, AKilledServerIsUnavailableAtOnceAndBackByItself) {
  RedisServer server;
  ClientForTest test(server.config());
  ASSERT_THAT(test.Call({"PING"}), IsOk());
  const std::string before = test.client->run_id();
  server.Kill();
  test.Turn(milliseconds(100));
  const MonotonicTime asked = test.clock.Monotonic();
  for (int i = 0; i < 10; ++i) {
    EXPECT_THAT(test.Call({"PING"}), StatusIs(absl::StatusCode::kUnavailable));
  }
  EXPECT_LT(test.clock.Monotonic() - asked, milliseconds(500)) << "nobody queues behind a dead one";
  EXPECT_EQ(test.client->run_id(), "");
  server.Start();
  EXPECT_THAT(test.CallUntilOk({"PING"}), IsOk());
  EXPECT_NE(test.client->run_id(), before);
}

TEST(RedisClientTest, WhatWasSentWhenTheServerDiedMayHaveHappened) {
  RedisServer server;
  ClientForTest test(server.config());
  ASSERT_THAT(test.Call({"PING"}), IsOk());
  std::vector<std::string> answers;
  std::atomic<int> open = 1;
  asio::co_spawn(test.loop, Ask(*test.client, Encode({"BLPOP", "nothing", "9"}), answers, open),
                 asio::detached);
  test.Turn(milliseconds(30));
  server.Kill();
  while (open > 0) test.loop.run_one();
  EXPECT_THAT(answers[0], HasSubstr("the command may have happened"));
}

TEST(RedisClientTest, AServerThatHangsIsTakenForLostAndBackWhenItGoesOn) {
  RedisServer server;
  RedisConfig config = server.config();
  config.command_timeout = milliseconds(200);
  config.connect_timeout = milliseconds(200);
  ClientForTest test(config);
  ASSERT_THAT(test.Call({"PING"}), IsOk());
  server.Pause();
  const MonotonicTime asked = test.clock.Monotonic();
  EXPECT_THAT(test.Call({"PING"}), StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_LT(test.clock.Monotonic() - asked, seconds(2));
  const MonotonicTime again = test.clock.Monotonic();
  for (int i = 0; i < 5; ++i) {
    EXPECT_THAT(test.Call({"PING"}), StatusIs(absl::StatusCode::kUnavailable));
  }
  EXPECT_LT(test.clock.Monotonic() - again, milliseconds(150)) << "the others are refused at once";
  server.Resume();
  EXPECT_THAT(test.CallUntilOk({"PING"}), IsOk());
}

TEST(RedisClientTest, AScriptIsLoadedWhereTheServerLacksIt) {
  RedisServer server;
  ClientForTest test(server.config());
  const Script script = MakeScript("return {KEYS[1], ARGV[1]}");
  const std::array<std::string_view, 1> keys{"k"}, arguments{"a"};
  const auto run = [&] {
    return testing::RunUntilDone(test.loop,
                                 Eval(*test.client, &script, EncodeEval(script, keys, arguments),
                                      test.clock.Monotonic() + seconds(5)));
  };
  for (int i = 0; i < 3; ++i) {
    const absl::StatusOr<Reply> reply = run();
    ASSERT_THAT(reply, IsOk());
    EXPECT_EQ(reply->items[1].text, "a");
    if (i == 1) server.Ask({"SCRIPT", "FLUSH"});
  }
}

TEST(RedisClientTest, APasswordAndAnAclUserAreShownAndNeverTold) {
  RedisServer server({"--requirepass", "open sesame"});
  RedisConfig config = server.config();
  {
    ClientForTest test(config);
    EXPECT_THAT(test.Call({"PING"}), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("NOAUTH")));
  }
  config.password = config::Secret("let me in");
  {
    ClientForTest test(config);
    EXPECT_THAT(test.Call({"PING"}),
                StatusIs(absl::StatusCode::kUnavailable, Not(HasSubstr("let me in"))));
  }
  config.password = config::Secret("open sesame");
  {
    ClientForTest test(config);
    EXPECT_THAT(test.Call({"PING"}), IsOk());
    EXPECT_THAT(test.Call({"ACL", "SETUSER", "weir", "on", ">pw", "~w1:*", "+@all"}), IsOk());
  }
  config.user = "weir";
  config.password = config::Secret("pw");
  ClientForTest test(config);
  EXPECT_THAT(test.Call({"SET", "w1:a", "1"}), IsOk());
  EXPECT_THAT(test.Call({"SET", "other", "1"}), StatusIs(absl::StatusCode::kPermissionDenied));
}

TEST(RedisClientTest, AReplicaIsRefused) {
  const RedisServer master;
  const RedisServer replica({"--replicaof", "127.0.0.1", std::to_string(master.port())});
  ClientForTest test(replica.config());
  EXPECT_THAT(test.Call({"PING"}),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("role:slave")));
}

TEST(RedisClientTest, ChecksTheServersCertificate) {
  // A certificate that signs itself, of "redis.test".
  const RedisServer keeper;
  const std::string key = keeper.folder() + "/tls.key", certificate = keeper.folder() + "/tls.crt";
  const std::string make =
      "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes "
      "-days 1 -subj /CN=redis.test -addext subjectAltName=DNS:redis.test "
      "-keyout " +
      key + " -out " + certificate + " 2>/dev/null";
  ASSERT_EQ(std::system(make.c_str()), 0);
  const int port = testing::FreePort();
  const RedisServer server({"--tls-port", std::to_string(port), "--tls-cert-file", certificate,
                            "--tls-key-file", key, "--tls-ca-cert-file", certificate});
  RedisConfig config = server.config();
  config.address = "127.0.0.1:" + std::to_string(port);
  config.tls = RedisTls{.ca_file = certificate,
                        .certificate_file = certificate,
                        .key_file = key,
                        .server_name = "redis.test"};
  {
    ClientForTest test(config);
    EXPECT_EQ(test.Call({"ECHO", "safe"})->text, "safe");
  }
  config.tls->server_name = "other.test";
  {
    ClientForTest test(config);
    EXPECT_THAT(test.Call({"PING"}), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("verify")));
  }
  config.tls->server_name = "redis.test";
  config.tls->ca_file = "";
  ClientForTest test(config);
  EXPECT_THAT(test.Call({"PING"}), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("verify")));
}

TEST(RedisClientTest, SentinelsWithAPasswordAreShownIt) {
  const RedisServer master;
  const RedisServer sentinel = RedisServer::Sentinel(master, "swordfish");
  RedisConfig config = master.config();
  config.address = "";
  config.sentinel = RedisSentinel{.master = "weir", .addresses = {sentinel.tcp_address()}};
  {
    ClientForTest test(config);
    EXPECT_THAT(test.Call({"PING"}), StatusIs(absl::StatusCode::kUnavailable, HasSubstr("NOAUTH")));
  }
  config.sentinel->password = config::Secret("swordfish");
  ClientForTest test(config);
  EXPECT_THAT(test.CallUntilOk({"PING"}), IsOk());
}

TEST(RedisClientTest, FollowsTheSentinelsToTheNewMaster) {
  RedisServer master({"--repl-diskless-sync-delay", "0"});
  const RedisServer replica({"--replicaof", "127.0.0.1", std::to_string(master.port())});
  const RedisServer sentinel = RedisServer::Sentinel(master);
  RedisConfig config = master.config();
  config.address = "";
  config.connect_timeout = milliseconds(500);
  // The first of them is away.
  config.sentinel =
      RedisSentinel{.master = "weir", .addresses = {"127.0.0.1:1", sentinel.tcp_address()}};
  ClientForTest test(config);
  EXPECT_THAT(test.CallUntilOk({"SET", "k", "v"}), IsOk());
  const std::string before = test.client->run_id();
  // The sentinel must know the replica before it can promote it, and the replica must have it all.
  const auto prepared = [&] {
    const bool known = !sentinel.Ask({"SENTINEL", "REPLICAS", "weir"}).items.empty();
    const Reply copy = replica.Ask({"INFO", "replication"});
    return known && copy.text.find("master_link_status:up") != std::string::npos;
  };
  for (int i = 0; i < 500 && !prepared(); ++i) test.Turn(milliseconds(20));
  EXPECT_EQ(test.Call({"WAIT", "1", "2000"})->integer, 1);
  master.Kill();
  const MonotonicTime end = test.clock.Monotonic() + seconds(30);
  absl::StatusOr<Reply> reply = status::Unavailable("not asked");
  while (!reply.ok() && test.clock.Monotonic() < end) reply = test.CallUntilOk({"GET", "k"});
  ASSERT_THAT(reply, IsOk());
  EXPECT_EQ(reply->text, "v");
  EXPECT_NE(test.client->run_id(), before);
}

}  // namespace
}  // namespace weir::redis
