#include "services/cache/remote_directions.h"

#include <absl/cleanup/cleanup.h>
#include <simdjson.h>

#include <algorithm>
#include <cmath>

#include "common/crypto/hmac.h"
#include "common/text/hex.h"
#include "common/text/json_escape.h"

namespace weir::cache {
namespace {

using Embedding = ProviderSettings::Embedding;

constexpr int64_t kDefaultDimension = 1024;
constexpr Duration kLongest = std::chrono::seconds(5);
constexpr std::string_view kTarget = "/embeddings";

std::string DefaultEndpoint(Embedding provider) {
  return provider == Embedding::kMistral ? "https://api.mistral.ai/v1"
                                         : "https://api.openai.com/v1";
}

std::string DefaultModel(Embedding provider) {
  return provider == Embedding::kMistral ? "mistral-embed" : "text-embedding-3-small";
}

std::string TargetOf(const ProviderSettings& settings) {
  if (settings.embedding != Embedding::kAzureOpenAi) return std::string(kTarget);
  return fmt::format("/openai/deployments/{}/embeddings?api-version=2024-02-01",
                     settings.embedding_model);
}

}  // namespace

absl::StatusOr<std::unique_ptr<RemoteDirections>> RemoteDirections::Make(
    const ProviderSettings& settings, const Clock& clock) {
  const std::string& given = settings.embedding_endpoint;
  WEIR_ASSIGN_OR_RETURN(
      text::BaseUrl server,
      text::ParseBaseUrl(given.empty() ? DefaultEndpoint(settings.embedding) : given));
  // Either form is in use.
  if (server.path.ends_with(kTarget)) server.path.resize(server.path.size() - kTarget.size());
  WEIR_ASSIGN_OR_RETURN(std::unique_ptr<http::HttpClient> client, http::HttpClient::Create({}));
  return std::unique_ptr<RemoteDirections>(
      new RemoteDirections(settings, std::move(server), clock, std::move(client)));
}

RemoteDirections::RemoteDirections(const ProviderSettings& settings, text::BaseUrl server,
                                   const Clock& clock, std::unique_ptr<http::HttpClient> client)
    : clock_(clock),
      client_(std::move(client)),
      server_(std::move(server)),
      target_(TargetOf(settings)),
      is_azure_(settings.embedding == Embedding::kAzureOpenAi),
      model_(settings.embedding_model.empty() ? DefaultModel(settings.embedding)
                                              : settings.embedding_model),
      dimension_(static_cast<size_t>(
          settings.embedding_dimension == 0 ? kDefaultDimension : settings.embedding_dimension)),
      padded_((dimension_ + Embedder::kLanes - 1) / Embedder::kLanes * Embedder::kLanes),
      key_(settings.embedding_api_key),
      fingerprint_(text::HexEncode(crypto::ToBytes(crypto::Sha256(
          fmt::format("remote 1 {} {} {}", text::ToString(server_), model_, dimension_))))) {}

std::string RemoteDirections::BodyOf(std::string_view text) const {
  std::string body = R"({"model":)";
  text::AppendJsonString(body, model_);
  body += R"(,"input":[)";
  text::AppendJsonString(body, text);
  body += "]";
  // Others have one dimension, and refuse to be asked for it.
  if (model_.find("text-embedding-3") != std::string::npos) {
    body += fmt::format(R"(,"dimensions":{})", dimension_);
  }
  body += "}";
  return body;
}

absl::StatusOr<Direction> RemoteDirections::Read(const http::HttpAnswer& answer) const {
  if (answer.status != 200) {
    return status::Unavailable("the embedder at {} answered {}", server_.host, answer.status);
  }
  simdjson::dom::parser parser;
  simdjson::dom::array values;
  const auto error = parser.parse(simdjson::padded_string(answer.body))
                         .at_pointer("/data/0/embedding")
                         .get_array()
                         .get(values);
  if (error) return status::Unavailable("the embedder at {} answered no vector", server_.host);
  std::vector<float> vector;
  double squares = 0;
  for (const auto each : values) {
    double value = 0;
    if (each.get_double().get(value) || vector.size() == dimension_) break;
    vector.push_back(static_cast<float>(value));
    squares += value * value;
  }
  if (vector.size() != dimension_ || values.size() != dimension_) {
    return status::Unavailable("the embedder at {} answered {} numbers, want {}", server_.host,
                               values.size(), dimension_);
  }
  vector.resize(padded_);
  if (!(squares > 0) || !std::isfinite(squares)) return Direction();
  const auto length = static_cast<float>(std::sqrt(squares));
  for (float& each : vector) each /= length;
  return Direction(std::move(vector));
}

asio::awaitable<absl::StatusOr<Direction>> RemoteDirections::Of(std::string text,
                                                                MonotonicTime deadline) {
  const MonotonicTime now = clock_.Monotonic();
  const Duration within = deadline < now + kLongest ? deadline - now : kLongest;
  if (within <= Duration::zero()) co_return status::DeadlineExceeded("the call is over");
  const absl::Cleanup leave = [this] { --in_flight_; };
  if (++in_flight_ > kMaxInFlight) {
    co_return status::Unavailable("{} questions wait for the embedder", kMaxInFlight);
  }
  http::HttpClient::Question question{
      .server = server_, .target = target_, .headers = {}, .body = BodyOf(text)};
  if (is_azure_) {
    question.headers.emplace_back("api-key", key_.Reveal());
  } else {
    question.headers.emplace_back("Authorization", "Bearer " + key_.Reveal());
  }
  const absl::StatusOr<http::HttpAnswer> answer =
      co_await client_->Post(std::move(question), within);
  if (!answer.ok()) co_return answer.status();
  co_return Read(*answer);
}

}  // namespace weir::cache
