#include "edge/pipeline/outbox.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "edge/pipeline/outbox_record.h"

namespace weir::edge {

using edge::v1::OutboxRecord;

namespace {

// Files that wait for their fdatasync; where the disk is so slow, further ones go without.
constexpr size_t kMaxUnsynced = 16;
// Attempts are carried over where they are few: their records are at most this part of a file.
constexpr uint64_t kCarriedPart = 8;

std::string SegmentPath(const std::string& directory, const std::string& instance,
                        uint64_t sequence) {
  return fmt::format("{}/{}.{:010}.outbox", directory, instance, sequence);
}

absl::Status WriteAll(int fd, std::string_view data) {
  while (!data.empty()) {
    const ssize_t wrote = ::write(fd, data.data(), data.size());
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote < 0) return status::Unavailable("writing the outbox: {}", std::strerror(errno));
    data.remove_prefix(static_cast<size_t>(wrote));
  }
  return absl::OkStatus();
}

}  // namespace

Outbox::Outbox(asio::any_io_executor executor, Options options)
    : executor_(std::move(executor)), options_(std::move(options)) {}

absl::StatusOr<std::unique_ptr<Outbox>> Outbox::Open(asio::any_io_executor executor,
                                                     Options options) {
  std::unique_ptr<Outbox> outbox(new Outbox(std::move(executor), std::move(options)));
  const std::string lock =
      fmt::format("{}/{}.lock", outbox->options_.directory, outbox->options_.instance);
  outbox->lock_fd_ = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (outbox->lock_fd_ < 0) {
    return status::Unavailable("opening '{}': {}", lock, std::strerror(errno));
  }
  if (::flock(outbox->lock_fd_, LOCK_EX | LOCK_NB) != 0) {
    return status::Unavailable("opening the outbox '{}': another process holds it",
                               outbox->options_.instance);
  }
  outbox->locked_ = true;
  WEIR_RETURN_IF_ERROR(outbox->OpenSegment());
  return outbox;
}

Outbox::~Outbox() {
  if (!pending_.empty() && fd_ >= 0) Flush();
  if (fd_ >= 0) ::close(fd_);
  for (const int each : rolled_) ::close(each);
  const bool all_closed = open_.empty() && last_write_.ok();
  for (const auto& [sequence, segment] : segments_) {
    if (all_closed) ::unlink(segment.path.c_str());
  }
  if (lock_fd_ < 0) return;
  // Another's lock is not ours to remove: its files would be adopted under its feet.
  if (all_closed && locked_) {
    ::unlink(fmt::format("{}/{}.lock", options_.directory, options_.instance).c_str());
  }
  ::close(lock_fd_);
}

absl::Status Outbox::OpenSegment() {
  if (fd_ >= 0 && dirty_ && rolled_.size() < kMaxUnsynced) {
    rolled_.push_back(fd_);
  } else if (fd_ >= 0) {
    ::close(fd_);
  }
  dirty_ = false;
  fd_ = -1;
  ++sequence_;
  std::string path = SegmentPath(options_.directory, options_.instance, sequence_);
  fd_ = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
  if (fd_ < 0) return status::Unavailable("opening '{}': {}", path, std::strerror(errno));
  segments_[sequence_].path = std::move(path);
  return absl::OkStatus();
}

absl::StatusOr<Outbox::Entry> Outbox::Intend(const OutboxRecord::Intent& intent) {
  if (bytes_ >= options_.max_bytes) {
    return status::ResourceExhausted("the outbox is full: {} bytes, {} attempts not settled",
                                     bytes_, open_.size());
  }
  // Messages are lent for the time that they are written: a copy costs more than the write.
  OutboxRecord record;
  record.unsafe_arena_set_allocated_intent(const_cast<OutboxRecord::Intent*>(&intent));
  const size_t before = pending_.size();
  Append(record);
  std::ignore = record.unsafe_arena_release_intent();
  Unclosed& added = open_[++last_entry_];
  added.segment = sequence_;
  added.turn = turn_;
  added.frame = pending_.substr(before);
  record.unsafe_arena_set_allocated_closed(const_cast<common::v1::AttemptKey*>(&intent.key()));
  AppendFrame(record, added.closed);
  std::ignore = record.unsafe_arena_release_closed();
  ++segments_[sequence_].open;
  added_.push_back(last_entry_);
  ScheduleFlush();
  return last_entry_;
}

asio::awaitable<absl::Status> Outbox::Written(Entry entry) {
  auto found = open_.find(entry);
  if (found == open_.end()) co_return status::Unavailable("the attempt is not in the outbox");
  if (found->second.turn == turn_) {
    co_await asio::async_initiate<const asio::use_awaitable_t<>, void()>(
        [this](auto handler) { waiting_.emplace_back(std::move(handler)); }, asio::use_awaitable);
    found = open_.find(entry);
    if (found == open_.end()) co_return last_write_;  // Closed by others: it is theirs.
  }
  co_return found->second.written;
}

