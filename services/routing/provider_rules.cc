#include "services/routing/provider_rules.h"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>

#include <algorithm>
#include <memory>

#include "services/routing/base_url.h"
#include "services/routing/field_rules.h"

namespace weir::routing {
namespace {

constexpr size_t kMaxPemBytes = 256 * 1024;
constexpr int kMaxConnections = 10'000;
constexpr Duration kLeastTimeout = std::chrono::milliseconds(1);

// What may stand in a header: no line breaks, which would begin a header of their own, and no other
// control characters.
bool IsHeaderValue(std::string_view value) {
  return std::ranges::none_of(value, [](char c) {
    return (static_cast<unsigned char>(c) < 0x20 && c != '\t') || c == 0x7f;
  });
}

// Number of certificates; -1 where one cannot be read.
int CountCertificates(std::string_view pem) {
  const std::unique_ptr<BIO, decltype(&BIO_free)> bio(
      BIO_new_mem_buf(pem.data(), static_cast<int>(pem.size())), &BIO_free);
  int count = 0;
  while (X509* certificate = PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr)) {
    X509_free(certificate);
    ++count;
  }
  const unsigned long error = ERR_peek_last_error();
  ERR_clear_error();
  return ERR_GET_REASON(error) == PEM_R_NO_START_LINE ? count : -1;
}

void CheckCertificates(std::string_view pem, status::BadFields& bad) {
  if (pem.empty()) return;
  if (pem.size() > kMaxPemBytes) {
    bad.Add("provider.ca_pem", "has {} bytes, want at most {}", pem.size(), kMaxPemBytes);
  } else if (CountCertificates(pem) < 1) {
    bad.Add("provider.ca_pem", "is not a list of PEM certificates");
  }
}

void CheckCredential(const v1::Provider& provider, status::BadFields& bad) {
  const std::string& value = provider.auth_value();
  if (value.size() > kMaxCredentialBytes) {
    bad.Add("provider.auth_value", "has {} bytes, want at most {}", value.size(),
            kMaxCredentialBytes);
  }
  if (!IsHeaderValue(value)) {
    bad.Add("provider.auth_value", "has line breaks or control characters");
  }
  if (provider.keep_auth_value() && !value.empty()) {
    bad.Add("provider.keep_auth_value", "is set beside a new auth_value, want one of them");
  }
}

void CheckTimeouts(const v1::Timeouts& timeouts, status::BadFields& bad) {
  using std::chrono::hours;
  if (timeouts.has_connect()) {
    CheckDuration("provider.timeouts.connect", timeouts.connect(),
                  {kLeastTimeout, std::chrono::minutes(1)}, bad);
  }
  if (timeouts.has_first_byte()) {
    CheckDuration("provider.timeouts.first_byte", timeouts.first_byte(), {kLeastTimeout, hours(1)},
                  bad);
  }
  if (timeouts.has_idle()) {
    CheckDuration("provider.timeouts.idle", timeouts.idle(), {kLeastTimeout, hours(1)}, bad);
  }
  if (timeouts.has_total()) {
    CheckDuration("provider.timeouts.total", timeouts.total(), {kLeastTimeout, hours(24)}, bad);
  }
}

}  // namespace

v1::Provider CheckProvider(const v1::Provider& provider, const RoutingConfig& config,
                           status::BadFields& bad) {
  CheckOrganization("provider.organization", provider.organization(), bad);
  CheckName("provider.name", provider.name(), 3, bad);
  CheckDisplayName("provider.display_name", provider.display_name(), bad);
  const absl::StatusOr<std::string> url =
      NormalizeBaseUrl(provider.base_url(), config.allow_plaintext_upstreams);
  if (!url.ok()) bad.Add("provider.base_url", "{}", status::Message(url.status()));
  if (!provider.auth_header().empty()) {
    CheckHeaderName("provider.auth_header", provider.auth_header(), bad);
  }
  CheckCredential(provider, bad);
  CheckTimeouts(provider.timeouts(), bad);
  if (!v1::OutputCapField_IsValid(provider.output_cap_field())) {
    bad.Add("provider.output_cap_field", "is unknown");
  }
  CheckCertificates(provider.ca_pem(), bad);
  bad.InRange("provider.max_connections", provider.max_connections(), 0, kMaxConnections);
  v1::Provider stored = provider;
  if (url.ok()) stored.set_base_url(*url);
  stored.clear_auth_value();
  stored.clear_keep_auth_value();
  stored.clear_has_auth_value();
  return stored;
}

}  // namespace weir::routing
