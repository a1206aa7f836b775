#include <openssl/sha.h>

#include <array>

#include "common/redis/client.h"
#include "common/text/hex.h"

namespace weir::redis {

Script MakeScript(std::string source) {
  std::string digest(SHA_DIGEST_LENGTH, '\0');
  SHA1(reinterpret_cast<const unsigned char*>(source.data()), source.size(),
       reinterpret_cast<unsigned char*>(digest.data()));
  return {.source = std::move(source), .sha = text::HexEncode(digest)};
}

std::string EncodeEval(const Script& script, std::span<const std::string_view> keys,
                       std::span<const std::string_view> arguments) {
  const std::string count = std::to_string(keys.size());
  std::vector<std::string_view> all{"EVALSHA", script.sha, count};
  all.reserve(3 + keys.size() + arguments.size());
  all.insert(all.end(), keys.begin(), keys.end());
  all.insert(all.end(), arguments.begin(), arguments.end());
  return Encode(all);
}

asio::awaitable<absl::StatusOr<Reply>> Eval(Client& client, const Script* script,
                                            std::string command, MonotonicTime deadline) {
  absl::StatusOr<Reply> reply = co_await client.Call(command, deadline);
  if (reply.status().code() != absl::StatusCode::kFailedPrecondition) co_return reply;
  std::string load = Encode({"SCRIPT", "LOAD", script->source});
  const absl::StatusOr<Reply> loaded = co_await client.Call(std::move(load), deadline);
  if (!loaded.ok()) co_return loaded.status();
  co_return co_await client.Call(std::move(command), deadline);
}

}  // namespace weir::redis
