#include "edge/pipeline/routing_view.h"

#include <algorithm>

#include "common/log/log.h"
#include "edge/http/header_rules.h"

namespace weir::edge {

using routing::v1::ApiKind;
using routing::v1::ProviderTarget;

namespace {

Duration OrDefault(bool set, const google::protobuf::Duration& duration, Duration fallback) {
  if (!set) return fallback;
  return std::chrono::seconds(duration.seconds()) + std::chrono::nanoseconds(duration.nanos());
}

struct Endpoint {
  std::string_view suffix;
  ApiKind kind;
};
constexpr Endpoint kEndpoints[] = {
    {"/chat/completions", routing::v1::API_KIND_CHAT},
    {"/embeddings", routing::v1::API_KIND_EMBEDDINGS},
    {"/models", routing::v1::API_KIND_MODELS},
    {"/responses", routing::v1::API_KIND_RESPONSES},
    // As clients of Azure have it; their api-version stands in the query.
    {"/openai/responses", routing::v1::API_KIND_RESPONSES},
    {"/openai/v1/responses", routing::v1::API_KIND_RESPONSES},
};

// The proxy of a prefix; false where there is none. Null: the root.
bool FindPrefix(const CompiledRoutes& routes, std::string_view prefix,
                const routing::v1::ProxyRoute*& proxy) {
  proxy = nullptr;
  if (prefix.empty() || prefix == "/v1") return true;
  auto found = routes.by_context.find(prefix);
  if (found == routes.by_context.end() && prefix.ends_with("/v1")) {
    found = routes.by_context.find(prefix.substr(0, prefix.size() - 3));
  }
  if (found == routes.by_context.end()) return false;
  proxy = found->second;
  return true;
}

}  // namespace

RouteMatch MatchPath(const CompiledRoutes& routes, std::string_view path) {
  RouteMatch match;
  for (const Endpoint& each : kEndpoints) {
    if (!path.ends_with(each.suffix)) continue;
    match.kind = each.kind;
    match.found = FindPrefix(routes, path.substr(0, path.size() - each.suffix.size()), match.proxy);
    if (match.found) return match;
  }
  // GET /models/{id}: ids may have slashes in them.
  for (size_t at = path.find("/models/"); at != std::string_view::npos;
       at = path.find("/models/", at + 1)) {
    if (!FindPrefix(routes, path.substr(0, at), match.proxy)) continue;
    match.kind = routing::v1::API_KIND_MODELS;
    match.model_id = path.substr(at + 8);
    match.found = !match.model_id.empty();
    return match;
  }
  match.found = false;
  return match;
}

RoutingView::RoutingView(Deps deps) : deps_(deps) {}

asio::awaitable<void> RoutingView::Run() {
  for (;;) {
    auto executor = co_await asio::this_coro::executor;
    auto stream = deps_.routing.Watch({}, executor);
    for (;;) {
      absl::StatusOr<api::RoutingEvent> event = co_await stream->Next();
      if (!event.ok()) break;
      if ((*event)->has_table()) Apply(api::TableOf(*event));
    }
    log::Warn("edge.routing.watch_ended", {});
    co_await SleepFor(deps_.timers, std::chrono::milliseconds(500));
  }
}

void RoutingView::Apply(std::shared_ptr<const routing::v1::RoutingTable> table) {
  auto compiled = std::make_shared<CompiledRoutes>();
  compiled->table = std::move(table);
  for (const ProviderTarget& each : compiled->table->providers()) {
    compiled->targets.push_back(Compile(each));
  }
  for (const auto& each : compiled->table->proxies()) {
    compiled->by_context.emplace(each.context(), &each);
  }
  current_ = std::move(compiled);
  // A pool that only this map holds has no table and no call any more.
  std::erase_if(pools_, [](const auto& each) { return each.second.use_count() == 1; });
}

UpstreamTarget RoutingView::Compile(const ProviderTarget& provider) {
  UpstreamTarget target;
  target.provider = &provider;
  absl::StatusOr<text::BaseUrl> url = text::ParseBaseUrl(provider.base_url());
  if (!url.ok()) {
    target.usable =
        status::While(url.status(), "reading the base_url of the provider '{}'", provider.name());
    return target;
  }
  const auto& timeouts = provider.timeouts();
  target.times.first_byte =
      OrDefault(timeouts.has_first_byte(), timeouts.first_byte(), std::chrono::seconds(60));
  target.times.idle = OrDefault(timeouts.has_idle(), timeouts.idle(), std::chrono::seconds(60));
  target.times.total = OrDefault(timeouts.has_total(), timeouts.total(), std::chrono::minutes(10));
  if ((!provider.auth_header().empty() && !IsToken(provider.auth_header())) ||
      !IsHeaderValue(provider.auth_value()) ||
      provider.auth_value().find('\t') != std::string::npos) {
    target.usable = status::InvalidArgument(
        "the credential of the provider '{}' is not one header line", provider.name());
    return target;
  }
  target.head_suffix = fmt::format("host: {}\r\naccept-encoding: identity\r\n", url->authority);
  if (!provider.auth_header().empty() && !provider.auth_value().empty()) {
    target.head_suffix += fmt::format("{}: {}\r\n", provider.auth_header(), provider.auth_value());
  }
  UpstreamPool::Options options{.url = *url, .verify = !provider.insecure_skip_verify()};
  if (provider.max_connections() > 0) {
    options.max_connections = static_cast<size_t>(provider.max_connections());
  }
  options.connect = OrDefault(timeouts.has_connect(), timeouts.connect(), std::chrono::seconds(5));
  const std::string name =
      fmt::format("{}|{}|{}|{}|{}", provider.base_url(), options.verify, options.max_connections,
                  options.connect.count(), provider.ca_pem());
  std::shared_ptr<UpstreamPool>& pool = pools_[name];
  if (pool == nullptr) {
    if (url->tls) {
      auto tls = deps_.dialer.NewTlsContext(provider.ca_pem());
      if (!tls.ok()) {
        target.usable = tls.status();
        pools_.erase(name);
        return target;
      }
      options.tls = *std::move(tls);
    }
    pool = std::make_shared<UpstreamPool>(std::move(options), deps_.dialer, deps_.timers.clock());
  }
  target.pool = pool;
  return target;
}

void RoutingView::CloseIdleConnections() {
  for (auto& [name, pool] : pools_) pool->CloseIdle();
}

}  // namespace weir::edge
