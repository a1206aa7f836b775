#pragma once

#include <string>
#include <string_view>

#include "common/status/status.h"
#include "edge/http/exchange.h"

namespace weir::edge {

// An answer that says no: status line, OpenAI's error object, headers.
struct Refusal {
  int http_status = 500;
  std::string type = "api_error";
  std::string code;   // Empty: null.
  std::string param;  // Empty: null.
  std::string message;
  Headers headers;  // Retry-After and the like.
};

// The one mapping from our statuses and their typed details to what clients see.
Refusal RefusalFor(const absl::Status& status);

// {"error":{"message":...,"type":...,"param":...,"code":...}}
std::string ErrorBody(const Refusal& refusal);

// Refusals that have no status of their own.
Refusal UnknownUrl(std::string_view path);
Refusal MethodNotAllowed(std::string_view method, std::string allow);
Refusal Overloaded();

}  // namespace weir::edge
