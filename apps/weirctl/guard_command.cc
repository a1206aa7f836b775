#include <iterator>

#include "apps/apply/apply.h"
#include "apps/weirctl/command.h"
#include "apps/weirctl/json_output.h"
#include "apps/weirctl/table.h"
#include "common/text/ascii.h"
#include "weir/guardrails/v1/guardrails_admin.pb.h"

namespace weir::weirctl {
namespace {

using namespace weir::guardrails::v1;

constexpr std::string_view kTestGuardrails =
    "weir.guardrails.v1.GuardrailsAdminService/TestGuardrails";
constexpr std::string_view kKind = "GuardrailPolicy";
constexpr size_t kMaxTextBytes = 64 * 1024;

// The one policy of a file of documents, which need not be stored.
absl::StatusOr<GuardrailPolicy> PolicyIn(const CommandContext& context, const std::string& path) {
  const apply::SecretSource secrets(context.around.environment);
  WEIR_ASSIGN_OR_RETURN(
      const apply::Plan plan,
      apply::PlanPath(path, secrets, {.default_organization = context.organization()}));
  if (plan.size() != 1 || plan[0].kind != kKind) {
    return status::InvalidArgument("'{}' declares {} objects, want one {}", path, plan.size(),
                                   kKind);
  }
  return static_cast<const PutGuardrailPolicyRequest&>(*plan[0].request).policy();
}

absl::StatusOr<std::string> TextOf(const CommandContext& context,
                                   const GuardTestArguments& arguments) {
  std::string text = arguments.text;
  if (text == "-") text.assign(std::istreambuf_iterator<char>(context.around.in), {});
  if (text.size() <= kMaxTextBytes) return text;
  return status::InvalidArgument("the text has {} bytes, want at most {}", text.size(),
                                 kMaxTextBytes);
}

absl::StatusOr<TestGuardrailsRequest> ToRequest(const CommandContext& context,
                                                const GuardTestArguments& arguments) {
  TestGuardrailsRequest request;
  request.set_organization(context.organization());
  for (const std::string& each : arguments.policies) request.add_policies(each);
  if (!arguments.file.empty()) {
    WEIR_ASSIGN_OR_RETURN(*request.mutable_policy(), PolicyIn(context, arguments.file));
  }
  request.set_direction(arguments.direction == "response" ? DIRECTION_RESPONSE : DIRECTION_REQUEST);
  Part& part = *request.add_parts();
  part.set_path(arguments.path);
  part.set_role(arguments.role);
  WEIR_ASSIGN_OR_RETURN(*part.mutable_text(), TextOf(context, arguments));
  return request;
}

// "VERDICT_EDIT" as "edit".
std::string VerdictName(Verdict verdict) {
  const std::string name = Verdict_Name(verdict);
  return text::ToLower(name.substr(name.find('_') + 1));
}

void PrintFindings(const TestGuardrailsResponse& response, std::ostream& out) {
  if (response.findings().empty()) return;
  Table table({"POLICY", "RULE", "FOUND", "ACTION", "SHADOW", ">AT", ">BYTES"});
  for (const Finding& each : response.findings()) {
    table.Add({each.policy(), each.rule(), each.entity_type(), each.action(),
               each.shadow() ? "yes" : "no", std::to_string(each.offset()),
               std::to_string(each.length())});
  }
  out << "\n";
  table.Print(out);
}

}  // namespace

absl::Status RunGuardTest(const CommandContext& context, const GuardTestArguments& arguments) {
  WEIR_ASSIGN_OR_RETURN(const TestGuardrailsRequest request, ToRequest(context, arguments));
  TestGuardrailsResponse response;
  WEIR_RETURN_IF_ERROR(context.client.Call(kTestGuardrails, request, response));
  if (context.json()) {
    context.out() << ToJson(response);
    return absl::OkStatus();
  }
  context.out() << "verdict: " << VerdictName(response.verdict()) << "\n";
  for (const Part& each : response.parts()) context.out() << "\n" << each.text() << "\n";
  PrintFindings(response, context.out());
  return absl::OkStatus();
}

}  // namespace weir::weirctl
