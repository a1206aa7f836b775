#include "services/routing/catalog.h"

#include <utility>

namespace weir::routing {
namespace {

template <typename Map>
auto* FindIn(Map& map, const ObjectName& name) {
  const auto found = map.find(name);
  return found == map.end() ? nullptr : &found->second;
}

template <typename Message>
absl::StatusOr<Message> ReadDocument(const StoredObject& object) {
  Message message;
  if (message.ParseFromString(object.document) && message.name() == object.id.name &&
      message.organization() == object.id.organization) {
    return message;
  }
  return status::DataLoss("{} '{}' of organisation '{}' is stored in a form that cannot be read",
                          KindName(object.id.kind), object.id.name, object.id.organization);
}

absl::Status AddProvider(const StoredObject& object, const crypto::Sealer& sealer,
                         Catalog& catalog) {
  ProviderEntry entry;
  WEIR_ASSIGN_OR_RETURN(entry.spec, ReadDocument<v1::Provider>(object));
  entry.sealed_credential = object.sealed_credential;
  if (!entry.sealed_credential.empty()) {
    absl::StatusOr<std::string> opened = sealer.Open(
        entry.sealed_credential, CredentialContext(object.id.organization, object.id.name));
    if (opened.ok()) {
      entry.credential = *std::move(opened);
    } else {
      entry.problem =
          fmt::format("its credential cannot be opened: {}", status::Message(opened.status()));
    }
  }
  catalog.providers.emplace(ObjectName{object.id.organization, object.id.name}, std::move(entry));
  return absl::OkStatus();
}

absl::Status AddModel(const StoredObject& object, Catalog& catalog) {
  WEIR_ASSIGN_OR_RETURN(v1::Model model, ReadDocument<v1::Model>(object));
  for (const std::string& alias : model.aliases()) {
    catalog.aliases.emplace(ObjectName{object.id.organization, alias}, object.id.name);
  }
  catalog.models.emplace(ObjectName{object.id.organization, object.id.name}, std::move(model));
  return absl::OkStatus();
}

absl::Status AddProxy(const StoredObject& object, Catalog& catalog) {
  WEIR_ASSIGN_OR_RETURN(v1::Proxy proxy, ReadDocument<v1::Proxy>(object));
  catalog.proxies.emplace(ObjectName{object.id.organization, object.id.name}, std::move(proxy));
  return absl::OkStatus();
}

absl::Status AddObject(const StoredObject& object, const crypto::Sealer& sealer, Catalog& catalog) {
  switch (object.id.kind) {
    case ObjectKind::kProvider:
      return AddProvider(object, sealer, catalog);
    case ObjectKind::kModel:
      return AddModel(object, catalog);
    case ObjectKind::kProxy:
      return AddProxy(object, catalog);
  }
  return status::DataLoss("object '{}' of organisation '{}' is of the unknown kind {}",
                          object.id.name, object.id.organization,
                          static_cast<int64_t>(object.id.kind));
}

template <typename Message>
StoredObject Stored(ObjectKind kind, const Message& message) {
  return {.id = {.kind = kind, .organization = message.organization(), .name = message.name()},
          .document = message.SerializeAsString(),
          .sealed_credential = {}};
}

}  // namespace

const ProviderEntry* Catalog::FindProvider(const ObjectName& name) const {
  return FindIn(providers, name);
}

const v1::Model* Catalog::FindModel(const ObjectName& name_or_alias) const {
  if (const v1::Model* model = FindIn(models, name_or_alias)) return model;
  const std::string* name = FindIn(aliases, name_or_alias);
  return name == nullptr ? nullptr : FindIn(models, {name_or_alias.organization, *name});
}

const v1::Proxy* Catalog::FindProxy(const ObjectName& name) const { return FindIn(proxies, name); }

std::string CredentialContext(std::string_view organization, std::string_view provider) {
  return fmt::format("provider/{}/{}/auth_value", organization, provider);
}

absl::StatusOr<Catalog> ReadCatalog(RouteStore& store, const crypto::Sealer& sealer) {
  WEIR_ASSIGN_OR_RETURN(const StoredObjects stored, store.Load());
  Catalog catalog;
  catalog.sequence = stored.sequence;
  for (const StoredObject& each : stored.objects) {
    WEIR_RETURN_IF_ERROR(AddObject(each, sealer, catalog));
  }
  return catalog;
}

StoredObject ToStored(const v1::Provider& provider, std::string sealed_credential) {
  StoredObject object = Stored(ObjectKind::kProvider, provider);
  object.sealed_credential = std::move(sealed_credential);
  return object;
}

StoredObject ToStored(const v1::Model& model) { return Stored(ObjectKind::kModel, model); }

StoredObject ToStored(const v1::Proxy& proxy) { return Stored(ObjectKind::kProxy, proxy); }

}  // namespace weir::routing
