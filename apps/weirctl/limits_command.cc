#include "apps/weirctl/command.h"
#include "apps/weirctl/json_output.h"
#include "apps/weirctl/table.h"
#include "apps/weirctl/times.h"
#include "common/text/ascii.h"
#include "weir/quota/v1/quota_admin.pb.h"

namespace weir::weirctl {
namespace {

using namespace weir::quota::v1;

constexpr std::string_view kGetLimitStates = "weir.quota.v1.QuotaAdminService/GetLimitStates";

// "UNIT_TOTAL_TOKENS" as "total tokens".
std::string UnitName(weir::common::v1::Unit unit) {
  std::string name = weir::common::v1::Unit_Name(unit);
  name = text::ToLower(name.substr(name.find('_') + 1));
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

GetLimitStatesRequest ToRequest(const CommandContext& context, const LimitsArguments& arguments) {
  GetLimitStatesRequest request;
  Subjects& subjects = *request.mutable_subjects();
  subjects.set_organization(context.organization());
  subjects.set_key_name(arguments.key);
  subjects.set_team(arguments.team);
  subjects.set_user(arguments.user);
  subjects.set_proxy(arguments.proxy);
  subjects.set_provider(arguments.provider);
  subjects.set_model(arguments.model);
  return request;
}

}  // namespace

absl::Status RunLimits(const CommandContext& context, const LimitsArguments& arguments) {
  GetLimitStatesResponse response;
  WEIR_RETURN_IF_ERROR(
      context.client.Call(kGetLimitStates, ToRequest(context, arguments), response));
  if (context.json()) {
    context.out() << ToJson(response);
    return absl::OkStatus();
  }
  Table table({"LIMIT", "LEVEL", "UNIT", ">LIMIT", ">REMAINING", "RESETS IN", "DENIES"});
  for (const LimitState& state : response.states()) {
    table.Add({state.limit_name(), state.level(), UnitName(state.unit()),
               std::to_string(state.limit()), std::to_string(state.remaining()),
               state.has_reset_after() ? ShowSpan(state.reset_after()) : "",
               state.enforced() ? "yes" : "no"});
  }
  table.Print(context.out());
  return absl::OkStatus();
}

}  // namespace weir::weirctl
