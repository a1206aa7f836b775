#include "common/rpc/access_table.h"

#include <algorithm>

namespace weir::rpc {
namespace {

constexpr std::string_view kEdge = "edge.weir";
constexpr std::string_view kQuota = "quota.weir";
constexpr std::string_view kRouting = "routing.weir";
constexpr std::string_view kGuardrails = "guardrails.weir";
constexpr std::string_view kCache = "cache.weir";

constexpr std::string_view kIdentityService = "weir.identity.v1.IdentityService";
constexpr std::string_view kQuotaService = "weir.quota.v1.QuotaService";
constexpr std::string_view kRoutingService = "weir.routing.v1.RoutingService";
constexpr std::string_view kGuardrailsService = "weir.guardrails.v1.GuardrailsService";
constexpr std::string_view kCacheService = "weir.cache.v1.CacheService";

struct Permission {
  std::string_view peer;
  std::string_view service;
  std::string_view method;
};

// Pipe is the carrier: each item on it is asked about by its own method.
constexpr Permission kPermissions[] = {
    {kEdge, kIdentityService, "Pipe"},
    {kEdge, kIdentityService, "Authenticate"},
    {kEdge, kIdentityService, "Watch"},
    {kEdge, kQuotaService, "Pipe"},
    {kEdge, kQuotaService, "Reserve"},
    {kEdge, kQuotaService, "Extend"},
    {kEdge, kQuotaService, "Settle"},
    {kEdge, kQuotaService, "Release"},
    {kEdge, kQuotaService, "Heartbeat"},
    {kEdge, kQuotaService, "Announce"},
    {kEdge, kQuotaService, "Lease"},
    {kEdge, kQuotaService, "Return"},
    {kEdge, kQuotaService, "Peek"},
    {kEdge, kRoutingService, "Pipe"},
    {kEdge, kRoutingService, "Plan"},
    {kEdge, kRoutingService, "Report"},
    {kEdge, kRoutingService, "Watch"},
    {kEdge, kGuardrailsService, "Pipe"},
    {kEdge, kGuardrailsService, "Inspect"},
    {kEdge, kGuardrailsService, "InspectDelta"},
    {kEdge, kGuardrailsService, "Watch"},
    {kEdge, kCacheService, "Pipe"},
    {kEdge, kCacheService, "Lookup"},
    {kEdge, kCacheService, "Confirm"},
    {kEdge, kCacheService, "Lead"},
    {kEdge, kCacheService, "Renew"},
    {kEdge, kCacheService, "Release"},
    {kEdge, kCacheService, "Record"},
    {kEdge, kCacheService, "Watch"},
    // They check the tokens of their own admin ports.
    {kQuota, kIdentityService, "Pipe"},
    {kQuota, kIdentityService, "VerifyAdminToken"},
    {kRouting, kIdentityService, "Pipe"},
    {kRouting, kIdentityService, "VerifyAdminToken"},
    {kGuardrails, kIdentityService, "Pipe"},
    {kGuardrails, kIdentityService, "VerifyAdminToken"},
    {kCache, kIdentityService, "Pipe"},
    {kCache, kIdentityService, "VerifyAdminToken"},
};

}  // namespace

absl::Status MayCall(std::string_view peer, std::string_view service, std::string_view method) {
  const bool may = std::ranges::any_of(kPermissions, [&](const Permission& each) {
    return each.peer == peer && each.service == service && each.method == method;
  });
  if (peer.empty() || may) return absl::OkStatus();
  return status::PermissionDenied("'{}' may not call {}/{}", peer, service, method);
}

absl::Status MayAdminister(std::string_view peer) {
  if (peer != kEdge) return absl::OkStatus();
  return status::PermissionDenied("'{}' carries traffic, and may not call admin services", peer);
}

}  // namespace weir::rpc
