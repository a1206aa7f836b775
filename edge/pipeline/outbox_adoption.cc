#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

#include "edge/pipeline/boot_id.h"
#include "edge/pipeline/outbox.h"
#include "edge/pipeline/outbox_record.h"

namespace weir::edge {

using edge::v1::OutboxRecord;

namespace {

// What the records say of one attempt; the last one wins.
struct Found {
  OutboxRecord::Intent intent;
  int64_t output_tokens = 0;
  std::vector<quota::v1::SettleRequest> settlements;
};

class Reader {
 public:
  void Take(const OutboxRecord& record) {
    switch (record.record_case()) {
      case OutboxRecord::kIntent:
        found_[AttemptName(record.intent().key())].intent = record.intent();
        break;
      case OutboxRecord::kProgress:
        if (auto known = found_.find(AttemptName(record.progress().key())); known != found_.end()) {
          known->second.output_tokens = record.progress().output_tokens();
        }
        break;
      case OutboxRecord::kSettlement:
        found_[AttemptName(record.settlement().key())].settlements.push_back(record.settlement());
        break;
      case OutboxRecord::kClosed:
        found_.erase(AttemptName(record.closed()));
        break;
      case OutboxRecord::RECORD_NOT_SET:
        break;
    }
  }

  std::vector<quota::v1::SettleRequest> Settlements() const {
    std::vector<quota::v1::SettleRequest> all;
    for (const auto& [name, each] : found_) {
      if (each.settlements.empty()) {
        all.push_back(Estimated(each));
      } else {
        all.insert(all.end(), each.settlements.begin(), each.settlements.end());
      }
    }
    return all;
  }

 private:
  // The edge died with the attempt: what was sent and what was delivered is what is known.
  static quota::v1::SettleRequest Estimated(const Found& found) {
    quota::v1::SettleRequest settle;
    *settle.mutable_key() = found.intent.key();
    settle.set_seq(1);
    *settle.mutable_subjects() = found.intent.subjects();
    settle.mutable_usage()->set_input_uncached_tokens(found.intent.input_tokens_likely());
    settle.mutable_usage()->set_output_visible_tokens(found.output_tokens);
    settle.set_requests(found.intent.requests());
    settle.set_estimated(true);
    settle.set_outcome(quota::v1::SettleRequest::OUTCOME_RECOVERED);
    *settle.mutable_dispatched_at() = found.intent.dispatched_at();
    settle.set_kind(found.intent.kind());
    settle.set_lease_id(found.intent.lease_id());
    return settle;
  }

  std::map<std::string, Found> found_;
};

std::string ReadFile(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

}  // namespace

absl::StatusOr<std::vector<Adopted>> AdoptOutboxes(const std::string& directory) {
  std::error_code error;
  std::map<std::string, std::vector<std::string>> segments;  // By instance, in order.
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    const std::string name = entry.path().filename();
    if (!name.ends_with(".outbox")) continue;
    segments[name.substr(0, name.rfind('.', name.size() - 8))].push_back(entry.path());
  }
  if (error) {
    return status::Unavailable("reading the outbox directory '{}': {}", directory, error.message());
  }
  const std::string boot = BootId();
  std::vector<Adopted> adopted;
  for (auto& [instance, paths] : segments) {
    const std::string lock = fmt::format("{}/{}.lock", directory, instance);
    const int fd = ::open(lock.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0 || ::flock(fd, LOCK_EX | LOCK_NB) != 0) {
      if (fd >= 0) ::close(fd);
      continue;  // Its edge lives.
    }
    std::sort(paths.begin(), paths.end());
    Reader reader;
    Adopted each;
    for (const std::string& path : paths) {
      const std::string bytes = ReadFile(path);
      if (ReadFrames(bytes, [&](const OutboxRecord& record) { reader.Take(record); }) > 0) {
        ++each.unreadable;
      }
    }
    each.instance = instance;
    each.is_whole = each.unreadable == 0 && !boot.empty() && ReadFile(lock) == boot;
    each.settlements = reader.Settlements();
    each.discard = [files = paths, lock, fd] {
      for (const std::string& path : files) ::unlink(path.c_str());
      ::unlink(lock.c_str());
      ::close(fd);
    };
    adopted.push_back(std::move(each));
  }
  return adopted;
}

}  // namespace weir::edge
