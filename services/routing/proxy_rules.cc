#include "services/routing/proxy_rules.h"

#include <algorithm>
#include <array>
#include <set>
#include <string>

#include "common/routing/rotation.h"
#include "common/text/ascii.h"
#include "common/text/excerpt.h"
#include "services/routing/base_url.h"
#include "services/routing/field_rules.h"

namespace weir::routing {
namespace {

constexpr size_t kMaxContextBytes = 200;
constexpr int kMaxAllowedModels = 1000;
constexpr int kMaxOrigins = 64;
constexpr std::string_view kAnyOrigin = "*";

bool IsContextChar(char c) {
  return text::IsAlnum(c) || std::string_view("._~/-").find(c) != std::string_view::npos;
}

// Each segment says something: "//", "/." and "/.." would be read differently by whoever normalises
// paths.
bool HasPlainSegments(std::string_view context) {
  return std::ranges::all_of(text::Split(context.substr(1), '/'), [](std::string_view each) {
    return !each.empty() && each != "." && each != "..";
  });
}

void CheckContext(std::string_view context, status::BadFields& bad) {
  const bool good = context.size() >= 2 && context.size() <= kMaxContextBytes &&
                    context.starts_with('/') && std::ranges::all_of(context, IsContextChar) &&
                    HasPlainSegments(context);
  bad.Require(good, "proxy.context", text::Excerpt(context),
              "a slash and up to 199 of [A-Za-z0-9._~/-], no empty or dot segments, no slash at "
              "the end");
  if (good && IsReservedContext(context)) {
    bad.Add("proxy.context", "is '{}', which weir serves itself", context);
  }
}

void CheckKinds(const v1::Proxy& proxy, status::BadFields& bad) {
  std::set<int> seen;
  for (int i = 0; i < proxy.kinds_size(); ++i) {
    const int kind = proxy.kinds(i);
    const std::string path = fmt::format("proxy.kinds[{}]", i);
    if (kind == v1::API_KIND_UNSPECIFIED || !v1::ApiKind_IsValid(kind)) {
      bad.Add(path, "is unknown or unspecified");
    } else if (!seen.insert(kind).second) {
      bad.Add(path, "is there twice, want each once");
    }
  }
}

// Names of models that each come once.
template <typename Names>
void CheckModels(std::string_view field, const Names& models, status::BadFields& bad) {
  std::set<std::string> seen;
  for (int i = 0; i < models.size(); ++i) {
    const std::string path = fmt::format("{}[{}]", field, i);
    CheckModelName(path, models.Get(i), bad);
    if (!seen.insert(models.Get(i)).second) {
      bad.Add(path, "is '{}' again, want each once", text::Excerpt(models.Get(i)));
    }
  }
}

void CheckRotation(const v1::Proxy::ModelRotation& rotation, status::BadFields& bad) {
  constexpr int kMost = static_cast<int>(kMaxMembers);
  if (rotation.models_size() < 1 || rotation.models_size() > kMost) {
    bad.Add("proxy.model_rotation.models", "has {} models, want 1 to {}", rotation.models_size(),
            kMost);
  } else {
    CheckModels("proxy.model_rotation.models", rotation.models(), bad);
  }
  if (rotation.has_suspend_duration()) {
    CheckDuration("proxy.model_rotation.suspend_duration", rotation.suspend_duration(),
                  kSuspendRange, bad);
  }
}

void CheckRoute(const v1::Proxy& proxy, status::BadFields& bad) {
  if (proxy.route_case() == v1::Proxy::kProvider) {
    CheckName("proxy.provider", proxy.provider(), 3, bad);
  }
  if (proxy.has_model_rotation()) {
    CheckRotation(proxy.model_rotation(), bad);
    if (!proxy.allowed_models().empty()) {
      bad.Add("proxy.allowed_models", "is set beside model_rotation, which chooses by itself");
    }
  }
  if (proxy.allowed_models_size() > kMaxAllowedModels) {
    bad.Add("proxy.allowed_models", "has {} models, want at most {}", proxy.allowed_models_size(),
            kMaxAllowedModels);
  } else {
    CheckModels("proxy.allowed_models", proxy.allowed_models(), bad);
  }
}

void CheckOrigins(const v1::Proxy& proxy, status::BadFields& bad) {
  if (proxy.cors_origins_size() > kMaxOrigins) {
    bad.Add("proxy.cors_origins", "has {} origins, want at most {}", proxy.cors_origins_size(),
            kMaxOrigins);
    return;
  }
  for (int i = 0; i < proxy.cors_origins_size(); ++i) {
    const std::string& origin = proxy.cors_origins(i);
    bad.Require(origin == kAnyOrigin || IsOrigin(origin), fmt::format("proxy.cors_origins[{}]", i),
                text::Excerpt(origin), "\"*\" or scheme://host[:port]");
  }
}

}  // namespace

v1::Proxy CheckProxy(const v1::Proxy& proxy, status::BadFields& bad) {
  CheckOrganization("proxy.organization", proxy.organization(), bad);
  CheckName("proxy.name", proxy.name(), 1, bad);
  CheckDisplayName("proxy.display_name", proxy.display_name(), bad);
  CheckContext(proxy.context(), bad);
  CheckKinds(proxy, bad);
  CheckRoute(proxy, bad);
  if (!proxy.key_header().empty()) {
    CheckHeaderName("proxy.key_header", proxy.key_header(), bad);
  }
  CheckOrigins(proxy, bad);
  v1::Proxy stored = proxy;
  stored.clear_degraded_reason();
  return stored;
}

const v1::Proxy* OtherWithContext(const v1::Proxy& proxy, const Catalog& catalog) {
  for (const auto& [name, other] : catalog.proxies) {
    const bool same = name == ObjectName{proxy.organization(), proxy.name()};
    if (!same && other.context() == proxy.context()) return &other;
  }
  return nullptr;
}

bool IsReservedContext(std::string_view context) {
  static constexpr std::array<std::string_view, 6> kWithAllBelow = {
      "/v1", "/livez", "/readyz", "/healthz", "/health", "/metrics"};
  // Below /openai the operator has room, but for the paths of the Azure dialect.
  static constexpr std::array<std::string_view, 3> kAzure = {"/openai/v1", "/openai/deployments",
                                                             "/openai/responses"};
  const auto covers = [context](std::string_view each) {
    return context == each || (context.starts_with(each) && context[each.size()] == '/');
  };
  return context == "/openai" || std::ranges::any_of(kWithAllBelow, covers) ||
         std::ranges::any_of(kAzure, covers);
}

}  // namespace weir::routing
