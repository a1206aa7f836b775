// The admin port over TLS, with a certificate made for the test.
#include <gmock/gmock.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <cstdio>
#include <memory>

#include "common/rpc/admin_client.h"
#include "common/rpc/admin_server.h"
#include "common/rpc/fake_admin_services.h"
#include "common/testing/status_matchers.h"

namespace weir::rpc {
namespace {

using ::testing::HasSubstr;
using weir::testing::IsOk;
using weir::testing::StatusIs;

constexpr std::string_view kListTeams = "weir.identity.v1.IdentityAdminService/ListTeams";

struct Files {
  std::string certificate, key;
};

// A certificate of 127.0.0.1 that signs itself, good for an hour.
Files MakeCertificate(const std::string& name) {
  const std::string base = ::testing::TempDir() + "/" + name;
  Files files{.certificate = base + ".crt", .key = base + ".key"};
  const std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)> key(EVP_EC_gen("P-256"), EVP_PKEY_free);
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(X509_new(), X509_free);
  X509_set_version(certificate.get(), 2);
  ASN1_INTEGER_set(X509_get_serialNumber(certificate.get()), 1);
  X509_gmtime_adj(X509_getm_notBefore(certificate.get()), -60);
  X509_gmtime_adj(X509_getm_notAfter(certificate.get()), 3600);
  X509_set_pubkey(certificate.get(), key.get());
  X509_NAME* subject = X509_get_subject_name(certificate.get());
  X509_NAME_add_entry_by_txt(subject, "CN", MBSTRING_ASC,
                             reinterpret_cast<const unsigned char*>("weir"), -1, -1, 0);
  X509_set_issuer_name(certificate.get(), subject);
  X509_EXTENSION* names =
      X509V3_EXT_conf_nid(nullptr, nullptr, NID_subject_alt_name, "IP:127.0.0.1");
  X509_add_ext(certificate.get(), names, -1);
  X509_EXTENSION_free(names);
  X509_sign(certificate.get(), key.get(), EVP_sha256());

  std::FILE* file = std::fopen(files.certificate.c_str(), "wb");
  PEM_write_X509(file, certificate.get());
  std::fclose(file);
  file = std::fopen(files.key.c_str(), "wb");
  PEM_write_PrivateKey(file, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  std::fclose(file);
  return files;
}

class AdminTlsTest : public ::testing::Test {
 protected:
  AdminTlsTest() { services_.AddTo(registry_); }

  absl::StatusOr<std::unique_ptr<AdminServer>> Start(const Files& files) {
    return AdminServer::Start(
        {.address = "0.0.0.0:0",
         .tls_certificate_file = files.certificate,
         .tls_key_file = files.key},
        {.registry = registry_, .tokens = tokens_, .workers = workers_, .clock = clock_});
  }

  FakeAdminServices services_;
  AdminRegistry registry_;
  FakeTokens tokens_;
  WorkerPool workers_{"admin", 2, 64};
  SystemClock clock_;
};

absl::Status CallWithCa(int port, const std::string& ca_file) {
  const auto client = AdminClient::Create({.address = fmt::format("127.0.0.1:{}", port),
                                           .ca_file = ca_file,
                                           .token = "wa_viewer",
                                           .timeout = std::chrono::seconds(5)});
  if (!client.ok()) return client.status();
  return (*client)->CallBytes(kListTeams, "").status();
}

TEST_F(AdminTlsTest, ServesThoseWhoTrustItsCertificateAlone) {
  const Files files = MakeCertificate("admin_tls_server");
  const auto server = Start(files);
  ASSERT_THAT(server, IsOk());
  EXPECT_THAT(CallWithCa((*server)->port(), files.certificate), IsOk());
  const Files other = MakeCertificate("admin_tls_other");
  EXPECT_THAT(CallWithCa((*server)->port(), other.certificate),
              StatusIs(absl::StatusCode::kUnavailable));
  EXPECT_THAT(CallWithCa((*server)->port(), ""), StatusIs(absl::StatusCode::kUnavailable));
}

TEST_F(AdminTlsTest, RefusesFilesThatCannotServe) {
  const Files files = MakeCertificate("admin_tls_server");
  const Files other = MakeCertificate("admin_tls_other");
  EXPECT_THAT(Start({.certificate = files.certificate, .key = "/nowhere/k.pem"}),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr("/nowhere/k.pem")));
  EXPECT_THAT(Start({.certificate = files.certificate, .key = other.key}),
              StatusIs(absl::StatusCode::kUnavailable, HasSubstr("do not fit")));
}

}  // namespace
}  // namespace weir::rpc
