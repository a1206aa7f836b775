#pragma once

#include <optional>
#include <ostream>
#include <string>
#include <variant>
#include <vector>

#include "common/config/environment.h"

namespace weir::weirctl {

struct ApplyArguments {
  std::string path;       // File, folder, or "-" for standard input.
  bool dry_run = false;   // Asks the server, changes nothing.
  bool validate = false;  // Reads the documents alone; needs no server.
};

struct KeysCreateArguments {
  std::string name, team, user;
  std::vector<std::string> models, proxies, scopes;
  std::string lifetime;  // "30d"; empty: for good.
};
struct KeysListArguments {
  bool all = false;  // Also those that are revoked or over.
};
struct KeysRevokeArguments {
  std::string key;  // Name or public id.
};

struct UsageArguments {
  std::vector<std::string> by;  // "key", "model", ...
  std::string from, to;  // Times, dates, or durations before now; empty: the server's default.
};

struct LimitsArguments {
  std::string key, team, user, proxy, provider, model;
};

struct GuardTestArguments {
  std::string text = "-";  // "-": standard input.
  std::vector<std::string> policies;
  std::string file;  // Document of a policy that need not be stored. Empty: none.
  std::string direction = "request";
  std::string path = "$.messages[0].content";
  std::string role = "user";
};

struct CacheExplainArguments {
  std::string policy, text;
  std::string scope;  // "team:search"; empty: all.
};
struct CacheStatsArguments {};
// One of the first four.
struct CacheInvalidateArguments {
  std::string policy;
  std::string author;  // "user:alice", "key:PUBLIC_ID".
  std::string entry;   // Id of an answer.
  bool everything = false;
  bool dry_run = false;
};

struct StatusArguments {};

struct ReadyArguments {
  std::string url;  // "http://HOST:PORT/PATH", of an ops listener.
};

struct CallArguments {
  std::string method;   // "package.Service/Method"; the package may be left out.
  std::string request;  // Proto JSON, or "-" for standard input.
};

// One invocation.
struct Arguments {
  std::string address = "127.0.0.1:9091";
  std::string token, token_file, ca_file;
  std::string organization = "default";
  bool json = false;  // Else tables.
  std::variant<StatusArguments, ApplyArguments, KeysCreateArguments, KeysListArguments,
               KeysRevokeArguments, UsageArguments, LimitsArguments, GuardTestArguments,
               CacheExplainArguments, CacheStatsArguments, CacheInvalidateArguments, ReadyArguments,
               CallArguments>
      command;
};

struct Parsed {
  // What to do; none: nothing more, help or a usage error was printed.
  std::optional<Arguments> arguments;
  int exit_code = 0;
};

// Reads the arguments after the program's name. WEIR_ADMIN_ADDRESS, WEIR_ADMIN_TOKEN and
// WEIR_ADMIN_TOKEN_FILE fill in what the arguments leave out.
Parsed ParseArguments(std::vector<std::string> arguments, const config::Environment& environment,
                      std::ostream& out, std::ostream& err);

}  // namespace weir::weirctl
