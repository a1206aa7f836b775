#pragma once

#include <deque>
#include <memory>
#include <set>
#include <string>
#include <variant>

#include "common/async/mutex.h"
#include "common/crypto/sealer.h"
#include "common/ids/random.h"
#include "common/metrics/registry.h"
#include "common/redis/client.h"
#include "services/cache/recording_store.h"

namespace weir::cache {

// In Redis, which all replicas share: what one puts and forgets the others hear of, within
// milliseconds. A body lies sealed under "w1:sc:b:ID" until it is over; the stream "w1:sc:log" says
// what came and went, and each replica reads it from where it stopped. Where it stopped too long
// ago, or Redis lost the stream, it reads all bodies anew and forgets what is not there: what was
// forgotten meanwhile must not answer.
//
// While Redis is away, steps wait (RecordingStore says how many). Everything runs on one loop;
// methods are for any thread.
class RedisRecordings final : public RecordingStore, public Leases {
 public:
  struct Options {
    int64_t log_entries = 1'000'000;  // That the stream keeps, about.
  };
  struct Deps {
    asio::io_context& loop;  // All must outlive the loop's last turn.
    Timers& timers;          // Of it.
    Random& random;
    const crypto::Sealer& sealer;
    const Clock& clock;
    std::shared_ptr<const redis::Route> route;
    metrics::Registry* metrics = nullptr;  // Null: nothing is counted.
  };
  RedisRecordings(Options options, Deps deps);

  void Listen(RecordingListener* listener) override { listener_ = listener; }
  // Follows the others, as long as the loop runs. After Load.
  asio::awaitable<void> Run();

  void Put(v1::StoredAnswer answer) override;
  void Forget(const std::string& organization, const std::string& id) override;
  asio::awaitable<absl::Status> Load(Sink sink) override;
  asio::awaitable<absl::Status> Flush() override;

  asio::awaitable<absl::StatusOr<bool>> Take(std::string flight, std::string lease_id,
                                             Duration time) override;
  asio::awaitable<absl::StatusOr<bool>> Renew(std::string flight, std::string lease_id,
                                              Duration time) override;
  void Drop(std::string flight, std::string lease_id) override;

 private:
  struct Forgotten {
    std::string organization, id;
  };
  struct Dropped {
    std::string flight, lease_id;
  };
  using Step = std::variant<v1::StoredAnswer, Forgotten, Dropped>;
  struct Event {
    std::string offset, kind, id, organization, replica;
  };

  void Add(Step step, size_t bytes);
  // True: nobody writes yet.
  bool Queue(Step step, size_t bytes);
  asio::awaitable<void> Write();
  asio::awaitable<absl::Status> WriteOne(const Step* step);
  std::string PutCommand(const v1::StoredAnswer& answer) const;

  // Reads the stream until the connection is lost.
  asio::awaitable<absl::Status> Follow();
  asio::awaitable<absl::Status> CatchUp();
  asio::awaitable<absl::Status> Apply(Event event);
  // Whether what came after offset_ is all there.
  asio::awaitable<absl::StatusOr<bool>> HasGap();
  // Reads all bodies, and where the stream is now.
  using Ids = std::set<std::string>;
  asio::awaitable<absl::StatusOr<Ids>> ReadAll(Sink sink);
  asio::awaitable<absl::StatusOr<std::string>> LastOffset();
  asio::awaitable<absl::StatusOr<v1::StoredAnswer>> ReadBody(std::string key);
  asio::awaitable<absl::StatusOr<redis::Reply>> Ask(std::string command);

  asio::awaitable<absl::Status> LoadHere(Sink sink);
  asio::awaitable<absl::Status> FlushHere();
  asio::awaitable<absl::StatusOr<bool>> TakeHere(std::string flight, std::string lease_id,
                                                 Duration time);
  asio::awaitable<absl::StatusOr<bool>> RenewHere(std::string flight, std::string lease_id,
                                                  Duration time);
  MonotonicTime Deadline() const;

  const Options options_;
  const Deps deps_;
  const std::string replica_;  // At random: our own events are passed over.
  const std::unique_ptr<redis::Client> client_;
  RecordingListener* listener_ = nullptr;
  metrics::Counter* dropped_ = nullptr;
  metrics::Gauge* waiting_gauge_ = nullptr;

  bool following_ = false;  // On the loop alone, as the next.
  // Of the last event that was applied; empty: none was read ever.
  std::string offset_;

  Mutex mutex_;
  std::deque<Step> waiting_ ABSL_GUARDED_BY(mutex_);
  size_t waiting_bytes_ ABSL_GUARDED_BY(mutex_) = 0;
  bool writing_ ABSL_GUARDED_BY(mutex_) = false;
  // What was put here while all bodies are read: it may not be among them yet.
  bool reading_all_ ABSL_GUARDED_BY(mutex_) = false;
  Ids put_meanwhile_ ABSL_GUARDED_BY(mutex_);
};

}  // namespace weir::cache
