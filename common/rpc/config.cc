#include "common/rpc/config.h"

#include "common/config/config_errors.h"
#include "common/rpc/address.h"
#include "common/text/ascii.h"
#include "common/text/excerpt.h"

namespace weir::rpc {
namespace {

using config::Reader;

struct AdminTls {
  std::string certificate;
  std::string key;
};

void ReadAdminTls(Reader& reader, AdminTls& tls) {
  reader.String("certificate", &tls.certificate,
                {.required = true, .want = "the path of a PEM file"});
  reader.String("key", &tls.key, {.required = true, .want = "the path of a PEM file"});
}

bool IsAddress(std::string_view text) { return CheckAddress(text, /*tls=*/true).ok(); }

bool AreAddresses(std::string_view text) {
  for (std::string_view each : text::Split(text, ',')) {
    if (!IsAddress(text::Trim(each))) return false;
  }
  return true;
}

void ReadPeerTls(Reader& reader, PeerTls& tls) {
  constexpr config::TextRule kFile = {.required = true, .want = "the path of a PEM file"};
  reader.String("certificate", &tls.certificate_file, kFile);
  reader.String("key", &tls.key_file, kFile);
  reader.String("ca", &tls.ca_file, kFile);
}

}  // namespace

void ReadAdmin(Reader& section, AdminServerOptions& admin) {
  section.String("address", &admin.address,
                 {.want = "HOST:PORT or unix:PATH", .accept = IsAddress});
  std::optional<AdminTls> tls;
  if (!section.Optional("tls", &tls, ReadAdminTls)) return;
  admin.tls_certificate_file = tls->certificate;
  admin.tls_key_file = tls->key;
}

void ReadRpc(Reader& section, bool serves, RpcConfig& rpc) {
  if (serves) {
    section.String("address", &rpc.address,
                   {.required = true, .want = "HOST:PORT or unix:PATH", .accept = IsAddress});
  }
  std::optional<PeerTls> tls;
  if (section.Optional("tls", &tls, ReadPeerTls)) rpc.tls = *std::move(tls);
}

void ReadServiceAddresses(Reader& section, std::vector<std::string>& addresses) {
  std::string text;
  section.String("address", &text,
                 {.required = true,
                  .want = "HOST:PORT or unix:PATH, or several with commas between",
                  .accept = AreAddresses});
  for (std::string_view each : text::Split(text, ',')) addresses.emplace_back(text::Trim(each));
}

absl::Status CheckAdmin(const AdminServerOptions& admin) {
  config::ConfigErrors errors("");
  if (!CheckAddress(admin.address, !admin.tls_certificate_file.empty()).ok()) {
    errors.Add("admin.address",
               fmt::format("is '{}' without admin.tls, want a loopback address, or "
                           "TLS: tokens would cross the network in the clear",
                           text::Excerpt(admin.address)));
  }
  return errors.ToStatus();
}

absl::Status CheckRpc(const RpcConfig& rpc) {
  config::ConfigErrors errors("");
  if (!rpc.address.empty() && !CheckAddress(rpc.address, rpc.tls.enabled()).ok()) {
    errors.Add("rpc.address", fmt::format("is '{}' without rpc.tls, want a loopback address, a "
                                          "Unix socket, or TLS",
                                          text::Excerpt(rpc.address)));
  }
  return errors.ToStatus();
}

}  // namespace weir::rpc
