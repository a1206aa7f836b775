#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace weir::routing {

// A set of up to 64 members of a route, one bit each, the first member lowest.
using MemberSet = uint64_t;
inline constexpr size_t kMaxMembers = 64;

constexpr MemberSet OnlyMember(size_t index) { return MemberSet{1} << index; }

// Whose turn it is in one route. All loops share it, and it outlives the tables that name it: a
// change elsewhere does not start the round anew. Thread-safe, lock-free.
class Rotation {
 public:
  // The first of `available`, among `size` members (1 to 64), from whose turn it is; the turn
  // passes to the member after it. So each call moves on by exactly one available member, and
  // members that are left out cost the others nothing. Nothing where `available` is empty.
  std::optional<size_t> Next(MemberSet available, size_t size);

  // What Next would answer, without passing the turn.
  std::optional<size_t> Peek(MemberSet available, size_t size) const;

 private:
  std::atomic<size_t> turn_ = 0;
};

// The first of `available` from `first` on, around. Nothing where there is none.
std::optional<size_t> FirstFrom(MemberSet available, size_t first, size_t size);

}  // namespace weir::routing
