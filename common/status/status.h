#pragma once

#include <absl/status/status.h>
#include <absl/status/statusor.h>
#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>

// Statuses with std types and formatted text: Debian's Abseil has its own string_view, which stays
// behind this header.
//
// The code says what the *caller* can do; the message says what was being done, for whom, what came
// and what was wanted.
namespace weir::status {

// A status with `message`. kOk drops the message.
absl::Status Make(absl::StatusCode code, std::string_view message);

// The status's message; valid as long as the status is.
std::string_view Message(const absl::Status& status);

// "doing: message", same code and details. OK stays OK.
absl::Status Prefixed(const absl::Status& status, std::string_view doing);

// While(s, "reading the window of limit {}", id): the same status, saying what was being done.
template <typename... Args>
absl::Status While(const absl::Status& status, fmt::format_string<Args...> format, Args&&... args) {
  if (status.ok()) return status;
  return Prefixed(status, fmt::format(format, std::forward<Args>(args)...));
}

#define WEIR_STATUS_KIND(Name)                                                                \
  template <typename... Args>                                                                 \
  absl::Status Name(fmt::format_string<Args...> format, Args&&... args) {                     \
    return Make(absl::StatusCode::k##Name, fmt::format(format, std::forward<Args>(args)...)); \
  }
WEIR_STATUS_KIND(Aborted)
WEIR_STATUS_KIND(AlreadyExists)
WEIR_STATUS_KIND(Cancelled)
WEIR_STATUS_KIND(DataLoss)
WEIR_STATUS_KIND(DeadlineExceeded)
WEIR_STATUS_KIND(FailedPrecondition)
WEIR_STATUS_KIND(Internal)
WEIR_STATUS_KIND(InvalidArgument)
WEIR_STATUS_KIND(NotFound)
WEIR_STATUS_KIND(OutOfRange)
WEIR_STATUS_KIND(PermissionDenied)
WEIR_STATUS_KIND(ResourceExhausted)
WEIR_STATUS_KIND(Unauthenticated)
WEIR_STATUS_KIND(Unavailable)
WEIR_STATUS_KIND(Unimplemented)
WEIR_STATUS_KIND(Unknown)
#undef WEIR_STATUS_KIND

}  // namespace weir::status

#define WEIR_CONCAT_INNER(a, b) a##b
#define WEIR_CONCAT(a, b) WEIR_CONCAT_INNER(a, b)

// In a function that returns absl::Status or absl::StatusOr.
#define WEIR_RETURN_IF_ERROR(expr) \
  WEIR_RETURN_IF_ERROR_IMPL(WEIR_CONCAT(weir_status_, __LINE__), expr)
#define WEIR_RETURN_IF_ERROR_IMPL(status, expr)       \
  do {                                                \
    if (absl::Status status = (expr); !status.ok()) { \
      return status;                                  \
    }                                                 \
  } while (false)
#define WEIR_ASSIGN_OR_RETURN(lhs, expr) \
  WEIR_ASSIGN_OR_RETURN_IMPL(WEIR_CONCAT(weir_or_, __LINE__), lhs, expr)
#define WEIR_ASSIGN_OR_RETURN_IMPL(tmp, lhs, expr) \
  auto tmp = (expr);                               \
  if (!tmp.ok()) return std::move(tmp).status();   \
  lhs = *std::move(tmp)

// The same inside a coroutine.
#define WEIR_CO_RETURN_IF_ERROR(expr) \
  WEIR_CO_RETURN_IF_ERROR_IMPL(WEIR_CONCAT(weir_status_, __LINE__), expr)
#define WEIR_CO_RETURN_IF_ERROR_IMPL(status, expr)    \
  do {                                                \
    if (absl::Status status = (expr); !status.ok()) { \
      co_return status;                               \
    }                                                 \
  } while (false)
#define WEIR_CO_ASSIGN_OR_RETURN(lhs, expr) \
  WEIR_CO_ASSIGN_OR_RETURN_IMPL(WEIR_CONCAT(weir_or_, __LINE__), lhs, expr)
#define WEIR_CO_ASSIGN_OR_RETURN_IMPL(tmp, lhs, expr) \
  auto tmp = (expr);                                  \
  if (!tmp.ok()) co_return std::move(tmp).status();   \
  lhs = *std::move(tmp)
