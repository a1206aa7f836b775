#include "apps/weirctl/arguments.h"

#include <gmock/gmock.h>

#include <sstream>

namespace weir::weirctl {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

struct Outcome {
  Parsed parsed;
  std::string out, err;
};

Outcome Parse(std::vector<std::string> words, const config::Environment& environment = {}) {
  std::ostringstream out, err;
  Outcome outcome{.parsed = ParseArguments(std::move(words), environment, out, err)};
  outcome.out = out.str();
  outcome.err = err.str();
  return outcome;
}

TEST(ArgumentsTest, ReadsACommandWithItsOptions) {
  const Outcome outcome = Parse({"--organization", "acme", "keys", "create", "app", "--models",
                                 "gpt-4o,chat", "--lifetime", "30d", "--output", "json"});
  ASSERT_TRUE(outcome.parsed.arguments.has_value()) << outcome.err;
  const Arguments& arguments = *outcome.parsed.arguments;
  EXPECT_EQ(arguments.organization, "acme");
  EXPECT_TRUE(arguments.json);
  const auto& create = std::get<KeysCreateArguments>(arguments.command);
  EXPECT_EQ(create.name, "app");
  EXPECT_THAT(create.models, ElementsAre("gpt-4o", "chat"));
  EXPECT_EQ(create.lifetime, "30d");
}

TEST(ArgumentsTest, TheCommandLineComesBeforeTheEnvironment) {
  const config::Environment environment = {{"WEIR_ADMIN_ADDRESS", "127.0.0.1:1"},
                                           {"WEIR_ADMIN_TOKEN", "wa_env"},
                                           {"WEIR_ADMIN_TOKEN_FILE", "/env"}};
  const Arguments from_env = *Parse({"status"}, environment).parsed.arguments;
  EXPECT_EQ(from_env.address, "127.0.0.1:1");
  EXPECT_EQ(from_env.token, "wa_env");
  EXPECT_EQ(from_env.token_file, "");

  const Arguments given =
      *Parse({"--address", "127.0.0.1:2", "--token-file", "/mine", "status"}, environment)
           .parsed.arguments;
  EXPECT_EQ(given.address, "127.0.0.1:2");
  EXPECT_EQ(given.token, "");
  EXPECT_EQ(given.token_file, "/mine");

  const Arguments file = *Parse({"status"}, {{"WEIR_ADMIN_TOKEN_FILE", "/env"}}).parsed.arguments;
  EXPECT_EQ(file.token_file, "/env");
}

struct UsageCase {
  std::string name;
  std::vector<std::string> words;
};
class UsageErrorTest : public ::testing::TestWithParam<UsageCase> {};

TEST_P(UsageErrorTest, IsExitCodeTwoAndSaidOnStandardError) {
  const Outcome outcome = Parse(GetParam().words);
  EXPECT_FALSE(outcome.parsed.arguments.has_value());
  EXPECT_EQ(outcome.parsed.exit_code, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_NE(outcome.err, "");
}
INSTANTIATE_TEST_SUITE_P(Table, UsageErrorTest,
                         ::testing::ValuesIn<UsageCase>({
                             {.name = "NoCommand", .words = {}},
                             {.name = "UnknownCommand", .words = {"keyz"}},
                             {.name = "NoSubcommand", .words = {"keys"}},
                             {.name = "UnknownOption", .words = {"status", "--verbose"}},
                             {.name = "MissingName", .words = {"keys", "create"}},
                             {.name = "MissingFile", .words = {"apply"}},
                             {.name = "UnknownOutput", .words = {"--output", "xml", "status"}},
                             {.name = "TwoTokens",
                              .words = {"--token", "a", "--token-file", "b", "status"}},
                         }),
                         [](const auto& info) { return info.param.name; });

TEST(ArgumentsTest, EveryCommandHasHelp) {
  for (const std::vector<std::string>& words :
       std::vector<std::vector<std::string>>{{"--help"},
                                             {"apply", "--help"},
                                             {"keys", "create", "--help"},
                                             {"keys", "list", "--help"},
                                             {"keys", "revoke", "--help"},
                                             {"usage", "--help"},
                                             {"limits", "--help"},
                                             {"status", "--help"},
                                             {"call", "--help"}}) {
    const Outcome outcome = Parse(words);
    EXPECT_FALSE(outcome.parsed.arguments.has_value());
    EXPECT_EQ(outcome.parsed.exit_code, 0);
    EXPECT_THAT(outcome.out, HasSubstr("Usage: weirctl"));
  }
}

}  // namespace
}  // namespace weir::weirctl
