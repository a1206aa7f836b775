#pragma once

#include <boost/asio/any_completion_handler.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/async/asio.h"
#include "common/status/status.h"
#include "weir/edge/v1/outbox.pb.h"

namespace weir::edge {

// An append-only file that outlives kill -9 of the process: intents before a dispatch, progress
// while it streams, the settlement until the ledger has it. Records of one loop turn go out in one
// write. One per loop; its instance is held by a file lock. Not thread-safe.
//
// A file is deleted once no attempt needs it: closed ones do not, and the few that stay open for
// long are carried over into the current file.
//
// Written means handed to the kernel: a killed process loses nothing, a machine that loses power
// may lose what was not synced yet (TakeDirtyFile).
class Outbox {
 public:
  struct Options {
    std::string directory;  // Must exist.
    std::string instance;   // Names the files; unique among running edges: taken by a lock.
    uint64_t segment_bytes = 8 << 20;  // Then a new file begins.
    uint64_t max_bytes = 1ULL << 30;   // Full: kResourceExhausted.
  };
  // kUnavailable: another process holds the instance, or the directory cannot be written.
  static absl::StatusOr<std::unique_ptr<Outbox>> Open(asio::any_io_executor executor,
                                                      Options options);
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // An attempt that is not closed. 0: none; what is asked for it is ignored.
  using Entry = uint64_t;

  // To be closed in any case. kResourceExhausted: full, nothing was added.
  absl::StatusOr<Entry> Intend(const edge::v1::OutboxRecord::Intent& intent);
  // Its intent is written when this returns OK: only then may the attempt be dispatched.
  // kUnavailable: the disk refuses.
  asio::awaitable<absl::Status> Written(Entry entry);
  // Written at the end of this loop turn. Lost with a full disk: the intent stays.
  void Progress(Entry entry, const common::v1::AttemptKey& key, int64_t output_tokens);
  // As Progress; the settlement is to be sent until Close.
  void Settlement(Entry entry, const quota::v1::SettleRequest& settlement);
  // What Settlement was given for it.
  quota::v1::SettleRequest SettlementOf(Entry entry) const;
  // Nothing more is to be done for it.
  void Close(Entry entry);

  // Attempts that are not closed.
  size_t open() const { return open_.size(); }
  // Of all files that are still needed.
  uint64_t bytes() const { return bytes_; }
  // The files that were written to since the last call, for fdatasync on another thread; the caller
  // closes them.
  std::vector<int> TakeDirtyFiles();

 private:
  struct Segment {
    std::string path;
    uint64_t bytes = 0;
    int64_t open = 0;
  };
  // What must be known of an attempt that is not closed, to write it once more.
  struct Unclosed {
    uint64_t segment = 0;
    std::string frame;     // Its intent; its settlement, once there is one.
    std::string progress;  // Its last mark; empty: none, or there is a settlement.
    std::string closed;    // What will close it.
    uint64_t turn = 0;     // Whose write its intent goes with.
    absl::Status written;  // What became of that.
  };
  Outbox(asio::any_io_executor executor, Options options);
  absl::Status OpenSegment();
  void Append(const edge::v1::OutboxRecord& record);
  void ScheduleFlush();
  void Flush();
  absl::Status WritePending();
  void Roll();
  void CarryOver();
  void DropClosedSegments();

  const asio::any_io_executor executor_;
  const Options options_;
  int lock_fd_ = -1;
  bool locked_ = false;
  int fd_ = -1;
  uint64_t sequence_ = 0;
  std::map<uint64_t, Segment> segments_;
  std::unordered_map<Entry, Unclosed> open_;
  Entry last_entry_ = 0;
  uint64_t bytes_ = 0;
  std::string pending_;
  std::vector<Entry> added_;  // In this turn.
  uint64_t turn_ = 0;         // Writes so far.
  std::vector<asio::any_completion_handler<void()>> waiting_;
  absl::Status last_write_;
  bool flush_scheduled_ = false;
  bool dirty_ = false;
  std::vector<int> rolled_;  // Files behind the current one that were not synced yet.
};

// What an outbox that nobody holds any more left behind.
struct Adopted {
  // To be settled, each once per (key, seq): settlements that were not acknowledged, and open
  // intents as estimates of what was delivered.
  std::vector<quota::v1::SettleRequest> settlements;
  // Deletes the files; call it when all settlements are in the ledger.
  std::function<void()> discard;
  // Files with bytes that are no records (torn by the end of the process, or damaged).
  int64_t unreadable = 0;
};

// Takes over every instance in `directory` whose lock is free; blocks. A torn last record is normal
// after a kill. kUnavailable: the directory cannot be read.
absl::StatusOr<std::vector<Adopted>> AdoptOutboxes(const std::string& directory);

}  // namespace weir::edge
