#include "edge/pipeline/quarantine.h"

#include <fcntl.h>
#include <google/protobuf/util/json_util.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstring>

#include "common/log/log.h"
#include "common/text/json_escape.h"

namespace weir::edge {
namespace {

std::string LineOf(const quota::v1::SettleRequest& settlement, std::string_view reason) {
  std::string json;
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  // Without a field that is no UTF-8, all of it is lost: then the key at least is in the log.
  std::ignore = google::protobuf::util::MessageToJsonString(settlement, &json, options);
  std::string line = "{\"reason\":";
  text::AppendJsonString(line, reason);
  line.append(",\"settlement\":").append(json.empty() ? "null" : json).append("}\n");
  return line;
}

}  // namespace

Quarantine::Quarantine(std::string directory, metrics::Registry& registry, uint64_t max_bytes)
    : path_(std::move(directory) + "/refused.jsonl"),
      max_bytes_(max_bytes),
      refused_(registry.NewCounter("weir_settlements_refused_total",
                                   "Settlements that quota refuses for good: see refused.jsonl "
                                   "beside the outbox.")) {}

void Quarantine::Put(const quota::v1::SettleRequest& settlement, std::string_view reason) {
  refused_.Add();
  absl::Status kept;
  {
    MutexLock lock(mutex_);
    kept = Append(LineOf(settlement, reason));
  }
  log::Error("edge.settle.refused", {{"request_id", settlement.key().request_id()},
                                     {"attempt", settlement.key().attempt()},
                                     {"organization", settlement.subjects().organization()},
                                     {"reason", reason},
                                     {"kept", kept.ok() ? path_ : status::Message(kept)}});
}

// Opened each time: an operator may move the file away.
absl::Status Quarantine::Append(std::string_view line) {
  const int fd = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  if (fd < 0) return status::Unavailable("opening '{}': {}", path_, std::strerror(errno));
  struct stat file{};
  absl::Status kept;
  if (::fstat(fd, &file) == 0 && static_cast<uint64_t>(file.st_size) + line.size() > max_bytes_) {
    kept = status::ResourceExhausted("'{}' is full: {} bytes", path_, file.st_size);
  } else if (::write(fd, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
    kept = status::Unavailable("writing '{}': {}", path_, std::strerror(errno));
  }
  ::close(fd);
  return kept;
}

}  // namespace weir::edge
