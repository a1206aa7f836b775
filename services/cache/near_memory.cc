#include "services/cache/near_memory.h"

#include <utility>

namespace weir::cache {
namespace {

std::string KeyOf(const crypto::Digest& asked, std::string_view reader) {
  std::string key = crypto::ToBytes(asked);
  key += reader;
  return key;
}

}  // namespace

std::vector<NearVerdict> VerdictsOf(const std::vector<Considered>& considered,
                                    const crypto::Digest& asked) {
  std::vector<NearVerdict> verdicts;
  verdicts.reserve(considered.size());
  for (const Considered& each : considered) {
    const bool teaches =
        each.was_judged && each.verdict.veto.empty() && each.answer->exact_key != asked;
    verdicts.push_back({.reason = each.reason,
                        .teaches = teaches,
                        .gate_refuses = each.verdict.gate_refuses,
                        .answer_key = each.answer->answer_key});
  }
  return verdicts;
}

void NearMemory::Put(const std::shared_ptr<Partition>& partition, const crypto::Digest& asked,
                     std::string_view reader, NearThings things) {
  const std::string key = KeyOf(asked, reader);
  MutexLock lock(mutex_);
  seen_.Put(key, {.partition = partition, .things = std::move(things)});
}

std::optional<NearThings> NearMemory::Take(const std::shared_ptr<Partition>& partition,
                                           const crypto::Digest& asked, std::string_view reader) {
  const std::string key = KeyOf(asked, reader);
  MutexLock lock(mutex_);
  Seen* const seen = seen_.Find(key);
  if (seen == nullptr || seen->partition.lock() != partition) return std::nullopt;
  NearThings things = std::move(seen->things);
  seen_.Erase(key);
  return things;
}

}  // namespace weir::cache
