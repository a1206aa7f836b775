#pragma once

#include <functional>
#include <string>
#include <string_view>

namespace weir::http {

// What a process says about itself. All are called on the loop that serves the ops listener, for
// each request: they must not block.
struct OpsSources {
  // Empty: ready. Else why not, in one line.
  std::function<std::string()> not_ready;
  // What an operator should know though it serves ("stale: ..."), in one line; empty: nothing. May
  // be null.
  std::function<std::string()> remark = nullptr;
  // In Prometheus's text format, version 0.0.4.
  std::function<std::string()> metrics;
};

struct OpsAnswer {
  int status = 200;
  std::string_view content_type;  // Of static storage.
  std::string_view allow;         // Empty: no such header.
  std::string body;               // To be left out of an answer to HEAD.
};

// /livez (the process runs), /readyz and /healthz and /health (it serves), /metrics; `path` is
// without a query. One mapping, so that every process answers alike, whatever carries it.
OpsAnswer AnswerOps(const OpsSources& sources, std::string_view method, std::string_view path);

}  // namespace weir::http
