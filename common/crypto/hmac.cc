#include "common/crypto/hmac.h"

#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/params.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <thread>

namespace weir::crypto {
namespace {

// OpenSSL fails here only where memory ran out or the library is broken: there is no safe way on.
void Require(bool ok) {
  if (!ok) std::abort();
}

const unsigned char* Bytes(std::string_view data) {
  return reinterpret_cast<const unsigned char*>(data.data());
}

struct FreeDigestContext {
  void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

Digest Sha256(std::string_view data) {
  // Fetching an algorithm and making a context each cost more than hashing a key.
  static const EVP_MD* const kAlgorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  thread_local const std::unique_ptr<EVP_MD_CTX, FreeDigestContext> context(EVP_MD_CTX_new());
  Digest digest;
  Require(EVP_DigestInit_ex2(context.get(), kAlgorithm, nullptr) == 1 &&
          EVP_DigestUpdate(context.get(), data.data(), data.size()) == 1 &&
          EVP_DigestFinal_ex(context.get(), digest.data(), nullptr) == 1);
  return digest;
}

// A keyed context that is only copied, and copies for the threads: each is taken out of its slot
// for the time of a call, so that no two threads share one and nobody waits.
struct Hmac::State {
  static constexpr size_t kSlots = 16;

  explicit State(std::string_view key) {
    EVP_MAC* algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
    keyed = EVP_MAC_CTX_new(algorithm);
    EVP_MAC_free(algorithm);  // The context holds it.
    char digest_name[] = "SHA256";
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, digest_name, 0),
        OSSL_PARAM_construct_end()};
    // A null key would mean "as before".
    static constexpr unsigned char kNoBytes = 0;
    Require(keyed != nullptr &&
            EVP_MAC_init(keyed, key.empty() ? &kNoBytes : Bytes(key), key.size(), params) == 1);
  }
  ~State() {
    for (auto& each : copies) EVP_MAC_CTX_free(each.load());
    EVP_MAC_CTX_free(keyed);
  }

  EVP_MAC_CTX* Take(size_t slot) {
    EVP_MAC_CTX* taken = copies[slot].exchange(nullptr, std::memory_order_acquire);
    if (taken == nullptr) taken = EVP_MAC_CTX_dup(keyed);
    Require(taken != nullptr);
    return taken;
  }
  void Return(size_t slot, EVP_MAC_CTX* context) {
    EVP_MAC_CTX_free(copies[slot].exchange(context, std::memory_order_acq_rel));
  }

  EVP_MAC_CTX* keyed;
  std::array<std::atomic<EVP_MAC_CTX*>, kSlots> copies = {};
};

Hmac::Hmac(std::string_view key) : state_(new State(key)) {}

Hmac::~Hmac() { delete state_; }

Digest Hmac::operator()(std::string_view data) const {
  const size_t slot = std::hash<std::thread::id>()(std::this_thread::get_id()) % State::kSlots;
  EVP_MAC_CTX* context = state_->Take(slot);
  Digest digest;
  size_t written = 0;
  // Without a key, init goes back to the state after the key.
  Require(EVP_MAC_init(context, nullptr, 0, nullptr) == 1 &&
          EVP_MAC_update(context, Bytes(data), data.size()) == 1 &&
          EVP_MAC_final(context, digest.data(), &written, digest.size()) == 1 &&
          written == digest.size());
  state_->Return(slot, context);
  return digest;
}

bool EqualInConstantTime(std::string_view a, std::string_view b) {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string ToBytes(const Digest& digest) {
  return std::string(reinterpret_cast<const char*>(digest.data()), digest.size());
}

}  // namespace weir::crypto
