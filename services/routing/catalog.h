#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "common/crypto/sealer.h"
#include "common/status/status.h"
#include "services/routing/route_store.h"
#include "weir/routing/v1/routing_admin.pb.h"

namespace weir::routing {

// What a name means within an organisation.
struct ObjectName {
  std::string organization;
  std::string name;
  auto operator<=>(const ObjectName&) const = default;
};

struct ProviderEntry {
  // Without its credential.
  v1::Provider spec;
  // Secret: neither logged nor part of a message. Empty: none.
  std::string credential;
  // As it lies in the store.
  std::string sealed_credential;
  // Why the credential cannot be opened; such a provider is not called. Empty: all is well.
  std::string problem;
};

// All objects as of one change, read and opened. A value: whoever holds one sees nothing of later
// changes.
struct Catalog {
  int64_t sequence = 0;
  std::map<ObjectName, ProviderEntry> providers;
  std::map<ObjectName, v1::Model> models;
  std::map<ObjectName, v1::Proxy> proxies;
  // Alias -> model.
  std::map<ObjectName, std::string> aliases;

  // Null where there is none.
  const ProviderEntry* FindProvider(const ObjectName& name) const;
  // By name, else by alias.
  const v1::Model* FindModel(const ObjectName& name_or_alias) const;
  const v1::Proxy* FindProxy(const ObjectName& name) const;
};

// What a provider's credential is sealed for: it opens at no other provider.
std::string CredentialContext(std::string_view organization, std::string_view provider);

// Reads the store and opens the credentials. One that does not open takes out its provider, not the
// others. kDataLoss: an object cannot be read, which it names. kUnavailable: the store cannot be
// asked.
absl::StatusOr<Catalog> ReadCatalog(RouteStore& store, const crypto::Sealer& sealer);

// `message` as it goes into the store.
StoredObject ToStored(const v1::Provider& provider, std::string sealed_credential);
StoredObject ToStored(const v1::Model& model);
StoredObject ToStored(const v1::Proxy& proxy);

}  // namespace weir::routing
