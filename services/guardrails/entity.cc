#include "services/guardrails/entity.h"

namespace weir::guardrails {
namespace {

struct Names {
  std::string_view name, placeholder;
};
// In the order of Entity.
constexpr std::array<Names, kEntities> kNames = {{{"EMAIL", "EMAIL"},
                                                  {"PHONE", "PHONE"},
                                                  {"US_SSN", "SSN"},
                                                  {"CREDIT_CARD", "CARD"},
                                                  {"IBAN", "IBAN"},
                                                  {"IP_ADDRESS", "IP"},
                                                  {"SECRET", "SECRET"},
                                                  {"PERSON", "PERSON"}}};

}  // namespace

std::string_view NameOf(Entity entity) { return kNames[static_cast<size_t>(entity)].name; }

std::string_view PlaceholderType(Entity entity) {
  return kNames[static_cast<size_t>(entity)].placeholder;
}

std::optional<Entity> EntityNamed(std::string_view name) {
  for (Entity each : kAllEntities) {
    if (NameOf(each) == name) return each;
  }
  return std::nullopt;
}

}  // namespace weir::guardrails
