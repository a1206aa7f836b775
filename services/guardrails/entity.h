#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>

namespace weir::guardrails {

// What a text can hold that must not leave, or not as it is.
enum class Entity : uint8_t {
  kEmail,
  kPhone,
  kUsSsn,
  kCreditCard,
  kIban,
  kIpAddress,
  kSecret,
  kPerson
};
inline constexpr size_t kEntities = 8;
inline constexpr std::array<Entity, kEntities> kAllEntities = {
    Entity::kEmail, Entity::kPhone,     Entity::kUsSsn,  Entity::kCreditCard,
    Entity::kIban,  Entity::kIpAddress, Entity::kSecret, Entity::kPerson};

// As policies, findings and metrics name it: "CREDIT_CARD".
std::string_view NameOf(Entity entity);
// Nothing: no entity has that name.
std::optional<Entity> EntityNamed(std::string_view name);

// As placeholders name it, at most 12 letters: "CARD" in [[CARD-1]].
std::string_view PlaceholderType(Entity entity);

// Some of them. A value.
class EntitySet {
 public:
  constexpr EntitySet() = default;
  static constexpr EntitySet All() {
    EntitySet all;
    for (Entity each : kAllEntities) all.Add(each);
    return all;
  }
  // What is looked for where nobody says what: all but PERSON, which has no check digits.
  static constexpr EntitySet Usual() {
    EntitySet usual = All();
    usual.bits_ &= static_cast<uint8_t>(~Bit(Entity::kPerson));
    return usual;
  }
  constexpr void Add(Entity entity) { bits_ |= Bit(entity); }
  constexpr bool Has(Entity entity) const { return (bits_ & Bit(entity)) != 0; }
  constexpr bool empty() const { return bits_ == 0; }
  // One for each entity, in their order from the lowest.
  constexpr uint8_t bits() const { return bits_; }

 private:
  static constexpr uint8_t Bit(Entity entity) {
    return static_cast<uint8_t>(1U << static_cast<uint32_t>(entity));
  }
  uint8_t bits_ = 0;
};

}  // namespace weir::guardrails
