#include <google/protobuf/message.h>

#include <iterator>
#include <memory>

#include "apps/apply/apply.h"
#include "apps/apply/changed.h"
#include "apps/weirctl/command.h"
#include "apps/weirctl/table.h"
#include "common/text/json_escape.h"

namespace weir::weirctl {
namespace {

namespace pb = google::protobuf;

constexpr size_t kMaxInputBytes = 4 << 20;

// Puts over the channel. Response types come from the method's descriptor.
class ChannelSink final : public apply::Sink {
 public:
  explicit ChannelSink(rpc::AdminClient& client) : client_(client) {}

  absl::StatusOr<bool> Put(std::string_view method, const pb::Message& request) override {
    std::string name(method);
    name[name.find('/')] = '.';
    const auto* descriptor = pb::DescriptorPool::generated_pool()->FindMethodByName(name);
    const auto* prototype =
        pb::MessageFactory::generated_factory()->GetPrototype(descriptor->output_type());
    const std::unique_ptr<pb::Message> response(prototype->New());
    WEIR_RETURN_IF_ERROR(client_.Call(method, request, *response));
    return apply::Changed(*response);
  }

 private:
  rpc::AdminClient& client_;
};

absl::StatusOr<apply::Plan> MakePlan(const CommandContext& context,
                                     const ApplyArguments& arguments) {
  const apply::SecretSource secrets(context.around.environment);
  const apply::ApplyOptions options{.default_organization = context.organization()};
  if (arguments.path != "-") return apply::PlanPath(arguments.path, secrets, options);
  const std::string text(std::istreambuf_iterator<char>(context.around.in), {});
  if (text.size() > kMaxInputBytes) {
    return status::InvalidArgument("standard input has {} bytes, want at most {}", text.size(),
                                   kMaxInputBytes);
  }
  return apply::PlanText("<stdin>", text, secrets, options);
}

std::string_view Verdict(const apply::Applied& applied, bool dry_run) {
  if (!applied.changed) return "unchanged";
  return dry_run ? "would change" : "changed";
}

void PrintJson(const apply::ApplyReport& report, bool dry_run, std::ostream& out) {
  std::string json = "{\"documents\":[";
  for (const apply::Applied& each : report.documents) {
    if (json.back() == '}') json += ',';
    json += "\n  {\"kind\":";
    text::AppendJsonString(json, each.kind);
    json += ",\"organization\":";
    text::AppendJsonString(json, each.organization);
    json += ",\"name\":";
    text::AppendJsonString(json, each.name);
    json += ",\"where\":";
    text::AppendJsonString(json, each.where);
    json += fmt::format(",\"changed\":{}}}", each.changed);
  }
  out << json << fmt::format("\n],\"dryRun\":{}}}\n", dry_run);
}

void PrintTable(const apply::ApplyReport& report, bool dry_run, std::ostream& out) {
  Table table({"KIND", "ORGANIZATION", "NAME", "RESULT", "WHERE"});
  for (const apply::Applied& each : report.documents) {
    table.Add(
        {each.kind, each.organization, each.name, std::string(Verdict(each, dry_run)), each.where});
  }
  table.Print(out);
}

}  // namespace

absl::Status RunApply(const CommandContext& context, const ApplyArguments& arguments) {
  WEIR_ASSIGN_OR_RETURN(const apply::Plan plan, MakePlan(context, arguments));
  if (arguments.validate) {
    context.out() << fmt::format("{} documents are well-formed\n", plan.size());
    return absl::OkStatus();
  }
  ChannelSink sink(context.client);
  WEIR_ASSIGN_OR_RETURN(const apply::ApplyReport report,
                        apply::ApplyPlan(plan, sink, arguments.dry_run));
  if (context.json()) {
    PrintJson(report, arguments.dry_run, context.out());
  } else {
    PrintTable(report, arguments.dry_run, context.out());
  }
  return absl::OkStatus();
}

}  // namespace weir::weirctl