void Outbox::Progress(Entry entry, const common::v1::AttemptKey& key, int64_t output_tokens) {
  const auto found = open_.find(entry);
  if (found == open_.end()) return;
  OutboxRecord record;
  *record.mutable_progress()->mutable_key() = key;
  record.mutable_progress()->set_output_tokens(output_tokens);
  const size_t before = pending_.size();
  Append(record);
  found->second.progress.assign(pending_, before);
  ScheduleFlush();
}

void Outbox::Settlement(Entry entry, const quota::v1::SettleRequest& settlement) {
  const auto found = open_.find(entry);
  if (found == open_.end()) return;
  OutboxRecord record;
  record.unsafe_arena_set_allocated_settlement(const_cast<quota::v1::SettleRequest*>(&settlement));
  const size_t before = pending_.size();
  Append(record);
  std::ignore = record.unsafe_arena_release_settlement();
  found->second.frame.assign(pending_, before);
  found->second.progress.clear();
  ScheduleFlush();
}

quota::v1::SettleRequest Outbox::SettlementOf(Entry entry) const {
  quota::v1::SettleRequest settlement;
  if (const auto found = open_.find(entry); found != open_.end()) {
    ReadFrames(found->second.frame,
               [&](const OutboxRecord& record) { settlement = record.settlement(); });
  }
  return settlement;
}

void Outbox::Close(Entry entry) {
  const auto found = open_.find(entry);
  if (found == open_.end()) return;
  pending_.append(found->second.closed);
  --segments_[found->second.segment].open;
  open_.erase(found);
  ScheduleFlush();
}

void Outbox::Append(const OutboxRecord& record) { AppendFrame(record, pending_); }

void Outbox::ScheduleFlush() {
  if (flush_scheduled_) return;
  flush_scheduled_ = true;
  asio::post(executor_, [this] { Flush(); });
}

void Outbox::Flush() {
  flush_scheduled_ = false;
  last_write_ = fd_ >= 0 ? absl::OkStatus() : OpenSegment();
  if (last_write_.ok()) last_write_ = WritePending();
  pending_.clear();
  dirty_ = true;
  ++turn_;
  if (!last_write_.ok()) {
    for (const Entry each : added_) {
      if (const auto found = open_.find(each); found != open_.end()) {
        found->second.written = last_write_;
      }
    }
  }
  added_.clear();
  std::vector<asio::any_completion_handler<void()>> written;
  written.swap(waiting_);
  if (segments_[sequence_].bytes >= options_.segment_bytes) Roll();
  DropClosedSegments();
  for (auto& each : written) std::move(each)();
}

absl::Status Outbox::WritePending() {
  Segment& segment = segments_[sequence_];
  if (absl::Status written = WriteAll(fd_, pending_); !written.ok()) {
    // Half a record would hide every record behind it.
    if (::ftruncate(fd_, static_cast<off_t>(segment.bytes)) != 0) {
      ::close(fd_);
      fd_ = -1;  // The next turn goes on in a segment of its own.
    }
    return written;
  }
  segment.bytes += pending_.size();
  bytes_ += pending_.size();
  return absl::OkStatus();
}

void Outbox::Roll() {
  if (absl::Status opened = OpenSegment(); !opened.ok()) {
    last_write_ = opened;
    return;
  }
  CarryOver();
}

// Without this a single attempt that lasts keeps its file, and every later one behind it.
void Outbox::CarryOver() {
  const auto oldest = segments_.begin();
  // The last one may yet close by itself.
  if (segments_.size() < 3 || oldest->second.open == 0) return;
  std::vector<Unclosed*> carried;
  const uint64_t most = options_.segment_bytes / kCarriedPart;
  for (auto& [entry, each] : open_) {
    if (each.segment != oldest->first) continue;
    pending_.append(each.frame).append(each.progress);
    if (pending_.size() > most) break;
    carried.push_back(&each);
  }
  const bool all = static_cast<int64_t>(carried.size()) == oldest->second.open;
  if (all) last_write_ = WritePending();
  pending_.clear();
  if (!all || !last_write_.ok()) return;
  for (Unclosed* each : carried) each->segment = sequence_;
  segments_[sequence_].open += oldest->second.open;
  oldest->second.open = 0;
  dirty_ = true;
}

void Outbox::DropClosedSegments() {
  // From the oldest on: a record that closes an attempt is never gone before the attempt's intent.
  while (!segments_.empty()) {
    auto oldest = segments_.begin();
    if (oldest->first == sequence_ || oldest->second.open > 0) return;
    ::unlink(oldest->second.path.c_str());
    bytes_ -= oldest->second.bytes;
    segments_.erase(oldest);
  }
}

std::vector<int> Outbox::TakeDirtyFiles() {
  std::vector<int> files = std::exchange(rolled_, {});
  if (!dirty_) return files;
  dirty_ = false;
  if (const int file = ::dup(fd_); file >= 0) files.push_back(file);
  return files;
}

}  // namespace weir::edge
