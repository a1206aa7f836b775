#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "common/time/clock.h"
#include "edge/http/exchange.h"

// What is looked at before a request to the door is anybody's business. Pure.
namespace weir::edge {

// Who may call. In lower case.
struct DoorRules {
  // Values of Host, as clients send them: "admin.example.com", "127.0.0.1:8090". Any other name
  // that leads here is somebody else's (DNS rebinding).
  std::vector<std::string> hosts;
  // Pages of other sites that may call: "https://console.example.com".
  std::vector<std::string> origins;
};

struct DoorRefusal {
  int http_status = 400;
  absl::Status status;
  Headers headers;
};

// Host and Origin. 421: the host is not one of ours. 403: a page of another site, and not a listed
// one. Nothing: go on. Requests without an Origin are no browser's doing.
std::optional<DoorRefusal> CheckCaller(const DoorRules& rules, const RequestHead& head);

// What a listed page's browser wants to read behind an answer; empty where the request is none of
// theirs. For preflights too: `preflight` adds what may be asked.
Headers CrossOriginHeaders(const DoorRules& rules, const RequestHead& head, bool preflight);

// POST of JSON by the protocol's version 1, not encoded. 405, 415, 400.
std::optional<DoorRefusal> CheckForm(const RequestHead& head);

// Connect-Timeout-Ms, at most a minute; without it 30 s. kInvalidArgument: not a number of up to
// ten digits.
absl::StatusOr<Duration> TimeoutOf(const RequestHead& head);

// The caller's "Bearer ..." to be passed on. kUnauthenticated: there is none, or it is not one
// token; no error shows it.
absl::StatusOr<std::string> AuthorizationOf(const RequestHead& head);

}  // namespace weir::edge
