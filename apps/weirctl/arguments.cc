#include "apps/weirctl/arguments.h"

#include <CLI/CLI.hpp>

namespace weir::weirctl {
namespace {

constexpr int kUsageError = 2;

void AddConnection(CLI::App& app, Arguments& arguments) {
  app.add_option("--address", arguments.address,
                 "Admin port, HOST:PORT or unix:PATH; of a suite "
                 "identity=HOST:PORT,quota=...,routing=...,guardrails=...,cache=... "
                 "[WEIR_ADMIN_ADDRESS]")
      ->capture_default_str();
  auto* token = app.add_option("--token", arguments.token,
                               "Admin token; others can see it in the list of processes "
                               "[WEIR_ADMIN_TOKEN]");
  app.add_option("--token-file", arguments.token_file,
                 "File that holds the admin token [WEIR_ADMIN_TOKEN_FILE]")
      ->excludes(token);
  app.add_option("--ca", arguments.ca_file,
                 "CA of the server's certificate (PEM); none: plaintext");
  app.add_option("--organization", arguments.organization, "Whose keys, limits and usage")
      ->capture_default_str();
  app.add_option_function<std::string>(
         "--output", [&](const std::string& form) { arguments.json = form == "json"; },
         "How answers are shown")
      ->type_name("table|json")
      ->check(CLI::IsMember({"table", "json"}))
      ->default_str("table");
}

// A subcommand that fills a T, which becomes the command where it is given.
template <typename T>
T& AddCommand(CLI::App& parent, Arguments& arguments, const char* name, const char* help,
              CLI::App*& command) {
  auto filled = std::make_shared<T>();
  command = parent.add_subcommand(name, help);
  command->fallthrough();
  command->callback([&arguments, filled] { arguments.command = *filled; });
  return *filled;
}

void AddApply(CLI::App& app, Arguments& arguments) {
  CLI::App* command = nullptr;
  auto& apply = AddCommand<ApplyArguments>(
      app, arguments, "apply", "Make what documents declare; a second time changes nothing",
      command);
  command->add_option("-f,--file", apply.path, "File, folder, or - for standard input")
      ->required()
      ->type_name("DIR|FILE|-");
  command->add_flag("--dry-run", apply.dry_run, "Ask the server what would change");
  command->add_flag("--validate", apply.validate, "Check the documents alone, without a server");
}

void AddKeys(CLI::App& app, Arguments& arguments) {
  CLI::App* keys = app.add_subcommand("keys", "Make, list and revoke keys");
  keys->require_subcommand(1)->fallthrough();
  CLI::App* command = nullptr;

  auto& create = AddCommand<KeysCreateArguments>(
      *keys, arguments, "create", "Make a key; it is printed once and never again", command);
  command->add_option("name", create.name, "Name, unique in the organisation")->required();
  command->add_option("--team", create.team, "Team that its spending counts for");
  command->add_option("--user", create.user, "User that its spending counts for");
  command->add_option("--models", create.models, "Models it may call; none: all")->delimiter(',');
  command->add_option("--proxies", create.proxies, "Proxies it may use; none: all")->delimiter(',');
  command
      ->add_option("--scopes", create.scopes,
                   "Kinds it may call (chat, responses, embeddings, models); none: all")
      ->delimiter(',');
  command->add_option("--lifetime", create.lifetime, "Ends by itself after this time, like 30d");

  auto& list =
      AddCommand<KeysListArguments>(*keys, arguments, "list", "Keys, newest last", command);
  command->add_flag("--all", list.all, "Also keys that are revoked or over");

  auto& revoke =
      AddCommand<KeysRevokeArguments>(*keys, arguments, "revoke", "End a key for good", command);
  command->add_option("key", revoke.key, "Name or public id")->required();
}

void AddUsage(CLI::App& app, Arguments& arguments) {
  CLI::App* command = nullptr;
  auto& usage = AddCommand<UsageArguments>(app, arguments, "usage", "What was spent", command);
  command->add_option("--by", usage.by, "A row for each team, user, key, proxy, provider, model")
      ->delimiter(',');
  command->add_option("--from", usage.from,
                      "Time, date or duration ago (2025-11-21, 24h); none: today, UTC");
  command->add_option("--to", usage.to, "The same; none: now");
}

void AddLimits(CLI::App& app, Arguments& arguments) {
  CLI::App* command = nullptr;
  auto& limits = AddCommand<LimitsArguments>(app, arguments, "limits",
                                             "Where the limits of a caller stand", command);
  command->add_option("--key", limits.key, "Name of the key");
  command->add_option("--team", limits.team, "Name of the team");
  command->add_option("--user", limits.user, "Name of the user");
  command->add_option("--proxy", limits.proxy, "Name of the proxy");
  command->add_option("--provider", limits.provider, "Name of the provider");
  command->add_option("--model", limits.model, "Name of the model");
}

void AddGuard(CLI::App& app, Arguments& arguments) {
  CLI::App* guard = app.add_subcommand("guard", "Try guardrail policies out");
  guard->require_subcommand(1)->fallthrough();
  CLI::App* command = nullptr;
  auto& test = AddCommand<GuardTestArguments>(
      *guard, arguments, "test", "What policies make of a text; changes and counts nothing",
      command);
  command->add_option("text", test.text, "The text, or - for standard input")->default_str("-");
  command->add_option("--policy", test.policies, "Names of policies, in order")->delimiter(',');
  command->add_option("--file", test.file, "Document of a policy that need not be stored");
  command->add_option("--direction", test.direction, "Which way the text goes")
      ->type_name("request|response")
      ->check(CLI::IsMember({"request", "response"}))
      ->capture_default_str();
  command->add_option("--path", test.path, "Where it stands in the body")->capture_default_str();
  command->add_option("--role", test.role, "Who wrote it")->capture_default_str();
}

void AddCache(CLI::App& app, Arguments& arguments) {
  CLI::App* cache = app.add_subcommand("cache", "What has been answered before");
  cache->require_subcommand(1)->fallthrough();
  CLI::App* command = nullptr;

  auto& explain = AddCommand<CacheExplainArguments>(
      *cache, arguments, "explain", "What would be found for a question, and why not", command);
  command->add_option("policy", explain.policy, "Name of the policy")->required();
  command->add_option("question", explain.text, "The question")->required();
  command->add_option("--scope", explain.scope, "Like team:search; none: all");

  AddCommand<CacheStatsArguments>(*cache, arguments, "stats", "What is kept, and what came of it",
                                  command);

  auto& invalidate = AddCommand<CacheInvalidateArguments>(*cache, arguments, "invalidate",
                                                          "Forget answers", command);
  command->add_option("--policy", invalidate.policy, "All under this policy");
  command->add_option("--author", invalidate.author,
                      "All that user:NAME, or key:PUBLIC_ID without a user, asked for");
  command->add_option("--entry", invalidate.entry, "One, by the id of its hit");
  command->add_flag("--everything", invalidate.everything, "All of the organisation");
  command->add_flag("--dry-run", invalidate.dry_run, "Count alone");
}

void AddTheRest(CLI::App& app, Arguments& arguments) {
  CLI::App* command = nullptr;
  AddCommand<StatusArguments>(app, arguments, "status",
                              "Whether it serves, and what is degraded or suspended", command);
  auto& ready = AddCommand<ReadyArguments>(
      app, arguments, "ready", "Whether a process serves, by its ops listener; needs no token",
      command);
  command->add_option("url", ready.url, "Like http://127.0.0.1:9094/readyz")->required();
  auto& call = AddCommand<CallArguments>(app, arguments, "call", "Call any admin method", command);
  command->add_option("method", call.method, "Like QuotaAdminService/ListLimits")->required();
  command->add_option("request", call.request, "Request as JSON, or - for standard input")
      ->default_str("{}");
}

void FillFrom(const config::Environment& environment, const std::string& name, std::string& value) {
  const auto found = environment.find(name);
  if (found != environment.end()) value = found->second;
}

// The command line comes before the environment, and there a token before a file.
void FillIn(const config::Environment& environment, const CLI::App& app, Arguments& arguments) {
  if (app.count("--address") == 0) FillFrom(environment, "WEIR_ADMIN_ADDRESS", arguments.address);
  if (!arguments.token.empty() || !arguments.token_file.empty()) return;
  FillFrom(environment, "WEIR_ADMIN_TOKEN", arguments.token);
  if (arguments.token.empty()) {
    FillFrom(environment, "WEIR_ADMIN_TOKEN_FILE", arguments.token_file);
  }
}

}  // namespace

Parsed ParseArguments(std::vector<std::string> words, const config::Environment& environment,
                      std::ostream& out, std::ostream& err) {
  Arguments arguments;
  CLI::App app("Operates weir: keys, limits, usage, declared state.", "weirctl");
  app.require_subcommand(1);
  AddConnection(app, arguments);
  AddApply(app, arguments);
  AddKeys(app, arguments);
  AddUsage(app, arguments);
  AddLimits(app, arguments);
  AddGuard(app, arguments);
  AddCache(app, arguments);
  AddTheRest(app, arguments);
  try {
    std::reverse(words.begin(), words.end());  // As the library wants them.
    app.parse(words);
  } catch (const CLI::ParseError& problem) {
    const int code = app.exit(problem, out, err);
    return {.exit_code = code == 0 ? 0 : kUsageError};
  }
  FillIn(environment, app, arguments);
  return {.arguments = std::move(arguments)};
}

}  // namespace weir::weirctl
