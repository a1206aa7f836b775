#include "common/redis/codec.h"

#include <hiredis/hiredis.h>

#include <cstdlib>
#include <vector>

namespace weir::redis {
namespace {

constexpr int kMaxElements = 65'536;

// hiredis builds its replies through these: in place, as ours. An object of the library is a Reply;
// the outermost is owned by the reader until it is taken.
Reply* Place(const redisReadTask* task) {
  if (task->parent == nullptr) return new Reply;
  auto* array = static_cast<Reply*>(task->parent->obj);
  return &array->items[static_cast<size_t>(task->idx)];
}

void* MakeText(const redisReadTask* task, char* text, size_t size) {
  Reply* reply = Place(task);
  reply->kind = task->type == REDIS_REPLY_ERROR ? Reply::Kind::kError : Reply::Kind::kText;
  reply->text.assign(text, size);
  return reply;
}

void* MakeArray(const redisReadTask* task, int elements) {
  if (elements > kMaxElements) return nullptr;
  Reply* reply = Place(task);
  reply->kind = Reply::Kind::kArray;
  reply->items.resize(static_cast<size_t>(std::max(0, elements)));
  return reply;
}

void* MakeInteger(const redisReadTask* task, long long value) {
  Reply* reply = Place(task);
  reply->kind = Reply::Kind::kInteger;
  reply->integer = value;
  return reply;
}

void* MakeNil(const redisReadTask* task) { return Place(task); }

void Free(void* reply) { delete static_cast<Reply*>(reply); }

redisReplyObjectFunctions kFunctions = {.createString = MakeText,
                                        .createArray = MakeArray,
                                        .createInteger = MakeInteger,
                                        .createNil = MakeNil,
                                        .freeObject = Free};

}  // namespace

std::string Encode(std::span<const std::string_view> arguments) {
  std::vector<const char*> starts;
  std::vector<size_t> sizes;
  starts.reserve(arguments.size());
  sizes.reserve(arguments.size());
  for (std::string_view each : arguments) {
    starts.push_back(each.data());
    sizes.push_back(each.size());
  }
  char* command = nullptr;
  const int size = redisFormatCommandArgv(&command, static_cast<int>(starts.size()), starts.data(),
                                          sizes.data());
  // It fails for want of memory alone.
  if (size < 0) std::abort();
  std::string encoded(command, static_cast<size_t>(size));
  redisFreeCommand(command);
  return encoded;
}

struct Decoder::Reader {
  redisReader* reader = redisReaderCreateWithFunctions(&kFunctions);
  ~Reader() { redisReaderFree(reader); }
};

Decoder::Decoder(size_t max_bytes) : max_bytes_(max_bytes), reader_(std::make_unique<Reader>()) {}
Decoder::~Decoder() = default;

absl::Status Decoder::Feed(std::string_view bytes) {
  unread_ += bytes.size();
  if (redisReaderFeed(reader_->reader, bytes.data(), bytes.size()) == REDIS_OK) {
    return absl::OkStatus();
  }
  return status::DataLoss("reading a reply of redis: {}", reader_->reader->errstr);
}

absl::StatusOr<std::optional<Reply>> Decoder::Next() {
  void* object = nullptr;
  if (redisReaderGetReply(reader_->reader, &object) != REDIS_OK) {
    return status::DataLoss("reading a reply of redis: {}", reader_->reader->errstr);
  }
  if (object == nullptr) {
    if (unread_ > max_bytes_) {
      return status::DataLoss("a reply of redis has more than {} bytes", max_bytes_);
    }
    return std::nullopt;
  }
  const std::unique_ptr<Reply> reply(static_cast<Reply*>(object));
  unread_ = reader_->reader->len - reader_->reader->pos;
  return std::optional<Reply>(std::move(*reply));
}

}  // namespace weir::redis
