#include "edge/admin/door_config.h"

#include <algorithm>

#include "common/config/config_errors.h"
#include "common/config/endpoint.h"
#include "common/text/ascii.h"
#include "common/text/excerpt.h"
#include "edge/config_sections.h"

namespace weir::edge {
namespace {

bool IsHost(std::string_view text) {
  return !text.empty() && text.size() <= 255 && std::ranges::all_of(text, [](char c) {
    return text::IsAlnum(c) || std::string_view(".-:[]_").find(c) != std::string_view::npos;
  });
}

bool IsOrigin(std::string_view text) {
  for (const std::string_view scheme : {"http://", "https://"}) {
    if (text.starts_with(scheme)) return IsHost(text.substr(scheme.size()));
  }
  return false;
}

template <typename Accept>
void CheckEach(std::string_view key, const std::vector<std::string>& entries, Accept accept,
               std::string_view want, config::ConfigErrors& errors) {
  for (size_t i = 0; i < entries.size(); ++i) {
    if (accept(entries[i])) continue;
    errors.Add(fmt::format("{}[{}]", key, i),
               fmt::format("is '{}', want {}", text::Excerpt(entries[i]), want));
  }
}

std::vector<std::string> Lower(const std::vector<std::string>& texts) {
  std::vector<std::string> lower;
  for (const std::string& each : texts) lower.push_back(text::ToLower(each));
  return lower;
}

}  // namespace

absl::Status DoorConfig::Validate() const {
  config::ConfigErrors errors("");
  CheckEach("door.hosts", hosts, IsHost, "HOST or HOST:PORT, as clients send it", errors);
  CheckEach("door.origins", origins, IsOrigin,
            "http://HOST or https://HOST, with a port or without", errors);
  if (hosts.empty() && !IsLoopback(listener.host)) {
    errors.Add("door.hosts", fmt::format("is empty, want the names that it is called by, as "
                                         "door.address {} is beyond this machine",
                                         listener.host));
  }
  CheckListenerTls("door.tls", listener.tls, errors);
  return errors.ToStatus();
}

DoorRules DoorConfig::Rules(uint16_t port) const {
  DoorRules rules{.hosts = Lower(hosts), .origins = Lower(origins)};
  if (!rules.hosts.empty()) return rules;
  for (const std::string_view each : {"127.0.0.1", "localhost", "[::1]"}) {
    rules.hosts.push_back(fmt::format("{}:{}", each, port));
  }
  const bool is_v6 = listener.host.find(':') != std::string::npos;
  rules.hosts.push_back(
      fmt::format("{}{}{}:{}", is_v6 ? "[" : "", listener.host, is_v6 ? "]" : "", port));
  return rules;
}

void ReadDoor(config::Reader& section, DoorConfig& config) {
  config::ReadEndpoint(section, /*required=*/false, &config.listener.host, &config.listener.port);
  section.Strings("hosts", &config.hosts);
  section.Strings("origins", &config.origins);
  ReadListenerTls(section, config.listener);
}

}  // namespace weir::edge
