#pragma once

#include <atomic>
#include <memory>
#include <string>

#include "common/http/http_client.h"
#include "services/cache/directions.h"
#include "services/cache/provider_settings.h"

namespace weir::cache {

// Embeddings of a provider that speaks OpenAI's POST /embeddings: texts leave this process.
class RemoteDirections final : public Directions {
 public:
  // Questions that are under way at once; further ones are kUnavailable.
  static constexpr int kMaxInFlight = 64;

  // `settings` is valid, and names a provider. kInvalidArgument: the authorities cannot be used.
  static absl::StatusOr<std::unique_ptr<RemoteDirections>> Make(const ProviderSettings& settings,
                                                                const Clock& clock);

  size_t dimension() const override { return padded_; }
  const std::string& fingerprint() const override { return fingerprint_; }
  bool is_remote() const override { return true; }
  asio::awaitable<absl::StatusOr<Direction>> Of(std::string text, MonotonicTime deadline) override;

 private:
  RemoteDirections(const ProviderSettings& settings, text::BaseUrl server, const Clock& clock,
                   std::unique_ptr<http::HttpClient> client);
  std::string BodyOf(std::string_view text) const;
  absl::StatusOr<Direction> Read(const http::HttpAnswer& answer) const;

  const Clock& clock_;
  const std::unique_ptr<http::HttpClient> client_;
  const text::BaseUrl server_;
  const std::string target_;
  const bool is_azure_;
  const std::string model_;
  const size_t dimension_;  // As it is asked for.
  const size_t padded_;     // With zeros, up to a multiple of Embedder::kLanes.
  const config::Secret key_;
  const std::string fingerprint_;
  std::atomic<int> in_flight_ = 0;
};

}  // namespace weir::cache
