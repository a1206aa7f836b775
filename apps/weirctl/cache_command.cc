#include "apps/weirctl/command.h"
#include "apps/weirctl/json_output.h"
#include "apps/weirctl/table.h"
#include "apps/weirctl/times.h"
#include "weir/cache/v1/cache_admin.pb.h"

namespace weir::weirctl {
namespace {

using namespace weir::cache::v1;

constexpr std::string_view kExplain = "weir.cache.v1.CacheAdminService/ExplainCache";
constexpr std::string_view kStats = "weir.cache.v1.CacheAdminService/GetCacheStats";
constexpr std::string_view kInvalidate = "weir.cache.v1.CacheAdminService/InvalidateCache";

absl::StatusOr<InvalidateCacheRequest> ToRequest(const CommandContext& context,
                                                 const CacheInvalidateArguments& arguments) {
  InvalidateCacheRequest request;
  request.set_organization(context.organization());
  request.set_dry_run(arguments.dry_run);
  int given = 0;
  const auto take = [&given](const std::string& value, auto set) {
    if (value.empty()) return;
    ++given;
    set(value);
  };
  take(arguments.policy, [&](const std::string& value) { request.set_policy(value); });
  take(arguments.author, [&](const std::string& value) { request.set_author(value); });
  take(arguments.entry, [&](const std::string& value) { request.set_entry_id(value); });
  if (arguments.everything) {
    ++given;
    request.set_everything(true);
  }
  if (given == 1) return request;
  return status::InvalidArgument(
      "{} of --policy, --author, --entry, --everything are given, want 1", given);
}

}  // namespace

absl::Status RunCacheExplain(const CommandContext& context,
                             const CacheExplainArguments& arguments) {
  ExplainCacheRequest request;
  request.set_organization(context.organization());
  request.set_policy(arguments.policy);
  request.set_text(arguments.text);
  request.set_scope(arguments.scope);
  ExplainCacheResponse response;
  WEIR_RETURN_IF_ERROR(context.client.Call(kExplain, request, response));
  if (context.json()) {
    context.out() << ToJson(response);
    return absl::OkStatus();
  }
  Table table({"ENTRY", "SCOPE", ">COSINE", ">GATE", "AGE", "SERVES", "REASON"});
  for (const Candidate& each : response.candidates()) {
    table.Add({each.entry_id(), each.scope(), fmt::format("{:.3f}", each.similarity()),
               fmt::format("{:.2f}", each.gate_score()), ShowSpan(each.age()),
               each.serves() ? "yes" : "no", each.reason()});
  }
  table.Print(context.out());
  context.out() << fmt::format("threshold {:.3f}\n", response.threshold());
  return absl::OkStatus();
}

absl::Status RunCacheStats(const CommandContext& context, const CacheStatsArguments&) {
  GetCacheStatsRequest request;
  request.set_organization(context.organization());
  GetCacheStatsResponse response;
  WEIR_RETURN_IF_ERROR(context.client.Call(kStats, request, response));
  if (context.json()) {
    context.out() << ToJson(response);
    return absl::OkStatus();
  }
  Table table({"WHAT", ">COUNT"});
  const auto add = [&table](std::string what, int64_t count) {
    table.Add({std::move(what), std::to_string(count)});
  };
  add("entries", response.entries());
  add("bytes", response.bytes());
  add("partitions", response.partitions());
  add("exact hits", response.exact_hits());
  add("semantic hits", response.semantic_hits());
  add("misses", response.misses());
  add("saved tokens", response.saved_tokens());
  const std::map<std::string, int64_t> refused(response.refused().begin(),
                                               response.refused().end());
  for (const auto& [reason, count] : refused) add("refused: " + reason, count);
  table.Print(context.out());
  return absl::OkStatus();
}

absl::Status RunCacheInvalidate(const CommandContext& context,
                                const CacheInvalidateArguments& arguments) {
  WEIR_ASSIGN_OR_RETURN(const InvalidateCacheRequest request, ToRequest(context, arguments));
  InvalidateCacheResponse response;
  WEIR_RETURN_IF_ERROR(context.client.Call(kInvalidate, request, response));
  if (context.json()) {
    context.out() << ToJson(response);
    return absl::OkStatus();
  }
  context.out() << fmt::format("{} answers {} forgotten\n", response.entries(),
                               arguments.dry_run ? "would be" : "are");
  return absl::OkStatus();
}

}  // namespace weir::weirctl
