#include "common/rpc/pending_calls.h"

namespace weir::rpc {
namespace {

uint64_t IdOf(uint32_t generation, size_t slot) {
  return static_cast<uint64_t>(generation) << 32 | static_cast<uint32_t>(slot);
}

}  // namespace

uint64_t PendingCalls::Add(PendingCall call) {
  if (free_.empty()) {
    free_.push_back(static_cast<uint32_t>(slots_.size()));
    slots_.emplace_back();
  }
  const uint32_t index = free_.back();
  free_.pop_back();
  Slot& slot = slots_[index];
  slot.taken = true;
  slot.call = std::move(call);
  return IdOf(++slot.generation, index);
}

PendingCall* PendingCalls::Find(uint64_t id) {
  const size_t index = id & 0xFFFFFFFF;
  if (index >= slots_.size()) return nullptr;
  Slot& slot = slots_[index];
  return slot.taken && slot.generation == id >> 32 ? &slot.call : nullptr;
}

PendingCall PendingCalls::Take(uint64_t id) {
  const auto index = static_cast<uint32_t>(id);
  Slot& slot = slots_[index];
  slot.taken = false;
  free_.push_back(index);
  return std::exchange(slot.call, PendingCall());
}

std::vector<uint64_t> PendingCalls::Select(
    const std::function<bool(const PendingCall&)>& which) const {
  std::vector<uint64_t> ids;
  for (size_t i = 0; i < slots_.size(); ++i) {
    if (slots_[i].taken && which(slots_[i].call)) ids.push_back(IdOf(slots_[i].generation, i));
  }
  return ids;
}

}  // namespace weir::rpc
