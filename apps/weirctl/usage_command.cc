#include "apps/weirctl/command.h"
#include "apps/weirctl/json_output.h"
#include "apps/weirctl/table.h"
#include "apps/weirctl/times.h"
#include "common/text/ascii.h"
#include "weir/quota/v1/quota_admin.pb.h"

namespace weir::weirctl {
namespace {

using namespace weir::quota::v1;

constexpr std::string_view kQueryUsage = "weir.quota.v1.QuotaAdminService/QueryUsage";

struct Counts {
  int64_t requests = 0, attempts = 0, input = 0, output = 0, total = 0, estimated = 0;

  void Add(const UsageRow& row) {
    const auto& usage = row.usage();
    requests += row.requests();
    attempts += row.attempts();
    input += usage.input_uncached_tokens() + usage.cache_read_tokens() +
             usage.cache_write_5m_tokens() + usage.cache_write_1h_tokens() +
             usage.audio_input_tokens();
    output +=
        usage.output_visible_tokens() + usage.reasoning_tokens() + usage.audio_output_tokens();
    total += row.total_tokens();
    estimated += row.estimated_attempts();
  }
  void AppendTo(std::vector<std::string>& cells) const {
    for (int64_t each : {requests, attempts, input, output, total, estimated}) {
      cells.push_back(std::to_string(each));
    }
  }
};

void PrintTable(const QueryUsageResponse& response, const std::vector<std::string>& by,
                std::ostream& out) {
  std::vector<std::string> headings;
  for (const std::string& each : by) headings.push_back(text::ToUpper(each));
  for (const char* each : {">REQUESTS", ">ATTEMPTS", ">INPUT", ">OUTPUT", ">TOTAL", ">ESTIMATED"}) {
    headings.emplace_back(each);
  }
  Table table(headings);
  Counts sum;
  for (const UsageRow& row : response.rows()) {
    std::vector<std::string> cells;
    for (const std::string& each : by) {
      const auto value = row.group().find(each);
      cells.push_back(value == row.group().end() ? "" : value->second);
    }
    Counts counts;
    counts.Add(row);
    sum.Add(row);
    counts.AppendTo(cells);
    table.Add(std::move(cells));
  }
  if (!by.empty()) {
    std::vector<std::string> cells(by.size());
    cells.front() = "(all)";
    sum.AppendTo(cells);
    table.Add(std::move(cells));
  }
  table.Print(out);
}

}  // namespace

absl::Status RunUsage(const CommandContext& context, const UsageArguments& arguments) {
  QueryUsageRequest request;
  request.set_organization(context.organization());
  for (const std::string& each : arguments.by) request.add_group_by(each);
  const Clock& clock = context.around.clock;
  if (!arguments.from.empty()) {
    WEIR_ASSIGN_OR_RETURN(*request.mutable_from(), ParseTime(arguments.from, "--from", clock));
  }
  if (!arguments.to.empty()) {
    WEIR_ASSIGN_OR_RETURN(*request.mutable_to(), ParseTime(arguments.to, "--to", clock));
  }
  QueryUsageResponse response;
  WEIR_RETURN_IF_ERROR(context.client.Call(kQueryUsage, request, response));
  if (context.json()) {
    context.out() << ToJson(response);
    return absl::OkStatus();
  }
  PrintTable(response, arguments.by, context.out());
  if (response.truncated()) context.around.err << "There are more rows; these are the largest.\n";
  return absl::OkStatus();
}

}  // namespace weir::weirctl
