#include "common/crypto/sealer.h"

#include <openssl/evp.h>

#include <array>
#include <cstdlib>
#include <span>

#include "common/text/excerpt.h"

namespace weir::crypto {
namespace {

constexpr std::string_view kVersion = "v1.";
constexpr size_t kKeyBytes = 32;
constexpr size_t kNonceBytes = 12;
constexpr size_t kTagBytes = 16;

// OpenSSL fails to seal only where memory ran out or the library is broken: there is no safe way
// on.
void Require(bool ok) {
  if (!ok) std::abort();
}

const unsigned char* Bytes(std::string_view data) {
  return reinterpret_cast<const unsigned char*>(data.data());
}
unsigned char* Bytes(std::string& data) { return reinterpret_cast<unsigned char*>(data.data()); }

struct FreeCipher {
  void operator()(EVP_CIPHER_CTX* context) const { EVP_CIPHER_CTX_free(context); }
};
using CipherContext = std::unique_ptr<EVP_CIPHER_CTX, FreeCipher>;

bool IsKeyId(std::string_view id) {
  return !id.empty() && id.size() <= 32 &&
         id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string_view::npos;
}

// What the tag covers beside the text. The header ends with its only second '.', so that no two
// pairs give the same bytes.
std::string Associated(std::string_view header, std::string_view context) {
  return fmt::format("{}{}", header, context);
}

std::string Encrypt(std::string_view key, std::string_view nonce, std::string_view associated,
                    std::string_view plain) {
  CipherContext context(EVP_CIPHER_CTX_new());
  std::string out(plain.size() + kTagBytes, '\0');
  int written = 0;
  Require(EVP_EncryptInit_ex2(context.get(), EVP_aes_256_gcm(), Bytes(key), Bytes(nonce),
                              nullptr) == 1 &&
          EVP_EncryptUpdate(context.get(), nullptr, &written, Bytes(associated),
                            static_cast<int>(associated.size())) == 1 &&
          EVP_EncryptUpdate(context.get(), Bytes(out), &written, Bytes(plain),
                            static_cast<int>(plain.size())) == 1 &&
          EVP_EncryptFinal_ex(context.get(), Bytes(out) + written, &written) == 1 &&
          EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_GET_TAG, kTagBytes,
                              Bytes(out) + plain.size()) == 1);
  return out;
}

// Nothing where the tag does not fit.
std::optional<std::string> Decrypt(std::string_view key, std::string_view nonce,
                                   std::string_view associated, std::string_view sealed) {
  CipherContext context(EVP_CIPHER_CTX_new());
  const size_t size = sealed.size() - kTagBytes;
  std::string tag(sealed.substr(size));
  std::string plain(size, '\0');
  int written = 0;
  const bool ok =
      EVP_DecryptInit_ex2(context.get(), EVP_aes_256_gcm(), Bytes(key), Bytes(nonce), nullptr) ==
          1 &&
      EVP_DecryptUpdate(context.get(), nullptr, &written, Bytes(associated),
                        static_cast<int>(associated.size())) == 1 &&
      EVP_DecryptUpdate(context.get(), Bytes(plain), &written, Bytes(sealed),
                        static_cast<int>(size)) == 1 &&
      EVP_CIPHER_CTX_ctrl(context.get(), EVP_CTRL_AEAD_SET_TAG, kTagBytes, tag.data()) == 1 &&
      EVP_DecryptFinal_ex(context.get(), Bytes(plain) + written, &written) == 1;
  if (!ok) return std::nullopt;
  return plain;
}

// "v1.KEYID." of a sealed value; empty where it has no such beginning.
std::string_view HeaderOf(std::string_view sealed) {
  if (!sealed.starts_with(kVersion)) return {};
  const size_t end = sealed.find('.', kVersion.size());
  if (end == std::string_view::npos || sealed.size() < end + 1 + kNonceBytes + kTagBytes) return {};
  const std::string_view header = sealed.substr(0, end + 1);
  const std::string_view id = sealed.substr(kVersion.size(), end - kVersion.size());
  return IsKeyId(id) ? header : std::string_view();
}

}  // namespace

Sealer::Sealer(std::map<std::string, std::string> keys, std::string active, Random& random)
    : keys_(std::move(keys)), active_(std::move(active)), random_(random) {}

absl::StatusOr<std::unique_ptr<Sealer>> Sealer::Create(std::map<std::string, std::string> keys,
                                                       std::string active, Random& random) {
  for (const auto& [id, key] : keys) {
    if (!IsKeyId(id)) {
      return status::InvalidArgument("the id of a master key is '{}', want 1 to 32 of [a-z0-9-]",
                                     text::Excerpt(id));
    }
    if (key.size() != kKeyBytes) {
      return status::InvalidArgument("the master key '{}' has {} bytes, want {}", id, key.size(),
                                     kKeyBytes);
    }
  }
  if (!keys.contains(active)) {
    return status::InvalidArgument("the active master key '{}' is not among the keys",
                                   text::Excerpt(active));
  }
  return std::unique_ptr<Sealer>(new Sealer(std::move(keys), std::move(active), random));
}

std::string Sealer::Seal(std::string_view plain, std::string_view context) const {
  const std::string header = fmt::format("{}{}.", kVersion, active_);
  std::string nonce(kNonceBytes, '\0');
  random_.Fill(std::as_writable_bytes(std::span(nonce)));
  const std::string& key = keys_.find(active_)->second;
  return header + nonce + Encrypt(key, nonce, Associated(header, context), plain);
}

absl::StatusOr<std::string> Sealer::Open(std::string_view sealed, std::string_view context) const {
  const std::string_view header = HeaderOf(sealed);
  if (header.empty()) {
    return status::DataLoss("opening a sealed value: got {} bytes of another form", sealed.size());
  }
  const std::string id(header.substr(kVersion.size(), header.size() - kVersion.size() - 1));
  auto found = keys_.find(id);
  if (found == keys_.end()) {
    return status::FailedPrecondition("opening a sealed value: the master key '{}' is not here",
                                      id);
  }
  const std::string_view nonce = sealed.substr(header.size(), kNonceBytes);
  auto plain = Decrypt(found->second, nonce, Associated(header, context),
                       sealed.substr(header.size() + kNonceBytes));
  if (!plain) {
    return status::DataLoss("opening a sealed value: it was changed, or belongs to another place");
  }
  return *std::move(plain);
}

}  // namespace weir::crypto
