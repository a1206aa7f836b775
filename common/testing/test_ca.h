#pragma once

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>

#include <fstream>
#include <memory>
#include <string>

#include "common/testing/new_folder.h"

namespace weir::testing {

// A certificate authority that lives as long as a test, and the servers that it vouches for.
class TestCa {
 public:
  TestCa()
      : key_(EVP_EC_gen("P-256"), EVP_PKEY_free),
        certificate_(Make("weir test CA", nullptr, key_.get())) {}

  // The CA itself, for those that shall trust it.
  std::string pem() const { return Pem(certificate_.get()); }

  struct Server {
    std::string certificate_file;
    std::string key_file;
  };
  // A server's certificate and key as files. `names`: "DNS:localhost,IP:127.0.0.1".
  Server Issue(const std::string& names) const {
    const Key key(EVP_EC_gen("P-256"), EVP_PKEY_free);
    const Certificate certificate = Make("server", &names, key.get());
    const std::string folder = NewFolder();
    const Server server{folder + "/server.crt", folder + "/server.key"};
    std::ofstream(server.certificate_file) << Pem(certificate.get());
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_PrivateKey(bio.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
    std::ofstream(server.key_file) << Text(bio.get());
    return server;
  }

 private:
  using Key = std::unique_ptr<EVP_PKEY, decltype(&EVP_PKEY_free)>;
  using Certificate = std::unique_ptr<X509, decltype(&X509_free)>;

  // Signed by this CA; its own where `names` is null.
  Certificate Make(const char* subject, const std::string* names, EVP_PKEY* key) const {
    Certificate certificate(X509_new(), X509_free);
    X509* x = certificate.get();
    X509_set_version(x, X509_VERSION_3);
    ASN1_INTEGER_set(X509_get_serialNumber(x), names == nullptr ? 1 : 2);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN", MBSTRING_ASC,
                               reinterpret_cast<const unsigned char*>(subject), -1, -1, 0);
    X509_set_issuer_name(
        x, names == nullptr ? X509_get_subject_name(x) : X509_get_subject_name(certificate_.get()));
    X509_set_pubkey(x, key);
    if (names == nullptr) {
      Extend(x, NID_basic_constraints, "critical,CA:TRUE");
    } else {
      Extend(x, NID_subject_alt_name, *names);
    }
    X509_sign(x, key_.get(), EVP_sha256());
    return certificate;
  }
  static void Extend(X509* x, int nid, const std::string& value) {
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, x, x, nullptr, nullptr, 0);
    X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
    X509_add_ext(x, extension, -1);
    X509_EXTENSION_free(extension);
  }
  static std::string Pem(X509* x) {
    const std::unique_ptr<BIO, decltype(&BIO_free)> bio(BIO_new(BIO_s_mem()), BIO_free);
    PEM_write_bio_X509(bio.get(), x);
    return Text(bio.get());
  }
  static std::string Text(BIO* bio) {
    char* data = nullptr;
    const long size = BIO_get_mem_data(bio, &data);
    return {data, static_cast<size_t>(size)};
  }

  const Key key_;
  const Certificate certificate_;
};

}  // namespace weir::testing
