#include "apps/apply/apply.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "common/status/detail.h"
#include "common/text/ascii.h"
#include "common/text/excerpt.h"
#include "weir/common/v1/errors.pb.h"

namespace weir::apply {
namespace {

namespace pb = google::protobuf;

std::string Describe(const PlannedPut& put) {
  return fmt::format("{}: {} '{}'", put.where, put.kind, text::Excerpt(put.name));
}

void SetValidateOnly(pb::Message& request, bool value) {
  const auto* field = request.GetDescriptor()->FindFieldByName("validate_only");
  request.GetReflection()->SetBool(&request, field, value);
}

// The document is wrong, and others may be too; anything else stops everything.
bool IsAboutTheDocument(const absl::Status& status) {
  switch (status.code()) {
    case absl::StatusCode::kInvalidArgument:
    case absl::StatusCode::kOutOfRange:
    case absl::StatusCode::kNotFound:
    case absl::StatusCode::kAlreadyExists:
    case absl::StatusCode::kFailedPrecondition:
      return true;
    default:
      return false;
  }
}

// The text at `path` ("user.team") of a request; empty where there is none.
std::string TextAt(const pb::Message& request, std::string_view path) {
  const pb::Message* message = &request;
  for (std::string_view each : text::Split(path, '.')) {
    const auto* field = message->GetDescriptor()->FindFieldByName(std::string(each));
    if (field == nullptr || field->is_repeated()) return "";
    if (field->cpp_type() == pb::FieldDescriptor::CPPTYPE_STRING) {
      return message->GetReflection()->GetString(*message, field);
    }
    if (field->cpp_type() != pb::FieldDescriptor::CPPTYPE_MESSAGE) return "";
    message = &message->GetReflection()->GetMessage(*message, field);
  }
  return "";
}

// A service cannot see what this plan creates before it is created: a team's check fails while its
// organisation is only planned. Such an answer is no fault where what it misses comes first in the
// plan and is new.
class Expected {
 public:
  void Add(const PlannedPut& put) {
    if (put.kind == "Organization") {
      organizations_.insert(put.name);
    } else {
      objects_.emplace(put.kind, put.organization, put.name);
    }
  }

  bool Excuses(const PlannedPut& put, const absl::Status& status) const {
    if (organizations_.contains(put.organization)) {
      return status.code() == absl::StatusCode::kNotFound ||
             status.code() == absl::StatusCode::kFailedPrecondition;
    }
    const auto bad = status::Detail<common::v1::BadFields>(status);
    return bad && !bad->fields().empty() &&
           std::all_of(bad->fields().begin(), bad->fields().end(),
                       [&](const auto& field) { return NamesSomethingNew(put, field.path()); });
  }

 private:
  bool NamesSomethingNew(const PlannedPut& put, const std::string& path) const {
    const std::string name = TextAt(*put.request, path);
    const bool of_team = path == "team" || path.ends_with(".team");
    const bool of_user = path == "user" || path.ends_with(".user");
    return (of_team && objects_.contains({"Team", put.organization, name})) ||
           (of_user && objects_.contains({"User", put.organization, name}));
  }

  std::set<std::string> organizations_;
  std::set<std::tuple<std::string, std::string, std::string>>
      objects_;  // Kind, organisation, name.
};

absl::StatusOr<bool> Check(const PlannedPut& put, const Expected& expected, Sink& sink) {
  SetValidateOnly(*put.request, true);
  absl::StatusOr<bool> changed = sink.Put(put.method, *put.request);
  SetValidateOnly(*put.request, false);
  if (!changed.ok() && expected.Excuses(put, changed.status())) return true;
  return changed;
}

Applied Outcome(const PlannedPut& put, bool changed) {
  return {.kind = put.kind,
          .organization = put.organization,
          .name = put.name,
          .where = put.where,
          .changed = changed};
}

// Asks the services about everything before anything changes.
absl::StatusOr<ApplyReport> CheckAll(const Plan& plan, Sink& sink) {
  ApplyReport report;
  Expected expected;
  std::vector<std::string> faults;
  for (const PlannedPut& put : plan) {
    absl::StatusOr<bool> changed = Check(put, expected, sink);
    if (changed.ok()) {
      if (*changed) expected.Add(put);
      report.documents.push_back(Outcome(put, *changed));
    } else if (IsAboutTheDocument(changed.status())) {
      faults.push_back(fmt::format("{}: {}", Describe(put), status::Message(changed.status())));
    } else {
      return status::While(changed.status(), "checking {}", Describe(put));
    }
  }
  if (!faults.empty()) return status::InvalidArgument("{}", fmt::join(faults, "\n"));
  return report;
}

}  // namespace

absl::StatusOr<ApplyReport> ApplyPlan(const Plan& plan, Sink& sink, bool dry_run) {
  absl::StatusOr<ApplyReport> checked = CheckAll(plan, sink);
  if (!checked.ok() || dry_run) return checked;
  ApplyReport report;
  for (const PlannedPut& put : plan) {
    absl::StatusOr<bool> changed = sink.Put(put.method, *put.request);
    if (!changed.ok()) {
      return status::While(changed.status(), "applying {} ({} of {} documents are applied)",
                           Describe(put), report.documents.size(), plan.size());
    }
    report.documents.push_back(Outcome(put, *changed));
  }
  return report;
}

absl::StatusOr<Plan> PlanPath(const std::string& path, const SecretSource& secrets,
                              const ApplyOptions& options) {
  FaultBook faults;
  WEIR_ASSIGN_OR_RETURN(const std::vector<Document> documents, ReadDocuments(path, faults));
  Plan plan = MakePlan(documents, secrets, options.default_organization, faults);
  WEIR_RETURN_IF_ERROR(faults.ToStatus());
  return plan;
}

absl::StatusOr<Plan> PlanText(const std::string& file, std::string_view text,
                              const SecretSource& secrets, const ApplyOptions& options) {
  FaultBook faults;
  const std::vector<Document> documents = ParseDocuments(file, text, faults);
  Plan plan = MakePlan(documents, secrets, options.default_organization, faults);
  WEIR_RETURN_IF_ERROR(faults.ToStatus());
  return plan;
}

absl::StatusOr<ApplyReport> Apply(const std::string& path, const SecretSource& secrets, Sink& sink,
                                  const ApplyOptions& options) {
  WEIR_ASSIGN_OR_RETURN(const Plan plan, PlanPath(path, secrets, options));
  return ApplyPlan(plan, sink, options.dry_run);
}

}  // namespace weir::apply
