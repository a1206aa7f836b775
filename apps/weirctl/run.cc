#include "apps/weirctl/command.h"
#include "common/config/yaml.h"
#include "common/status/detail.h"
#include "common/text/ascii.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::weirctl {
namespace {

constexpr int kDone = 0;
constexpr int kFailed = 1;
constexpr size_t kMaxTokenFileBytes = 4096;

absl::StatusOr<std::string> Token(const Arguments& arguments) {
  if (arguments.token_file.empty()) return arguments.token;
  WEIR_ASSIGN_OR_RETURN(const std::string text,
                        config::ReadFile(arguments.token_file, kMaxTokenFileBytes));
  const std::string token(text::Trim(text));
  if (token.empty()) {
    return status::InvalidArgument("token file '{}' is empty", arguments.token_file);
  }
  return token;
}

// Chooses by the type of the arguments.
struct Dispatch {
  const CommandContext& context;

  absl::Status operator()(const ApplyArguments& a) const { return RunApply(context, a); }
  absl::Status operator()(const KeysCreateArguments& a) const { return RunKeysCreate(context, a); }
  absl::Status operator()(const KeysListArguments& a) const { return RunKeysList(context, a); }
  absl::Status operator()(const KeysRevokeArguments& a) const { return RunKeysRevoke(context, a); }
  absl::Status operator()(const UsageArguments& a) const { return RunUsage(context, a); }
  absl::Status operator()(const LimitsArguments& a) const { return RunLimits(context, a); }
  absl::Status operator()(const GuardTestArguments& a) const { return RunGuardTest(context, a); }
  absl::Status operator()(const CacheExplainArguments& a) const {
    return RunCacheExplain(context, a);
  }
  absl::Status operator()(const CacheStatsArguments& a) const { return RunCacheStats(context, a); }
  absl::Status operator()(const CacheInvalidateArguments& a) const {
    return RunCacheInvalidate(context, a);
  }
  absl::Status operator()(const StatusArguments& a) const { return RunStatus(context, a); }
  absl::Status operator()(const ReadyArguments& a) const { return RunReady(a); }
  absl::Status operator()(const CallArguments& a) const { return RunCall(context, a); }
};

absl::Status RunCommand(const Arguments& arguments, const Surroundings& around) {
  // A container's health check has neither token nor admin port.
  if (const auto* ready = std::get_if<ReadyArguments>(&arguments.command)) return RunReady(*ready);
  WEIR_ASSIGN_OR_RETURN(std::string token, Token(arguments));
  WEIR_ASSIGN_OR_RETURN(const auto client, rpc::AdminClient::Create({.address = arguments.address,
                                                                     .ca_file = arguments.ca_file,
                                                                     .token = std::move(token)}));
  const CommandContext context{.client = *client, .arguments = arguments, .around = around};
  return std::visit(Dispatch{context}, arguments.command);
}

// "permission denied" for kPermissionDenied.
std::string CodeName(absl::StatusCode code) {
  std::string name = text::ToLower(absl::StatusCodeToString(code));
  std::replace(name.begin(), name.end(), '_', ' ');
  return name;
}

void PrintError(const absl::Status& status, std::ostream& err) {
  const auto fields = status::Detail<weir::common::v1::BadFields>(status);
  // The message has the first few of them in one line.
  if (!fields || fields->fields_size() < 2) {
    err << fmt::format("weirctl: {}: {}\n", CodeName(status.code()), status::Message(status));
    return;
  }
  err << fmt::format("weirctl: {}: {} fields are wrong:\n", CodeName(status.code()),
                     fields->fields_size());
  for (const auto& each : fields->fields()) {
    err << fmt::format("  {}: {}\n", each.path(), each.problem());
  }
}

}  // namespace

int Run(const std::vector<std::string>& words, const Surroundings& around) {
  const Parsed parsed = ParseArguments(words, around.environment, around.out, around.err);
  if (!parsed.arguments) return parsed.exit_code;
  const absl::Status status = RunCommand(*parsed.arguments, around);
  if (status.ok()) return kDone;
  PrintError(status, around.err);
  return kFailed;
}

}  // namespace weir::weirctl
