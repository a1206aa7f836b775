#include "common/rpc/health.h"

#include "common/text/excerpt.h"
#include "grpc/health/v1/health.pb.h"

namespace weir::rpc {

using grpc::health::v1::HealthCheckRequest;
using grpc::health::v1::HealthCheckResponse;

bool Health::Serves(std::string_view full_method) {
  return full_method == "/grpc.health.v1.Health/Check";
}

absl::StatusOr<std::string> Health::Answer(const std::string& bytes) const {
  HealthCheckRequest request;
  if (!request.ParseFromString(bytes)) {
    return status::InvalidArgument("{} bytes are not a HealthCheckRequest", bytes.size());
  }
  if (!request.service().empty() && !services_.contains(request.service())) {
    return status::NotFound("no service '{}'", text::Excerpt(request.service(), 128));
  }
  HealthCheckResponse response;
  response.set_status(serving_ ? HealthCheckResponse::SERVING : HealthCheckResponse::NOT_SERVING);
  return response.SerializeAsString();
}

}  // namespace weir::rpc
