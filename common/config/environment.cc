#include "common/config/environment.h"

#include "common/config/suggest.h"
#include "common/text/ascii.h"
#include "common/text/excerpt.h"

namespace weir::config {
namespace {

constexpr std::string_view kPrefix = "WEIR_";

// Kubernetes puts WEIR_X_SERVICE_HOST, WEIR_X_PORT=tcp://.. and the like into every pod beside a
// Service named weir-x.
bool IsServiceLink(std::string_view name, std::string_view value) {
  return name.ends_with("_SERVICE_HOST") || name.ends_with("_SERVICE_PORT") ||
         name.find("_SERVICE_PORT_") != std::string_view::npos ||
         name.find("_TCP_") != std::string_view::npos || value.starts_with("tcp://") ||
         value.starts_with("udp://");
}

}  // namespace

Environment ToEnvironment(const char* const* environ) {
  Environment environment;
  for (; environ != nullptr && *environ != nullptr; ++environ) {
    if (const auto pair = text::SplitOnce(*environ, '=')) {
      environment.emplace(pair->first, pair->second);
    }
  }
  return environment;
}

Overrides::Overrides(const Environment& environment, std::set<std::string, std::less<>> ignored)
    : environment_(environment), ignored_(std::move(ignored)) {}

std::string Overrides::NameOf(std::string_view path) {
  std::string name(kPrefix);
  for (char each : path) {
    if (each != ']') name.push_back(text::IsAlnum(each) ? text::ToUpper(each) : '_');
  }
  return name;
}

const std::string* Overrides::Find(std::string_view path) {
  const std::string name = NameOf(path);
  const auto [known, is_new] = known_.emplace(name, path);
  const auto found = environment_.find(name);
  if (found == environment_.end()) return nullptr;
  if (!is_new && known->second != path) {
    ambiguous_.emplace(name, fmt::format("could mean {} or {}", known->second, path));
    return nullptr;
  }
  used_.insert(name);
  return &found->second;
}

const std::string* Overrides::Refer(const std::string& name) {
  used_.insert(name);
  const auto found = environment_.find(name);
  return found == environment_.end() ? nullptr : &found->second;
}

bool Overrides::IsOverride(std::string_view name) const {
  return name.starts_with(kPrefix) && !ignored_.contains(name);
}

void Overrides::AddFaults(Faults& faults) const {
  std::vector<std::string_view> names;
  for (const auto& [name, path] : known_) names.push_back(name);
  for (const auto& [name, value] : environment_) {
    if (!IsOverride(name) || used_.contains(name) || IsServiceLink(name, value)) continue;
    const std::string_view near = Closest(name, names);
    faults.AddFrom(text::Excerpt(name, 128),
                   near.empty() ? "overrides no key"
                                : fmt::format("overrides no key, did you mean {}?", near));
  }
  for (const auto& [name, fault] : ambiguous_) faults.AddFrom(name, fault);
}

}  // namespace weir::config
