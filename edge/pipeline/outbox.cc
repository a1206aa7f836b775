#include "edge/pipeline/outbox.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cstring>
#include <filesystem>

#include "edge/pipeline/boot_id.h"
#include "edge/pipeline/outbox_record.h"

namespace weir::edge {

using edge::v1::OutboxRecord;

namespace {

// Files that wait for their fdatasync; where the disk is so slow, further ones go without.
constexpr size_t kMaxUnsynced = 16;
// Files that nobody needs are kept for their pages.
constexpr size_t kMaxSpare = 2;
// Attempts are carried over where they are few: their records are at most this part of a file.
constexpr uint64_t kCarriedPart = 8;

std::string SegmentPath(const std::string& directory, const std::string& instance,
                        uint64_t sequence) {
  return fmt::format("{}/{}.{:010}.outbox", directory, instance, sequence);
}

}  // namespace

absl::StatusOr<std::unique_ptr<Outbox>> Outbox::Open(Options options) {
  std::unique_ptr<Outbox> outbox(new Outbox(std::move(options)));
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
  // For who adopts it; one that cannot be written says nothing.
  const std::string boot = BootId();
  if (::ftruncate(outbox->lock_fd_, 0) == 0) {
    std::ignore = ::pwrite(outbox->lock_fd_, boot.data(), boot.size(), 0);
  }
  WEIR_RETURN_IF_ERROR(outbox->Roll(0));
  return outbox;
}

Outbox::~Outbox() {
  for (const int each : rolled_) ::close(each);
  for (const auto& each : spare_) ::unlink(each->path().c_str());
  const bool all_closed = open_.empty() && !lost_;
  for (const auto& [sequence, segment] : segments_) {
    if (all_closed) ::unlink(segment.file->path().c_str());
  }
  segments_.clear();  // Before the lock goes: the files are whole when they are adopted.
  if (lock_fd_ < 0) return;
  // Another's lock is not ours to remove: its files would be adopted under its feet.
  if (all_closed && locked_) {
    ::unlink(fmt::format("{}/{}.lock", options_.directory, options_.instance).c_str());
  }
  ::close(lock_fd_);
}

absl::StatusOr<Outbox::Entry> Outbox::Intend(const OutboxRecord::Intent& intent) {
  if (bytes_ >= options_.max_bytes) {
    return status::ResourceExhausted("the outbox is full: {} bytes, {} attempts not settled",
                                     bytes_, open_.size());
  }
  // Messages are lent for the time that they are written: a copy costs more than the write.
  OutboxRecord record;
  Unclosed added;
  record.unsafe_arena_set_allocated_intent(const_cast<OutboxRecord::Intent*>(&intent));
  AppendFrame(record, added.frame);
  std::ignore = record.unsafe_arena_release_intent();
  record.unsafe_arena_set_allocated_closed(const_cast<common::v1::AttemptKey*>(&intent.key()));
  AppendFrame(record, added.closed);
  std::ignore = record.unsafe_arena_release_closed();
  WEIR_RETURN_IF_ERROR(Append(added.frame));
  added.segment = sequence_;
  ++segments_[sequence_].open;
  open_.emplace(++last_entry_, std::move(added));
  return last_entry_;
}

void Outbox::Progress(Entry entry, const common::v1::AttemptKey& key, int64_t output_tokens) {
  const auto found = open_.find(entry);
  if (found == open_.end()) return;
  OutboxRecord record;
  *record.mutable_progress()->mutable_key() = key;
  record.mutable_progress()->set_output_tokens(output_tokens);
  found->second.progress.clear();
  AppendFrame(record, found->second.progress);
  std::ignore = Append(found->second.progress);
}

void Outbox::Settlement(Entry entry, const quota::v1::SettleRequest& settlement) {
  const auto found = open_.find(entry);
  if (found == open_.end()) return;
  OutboxRecord record;
  record.unsafe_arena_set_allocated_settlement(const_cast<quota::v1::SettleRequest*>(&settlement));
  found->second.frame.clear();
  found->second.progress.clear();
  AppendFrame(record, found->second.frame);
  std::ignore = record.unsafe_arena_release_settlement();
  std::ignore = Append(found->second.frame);
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
  const Unclosed closed = std::move(found->second);
  open_.erase(found);
  --segments_[closed.segment].open;
  std::ignore = Append(closed.closed);
  DropClosedSegments();
}

absl::Status Outbox::Append(std::string_view frame) {
  if (segments_.empty() || !segments_.rbegin()->second.file->Append(frame)) {
    const absl::Status rolled = Roll(frame.size());
    lost_ = lost_ || !rolled.ok();
    WEIR_RETURN_IF_ERROR(rolled);
    segments_.rbegin()->second.file->Append(frame);
  }
  bytes_ += frame.size();
  dirty_ = true;
  return absl::OkStatus();
}

absl::Status Outbox::Roll(uint64_t bytes) {
  absl::StatusOr<std::unique_ptr<OutboxSegment>> next = NextFile(bytes);
  if (!next.ok()) return next.status();
  if (dirty_ && rolled_.size() < kMaxUnsynced) {
    const int file = segments_.rbegin()->second.file->DuplicateFile();
    if (file >= 0) rolled_.push_back(file);
  }
  dirty_ = false;
  segments_[++sequence_].file = *std::move(next);
  CarryOver();
  DropClosedSegments();
  return absl::OkStatus();
}

absl::StatusOr<std::unique_ptr<OutboxSegment>> Outbox::NextFile(uint64_t bytes) {
  std::string path = SegmentPath(options_.directory, options_.instance, sequence_ + 1);
  const uint64_t carried = options_.segment_bytes / kCarriedPart;
  const uint64_t least = bytes + carried + OutboxSegment::kEndBytes;
  while (!spare_.empty()) {
    std::unique_ptr<OutboxSegment> file = std::move(spare_.back());
    spare_.pop_back();
    if (file->capacity() >= least && file->Rename(path).ok()) return file;
    ::unlink(file->path().c_str());
  }
  return OutboxSegment::Create(std::move(path), std::max(options_.segment_bytes, least));
}

// Without this a single attempt that lasts keeps its file, and every later one behind it.
void Outbox::CarryOver() {
  const auto oldest = segments_.begin();
  // The last one may yet close by itself.
  if (segments_.size() < 3 || oldest->second.open == 0) return;
  std::string frames;
  std::vector<Unclosed*> carried;
  for (auto& [entry, each] : open_) {
    if (each.segment != oldest->first) continue;
    frames.append(each.frame).append(each.progress);
    if (frames.size() > options_.segment_bytes / kCarriedPart) return;
    carried.push_back(&each);
  }
  if (!segments_[sequence_].file->Append(frames)) return;
  bytes_ += frames.size();
  dirty_ = true;
  for (Unclosed* each : carried) each->segment = sequence_;
  segments_[sequence_].open += oldest->second.open;
  oldest->second.open = 0;
}

void Outbox::DropClosedSegments() {
  // From the oldest on: a record that closes an attempt is never gone before the attempt's intent.
  while (!segments_.empty()) {
    auto oldest = segments_.begin();
    if (oldest->first == sequence_ || oldest->second.open > 0) return;
    std::unique_ptr<OutboxSegment> file = std::move(oldest->second.file);
    bytes_ -= file->used();
    // At once: whoever adopts it must find no old intent, whose end is in a file that is gone too.
    file->Clear();
    if (spare_.size() < kMaxSpare) {
      spare_.push_back(std::move(file));
    } else {
      ::unlink(file->path().c_str());
    }
    segments_.erase(oldest);
  }
}

std::vector<int> Outbox::TakeDirtyFiles() {
  std::vector<int> files = std::exchange(rolled_, {});
  if (!dirty_) return files;
  dirty_ = false;
  const int file = segments_.rbegin()->second.file->DuplicateFile();
  if (file >= 0) files.push_back(file);
  return files;
}

}  // namespace weir::edge
