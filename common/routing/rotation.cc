#include "common/routing/rotation.h"

#include <bit>

namespace weir::routing {

std::optional<size_t> FirstFrom(MemberSet available, size_t first, size_t size) {
  if (size < kMaxMembers) available &= OnlyMember(size) - 1;
  if (available == 0) return std::nullopt;
  const MemberSet later = first < kMaxMembers ? available >> first << first : 0;
  return static_cast<size_t>(std::countr_zero(later != 0 ? later : available));
}

std::optional<size_t> Rotation::Next(MemberSet available, size_t size) {
  size_t turn = turn_.load(std::memory_order_relaxed);
  for (;;) {
    const std::optional<size_t> member = FirstFrom(available, turn, size);
    if (!member) return std::nullopt;
    // Nothing else is published with the turn: relaxed is enough for exact shares.
    if (turn_.compare_exchange_weak(turn, *member + 1, std::memory_order_relaxed)) return member;
  }
}

std::optional<size_t> Rotation::Peek(MemberSet available, size_t size) const {
  return FirstFrom(available, turn_.load(std::memory_order_relaxed), size);
}

}  // namespace weir::routing
