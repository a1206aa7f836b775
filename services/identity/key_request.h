#pragma once

#include "common/status/bad_fields.h"
#include "services/identity/directory.h"

// What CreateKey and PutKey have in common.
namespace weir::identity {

// The attributes that the request gives to its key.
v1::Key KeyOf(const v1::CreateKeyRequest& request);
v1::Key KeyOf(const v1::PutKeyRequest& request);

// Adds what is wrong with the attributes by themselves.
void CheckKey(const v1::Key& key, status::BadFields& bad);

// Whether the organisation, team and user exist. kNotFound: the organisation; kInvalidArgument: the
// others.
absl::Status CheckKeyReferences(DirectoryReader& directory, const v1::Key& key);

// Whether `a` and `b` grant the same to the same.
bool SameAttributes(const v1::Key& a, const v1::Key& b);

// Takes over from `wanted` what a request can say.
void SetAttributes(const v1::Key& wanted, v1::Key& key);

}  // namespace weir::identity
