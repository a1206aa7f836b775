#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/status/status.h"
#include "edge/pipeline/outbox_segment.h"
#include "weir/edge/v1/outbox.pb.h"

namespace weir::edge {

// What must outlive kill -9 of the process: intents before a dispatch, progress while it streams,
// the settlement until the ledger has it. Appended to files; one per loop; its instance is held by
// a file lock. Not thread-safe.
//
// A file is used again, or deleted, once no attempt needs it: closed ones do not, and the few that
// stay open for long are carried over into the current file.
//
// A killed process loses nothing of what was appended; a machine that loses power may lose what was
// not synced yet (TakeDirtyFiles).
class Outbox {
 public:
  struct Options {
    std::string directory;  // Must exist.
    std::string instance;   // Names the files; unique among running edges: taken by a lock.
    uint64_t segment_bytes = 1 << 20;  // Of a file.
    uint64_t max_bytes = 1ULL << 30;   // Full: kResourceExhausted.
  };
  // kUnavailable: another process holds the instance, or the directory cannot be written.
  static absl::StatusOr<std::unique_ptr<Outbox>> Open(Options options);
  ~Outbox();
  Outbox(const Outbox&) = delete;
  Outbox& operator=(const Outbox&) = delete;

  // An attempt that is not closed. 0: none; what is asked for it is ignored.
  using Entry = uint64_t;

  // In the outbox when this returns OK: only then may the attempt be dispatched. To be closed then.
  // kResourceExhausted: full; kUnavailable: the disk has no room.
  absl::StatusOr<Entry> Intend(const edge::v1::OutboxRecord::Intent& intent);
  // Lost where the disk has no room: the intent stays.
  void Progress(Entry entry, const common::v1::AttemptKey& key, int64_t output_tokens);
  // As Progress; the settlement is to be sent until Close.
  void Settlement(Entry entry, const quota::v1::SettleRequest& settlement);
  // What Settlement was given for it.
  quota::v1::SettleRequest SettlementOf(Entry entry) const;
  // Nothing more is to be done for it.
  void Close(Entry entry);

  // Attempts that are not closed.
  size_t open() const { return open_.size(); }
  // Written, of all files that are still needed.
  uint64_t bytes() const { return bytes_; }
  // The files that were written to since the last call, for fdatasync on another thread; the caller
  // closes them.
  std::vector<int> TakeDirtyFiles();

 private:
  struct Segment {
    std::unique_ptr<OutboxSegment> file;
    int64_t open = 0;  // Attempts whose records are in it.
  };
  // What must be known of an attempt that is not closed, to write it once more.
  struct Unclosed {
    uint64_t segment = 0;
    std::string frame;     // Its intent; its settlement, once there is one.
    std::string progress;  // Its last mark; empty: none, or there is a settlement.
    std::string closed;    // What will close it.
  };
  explicit Outbox(Options options) : options_(std::move(options)) {}
  absl::Status Append(std::string_view frame);
  // Another file, with room for a frame of `bytes`.
  absl::Status Roll(uint64_t bytes);
  absl::StatusOr<std::unique_ptr<OutboxSegment>> NextFile(uint64_t bytes);
  void CarryOver();
  void DropClosedSegments();

  const Options options_;
  int lock_fd_ = -1;
  bool locked_ = false;
  uint64_t sequence_ = 0;                              // Of the last file that was begun.
  std::map<uint64_t, Segment> segments_;               // By sequence; records go into the last one.
  std::vector<std::unique_ptr<OutboxSegment>> spare_;  // Nobody needs what is in them.
  std::unordered_map<Entry, Unclosed> open_;
  Entry last_entry_ = 0;
  uint64_t bytes_ = 0;
  bool lost_ = false;  // Something could not be written.
  bool dirty_ = false;
  std::vector<int> rolled_;  // Files behind the current one that were not synced yet.
};

// What an outbox that nobody holds any more left behind.
struct Adopted {
  std::string instance;
  // Nothing that it dispatched can be missing: the machine has not gone down since (what was not
  // synced is lost then), and no record is damaged.
  bool is_whole = false;
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
