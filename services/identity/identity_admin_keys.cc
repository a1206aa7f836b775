// Keys.
#include "common/status/bad_fields.h"
#include "services/identity/identity_admin.h"
#include "services/identity/key_request.h"
#include "services/identity/names.h"
#include "services/identity/page_token.h"
#include "services/identity/stored_time.h"

namespace weir::identity {
namespace {

// Enough to tell two keys apart by eye, and all of it public.
constexpr size_t kShownPrefix = 7;
constexpr int64_t kLongestLifetimeSeconds = 100LL * 366 * 24 * 3600;

void CheckLifetime(const v1::CreateKeyRequest& request, status::BadFields& bad) {
  if (!request.has_lifetime()) return;
  const auto& lifetime = request.lifetime();
  const bool positive = lifetime.seconds() >= 0 && lifetime.nanos() >= 0 &&
                        lifetime.nanos() < 1'000'000'000 &&
                        lifetime.seconds() + lifetime.nanos() > 0;
  if (!positive || lifetime.seconds() > kLongestLifetimeSeconds) {
    bad.Add("lifetime", "got {}s, want more than 0 and at most 100 years", lifetime.seconds());
  }
}

// The key that `text` names: by public id, else by name.
absl::StatusOr<KeyRecord> FindNamed(DirectoryReader& directory, const std::string& organization,
                                    const std::string& text) {
  WEIR_RETURN_IF_ERROR(RequireOrganization(directory, organization));
  WEIR_ASSIGN_OR_RETURN(auto found, directory.FindKeyById(text));
  if (found && found->key.organization() == organization) return *std::move(found);
  WEIR_ASSIGN_OR_RETURN(found, directory.FindKeyByName(organization, text));
  if (found) return *std::move(found);
  // Not shown: who asks may have sent the key itself.
  return status::NotFound("organization '{}' has no such key", organization);
}

// The key of that name that is in use.
absl::StatusOr<std::optional<KeyRecord>> FindInUse(DirectoryReader& directory, const v1::Key& key) {
  WEIR_ASSIGN_OR_RETURN(auto found, directory.FindKeyByName(key.organization(), key.name()));
  if (found && found->key.has_revoked_at()) found.reset();
  return found;
}

absl::Status NameInUse(const v1::Key& key) {
  return status::AlreadyExists("organization '{}' has a key '{}' in use: revoke it first",
                               key.organization(), Shown(key.name()));
}

}  // namespace

void IdentityAdmin::GivePublicId(v1::Key& key, std::string_view value) {
  const std::optional<ParsedKey> own = ParseKey(kKeyPrefix, value);
  // Of a value that its caller made up nothing is shown: all of it may be secret.
  key.set_prefix(own ? std::string(value.substr(0, kShownPrefix)) : "");
  key.set_public_id(NewSuppliedPublicId(deps_.random));
}

absl::Status IdentityAdmin::AddKey(DirectoryWriter& directory, const KeyRecord& record,
                                   Changes& changes) {
  const v1::Key& key = record.key;
  WEIR_ASSIGN_OR_RETURN(const int64_t keys, directory.CountKeys(key.organization()));
  if (keys >= config_.max_keys_per_organization) {
    return status::ResourceExhausted("organization '{}' has {} keys, the most that it may have",
                                     key.organization(), keys);
  }
  changes.push_back({Change::Kind::kKey, key.organization(), key.public_id()});
  return directory.StoreKey(record);
}

absl::Status IdentityAdmin::Revoke(DirectoryWriter& directory, KeyRecord& record,
                                   Changes& changes) {
  if (record.key.has_revoked_at()) return absl::OkStatus();
  *record.key.mutable_revoked_at() = StoredTime(deps_.clock.Now());
  changes.push_back({Change::Kind::kKey, record.key.organization(), record.key.public_id()});
  return directory.StoreKey(record);
}

absl::StatusOr<v1::CreateKeyResponse> IdentityAdmin::CreateKey(
    const api::AdminCall&, const v1::CreateKeyRequest& request) {
  v1::Key key = KeyOf(request);
  if (key.name().empty()) key.set_name("key-" + RandomBase62(deps_.random, 8));
  status::BadFields bad;
  CheckKey(key, bad);
  CheckLifetime(request, bad);
  WEIR_RETURN_IF_ERROR(bad.ToStatus());

  v1::CreateKeyResponse response;
  response.set_secret(NewKey(kKeyPrefix, deps_.random));
  key.set_public_id(std::string(ParseKey(kKeyPrefix, response.secret())->public_id));
  key.set_prefix(response.secret().substr(0, kShownPrefix));
  *key.mutable_created_at() = StoredTime(deps_.clock.Now());
  if (request.has_lifetime()) *key.mutable_expires_at() = key.created_at() + request.lifetime();
  const KeyRecord record = {.key = key, .digest = deps_.hasher(response.secret())};

  WEIR_RETURN_IF_ERROR(
      deps_.feed.Write([&](DirectoryWriter& directory, Changes& changes) -> absl::Status {
        WEIR_RETURN_IF_ERROR(CheckKeyReferences(directory, key));
        WEIR_ASSIGN_OR_RETURN(const auto in_use, FindInUse(directory, key));
        if (in_use) return NameInUse(key);
        return AddKey(directory, record, changes);
      }));
  *response.mutable_key() = std::move(key);
  return response;
}

absl::Status IdentityAdmin::ApplyPut(DirectoryWriter& directory, const v1::PutKeyRequest& request,
                                     v1::PutKeyResponse& response, Changes& changes) {
  const v1::Key wanted = KeyOf(request);
  WEIR_RETURN_IF_ERROR(CheckKeyReferences(directory, wanted));
  const std::string digest = deps_.hasher(request.value());
  WEIR_ASSIGN_OR_RETURN(std::optional<KeyRecord> before, FindInUse(directory, wanted));
  const bool same_value = before && crypto::EqualInConstantTime(before->digest, digest);
  response.set_changed(!same_value || before->key.has_expires_at() ||
                       !SameAttributes(before->key, wanted));
  if (same_value) {
    SetAttributes(wanted, before->key);
    before->key.clear_expires_at();
    *response.mutable_key() = before->key;
    if (!response.changed()) return absl::OkStatus();
    changes.push_back({Change::Kind::kKey, wanted.organization(), before->key.public_id()});
    return directory.StoreKey(*before);
  }
  WEIR_ASSIGN_OR_RETURN(const auto holder, directory.FindKeyByDigest(digest));
  if (holder && !holder->key.has_revoked_at()) {
    return status::AlreadyExists("storing key '{}' of organization '{}': its value is in use",
                                 wanted.name(), wanted.organization());
  }
  if (before) WEIR_RETURN_IF_ERROR(Revoke(directory, *before, changes));
  KeyRecord made = {.key = wanted, .digest = digest};
  GivePublicId(made.key, request.value());
  *made.key.mutable_created_at() = StoredTime(deps_.clock.Now());
  *response.mutable_key() = made.key;
  if (request.validate_only()) response.mutable_key()->clear_public_id();
  return AddKey(directory, made, changes);
}

absl::StatusOr<v1::PutKeyResponse> IdentityAdmin::PutKey(const api::AdminCall&,
                                                         const v1::PutKeyRequest& request) {
  status::BadFields bad;
  CheckKey(KeyOf(request), bad);
  if (const absl::Status shape = CheckKeyShape(request.value(), config_.key_rule()); !shape.ok()) {
    bad.Add("value", "{}", status::Message(shape));
  }
  WEIR_RETURN_IF_ERROR(bad.ToStatus());

  v1::PutKeyResponse response;
  // A dry run does everything and then takes it back.
  const absl::Status kTakeBack = absl::CancelledError();
  const absl::Status done = deps_.feed.Write([&](DirectoryWriter& directory, Changes& changes) {
    WEIR_RETURN_IF_ERROR(ApplyPut(directory, request, response, changes));
    return request.validate_only() ? kTakeBack : absl::OkStatus();
  });
  if (!done.ok() && !(request.validate_only() && done == kTakeBack)) return done;
  return response;
}

absl::StatusOr<v1::ListKeysResponse> IdentityAdmin::ListKeys(const api::AdminCall&,
                                                             const v1::ListKeysRequest& request) {
  status::BadFields bad;
  const PositionPage page = ReadPositionPage(request.page_size(), request.page_token(), bad);
  WEIR_RETURN_IF_ERROR(bad.ToStatus());
  std::optional<WallTime> usable_at;
  if (!request.include_ended()) usable_at = deps_.clock.Now();
  std::vector<KeyRecord> records;
  WEIR_RETURN_IF_ERROR(Read([&](DirectoryReader& directory) -> absl::Status {
    WEIR_RETURN_IF_ERROR(RequireOrganization(directory, request.organization()));
    WEIR_ASSIGN_OR_RETURN(records, directory.ListKeys(request.organization(), usable_at, page));
    return absl::OkStatus();
  }));
  v1::ListKeysResponse response;
  response.set_next_page_token(
      EndPage(records, page, [](const KeyRecord& last) { return PositionToken(last.position); }));
  for (KeyRecord& each : records) *response.add_keys() = std::move(each.key);
  return response;
}

absl::StatusOr<v1::RevokeKeyResponse> IdentityAdmin::RevokeKey(
    const api::AdminCall&, const v1::RevokeKeyRequest& request) {
  v1::RevokeKeyResponse response;
  WEIR_RETURN_IF_ERROR(
      deps_.feed.Write([&](DirectoryWriter& directory, Changes& changes) -> absl::Status {
        WEIR_ASSIGN_OR_RETURN(KeyRecord record,
                              FindNamed(directory, request.organization(), request.key()));
        WEIR_RETURN_IF_ERROR(Revoke(directory, record, changes));
        *response.mutable_key() = std::move(record.key);
        return absl::OkStatus();
      }));
  return response;
}

}  // namespace weir::identity
