#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "services/guardrails/custom_pattern.h"
#include "services/guardrails/entity.h"

namespace weir::guardrails {

// What a value is: an entity, or one of a vocabulary's patterns. A value.
class Kind {
 public:
  // An entity is a kind: no cast says more.
  constexpr Kind(Entity entity) : index_(static_cast<uint8_t>(entity)) {}  // NOLINT
  // `number` is below Vocabulary::kMostPatterns.
  static constexpr Kind OfPattern(size_t number) {
    Kind kind(Entity::kEmail);
    kind.index_ = static_cast<uint8_t>(kEntities + number);
    return kind;
  }
  constexpr bool is_pattern() const { return index_ >= kEntities; }
  constexpr size_t pattern() const { return index_ - kEntities; }
  constexpr Entity entity() const { return static_cast<Entity>(index_); }
  // Entities first, then patterns.
  constexpr size_t index() const { return index_; }
  bool operator==(const Kind&) const = default;

 private:
  uint8_t index_;
};

// What is looked for. Immutable once it is made; thread-safe then.
struct Vocabulary {
  static constexpr size_t kMostPatterns = 64;

  struct Pattern {
    std::string name;              // As findings name it: "employee number".
    std::string placeholder_type;  // 1 to 12 letters of A to Z.
    CustomPattern expression;
  };
  EntitySet entities;
  std::vector<Pattern> patterns;
  // By Kind::index(): of kinds that match the same bytes the highest is found. Empty: all are
  // alike.
  std::vector<uint8_t> ranks;

  size_t kinds() const { return kEntities + patterns.size(); }
  bool empty() const { return entities.empty() && patterns.empty(); }
  uint8_t RankOf(Kind kind) const { return ranks.empty() ? 0 : ranks[kind.index()]; }
  // `kind` is one of this vocabulary.
  std::string_view NameOf(Kind kind) const {
    return kind.is_pattern() ? patterns[kind.pattern()].name : guardrails::NameOf(kind.entity());
  }
  std::string_view PlaceholderTypeOf(Kind kind) const {
    return kind.is_pattern() ? patterns[kind.pattern()].placeholder_type
                             : PlaceholderType(kind.entity());
  }
};

}  // namespace weir::guardrails
