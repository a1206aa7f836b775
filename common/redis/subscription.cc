#include "common/redis/subscription.h"

#include "common/redis/codec.h"

namespace weir::redis {
namespace {

using Stream = BufferedStream<PubSubEvent>;
using Kind = PubSubEvent::Kind;

constexpr size_t kMostEvents = 1024;
constexpr Duration kLongestPause = std::chrono::seconds(1);
// A connection on which nothing came for so long is asked whether it is there.
constexpr Duration kQuiet = std::chrono::seconds(5);

std::string SubscribeCommand(const std::vector<std::string>& channels) {
  std::vector<std::string_view> words{"SUBSCRIBE"};
  words.insert(words.end(), channels.begin(), channels.end());
  return Encode(words);
}

// False: nobody reads.
bool Pass(const std::weak_ptr<Stream>& weak, PubSubEvent event) {
  const auto stream = weak.lock();
  return stream != nullptr && stream->Offer(std::move(event));
}

bool IsMessage(const Reply& reply) {
  return reply.is_array() && reply.items.size() == 3 && reply.items[0].text == "message";
}

// Asks every few seconds, so that a read that waits for twice as long has lost its server.
asio::awaitable<void> KeepAsking(Timers& timers, std::shared_ptr<Connection> connection,
                                 std::weak_ptr<Stream> weak) {
  for (;;) {
    co_await SleepFor(timers, kQuiet);
    if (weak.expired()) break;
    const MonotonicTime deadline = timers.clock().Monotonic() + kQuiet;
    const absl::Status sent = co_await connection->Send(Encode({"PING"}), deadline);
    if (!sent.ok()) break;
  }
  connection->Close();
}

// Reads until the connection is lost or nobody listens.
asio::awaitable<absl::Status> Follow(Timers& timers, std::shared_ptr<Connection> connection,
                                     std::weak_ptr<Stream> weak,
                                     std::vector<std::string> channels) {
  const MonotonicTime deadline = timers.clock().Monotonic() + kQuiet;
  std::string command = SubscribeCommand(channels);
  const absl::Status sent = co_await connection->Send(std::move(command), deadline);
  if (!sent.ok()) co_return sent;
  for (size_t confirmed = 0;;) {
    absl::StatusOr<Reply> reply =
        co_await connection->Read(timers.clock().Monotonic() + 2 * kQuiet);
    if (!reply.ok()) co_return reply.status();
    if (reply->kind == Reply::Kind::kError) co_return ErrorOf(reply->text);
    if (IsMessage(*reply)) {
      PubSubEvent event{.kind = Kind::kMessage,
                        .channel = std::move(reply->items[1].text),
                        .message = std::move(reply->items[2].text)};
      if (!Pass(weak, std::move(event))) co_return absl::OkStatus();
    } else if (confirmed < channels.size() && ++confirmed == channels.size()) {
      if (!Pass(weak, {.kind = Kind::kSubscribed})) co_return absl::OkStatus();
    }
  }
}

Duration Jittered(Random& random, Duration most) {
  uint16_t drawn = 0;
  random.Fill(std::as_writable_bytes(std::span(&drawn, 1)));
  return most / 2 + most / 2 * drawn / 65'536;
}

asio::awaitable<void> Run(Timers& timers, Random& random, std::shared_ptr<const Route> route,
                          std::weak_ptr<Stream> weak, std::vector<std::string> channels) {
  while (!weak.expired()) {
    absl::StatusOr<Connected> connected = co_await Connect(timers, route);
    if (connected.ok()) {
      const std::shared_ptr<Connection> connection = std::move(connected->connection);
      auto executor = co_await asio::this_coro::executor;
      asio::co_spawn(executor, KeepAsking(timers, connection, weak), asio::detached);
      const absl::Status over = co_await Follow(timers, connection, weak, channels);
      connection->Close();
      if (over.ok()) co_return;
    }
    co_await SleepFor(timers, Jittered(random, kLongestPause));
  }
}

}  // namespace

std::shared_ptr<EventStream<PubSubEvent>> Subscribe(asio::any_io_executor loop, Timers& timers,
                                                    Random& random,
                                                    std::shared_ptr<const Route> route,
                                                    std::vector<std::string> channels) {
  auto stream = std::make_shared<Stream>(loop, kMostEvents);
  asio::co_spawn(
      loop,
      Run(timers, random, std::move(route), std::weak_ptr<Stream>(stream), std::move(channels)),
      asio::detached);
  return stream;
}

}  // namespace weir::redis
