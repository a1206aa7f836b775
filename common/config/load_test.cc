#include "common/config/load.h"

#include <gmock/gmock.h>
#include <stdlib.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "common/testing/status_matchers.h"

namespace weir::config {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Pair;
using weir::testing::IsOk;
using weir::testing::StatusIs;
using namespace std::chrono_literals;

static_assert(!fmt::is_formattable<Secret>::value);

enum class Profile { kProd, kDev };

struct Tls {
  std::string certificate;
  int64_t min_version = 12;
};
struct Listener {
  std::string address;
  uint16_t backlog = 128;
  std::optional<Tls> tls;
};
struct Upstream {
  std::string url;
  double weight = 1.0;
};
struct Sample {
  Profile profile = Profile::kProd;
  std::string level = "info";
  std::vector<Listener> listeners;
  Duration idle = 60s;
  Duration hold_ttl = 60s;
  size_t max_body = 1 << 20;
  bool trust = false;
  Secret token;
  std::vector<std::string> proxies = {"127.0.0.1"};
  std::map<std::string, std::string> hosts;
  std::map<std::string, Upstream> upstreams;
};

bool IsHostPort(std::string_view text) { return text.find(':') != std::string_view::npos; }

void ReadTls(Reader& reader, Tls& tls) {
  reader.String("certificate", &tls.certificate, {.required = true, .want = "a path"});
  reader.Int("min_version", &tls.min_version, {.min = 12, .max = 13});
}
void ReadListener(Reader& reader, Listener& listener) {
  reader.String("address", &listener.address,
                {.required = true, .want = "HOST:PORT", .accept = IsHostPort});
  reader.Int("backlog", &listener.backlog);
  reader.Optional("tls", &listener.tls, ReadTls);
}
void ReadUpstream(Reader& reader, Upstream& upstream) {
  reader.String("url", &upstream.url, {.required = true, .want = "a URL"});
  reader.Double("weight", &upstream.weight, {.min = 0, .max = 1});
}
void ReadLog(Reader& reader, Sample& sample) { reader.String("level", &sample.level); }
void ReadLimits(Reader& reader, Sample& sample) {
  reader.Duration("idle", &sample.idle);
  reader.Duration("hold_ttl", &sample.hold_ttl, {.min = 30s, .max = 10min});
  reader.Bytes("max_body", &sample.max_body, {.min = 1024, .max = 16 << 20});
}
void ReadSample(Reader& reader, Sample& sample) {
  reader.Enum("profile", &sample.profile, {{"prod", Profile::kProd}, {"dev", Profile::kDev}});
  reader.Section("log", &sample, ReadLog);
  reader.Section("limits", &sample, ReadLimits);
  reader.List("listeners", &sample.listeners, ReadListener);
  reader.Bool("trust", &sample.trust);
  reader.Secret("token", &sample.token, {.min_bytes = 8});
  reader.Strings("proxies", &sample.proxies, {.want = "an address"});
  reader.StringMap("hosts", &sample.hosts);
  reader.Map("upstreams", &sample.upstreams, ReadUpstream);
}

absl::StatusOr<Settings> LoadSample(Sample& sample, std::string text,
                                    Environment environment = {}) {
  return Load({.file = "weir.yaml", .text = std::move(text), .environment = std::move(environment)},
              [&](Reader& reader) { ReadSample(reader, sample); });
}

TEST(LoadTest, ReadsEveryType) {
  Sample sample;
  EXPECT_THAT(LoadSample(sample, R"(
profile: dev
log: {level: debug}
limits:
  idle: 1h30m
  hold_ttl: "30s"
  max_body: 16MiB
listeners:
  - address: 127.0.0.1:8080
    tls: {certificate: /etc/tls.pem}
  - address: "[::1]:8081"
    backlog: 0
trust: true
token: a-long-secret
proxies: [10.0.0.0/8, "::1"]
hosts: {mock-llm: "127.0.0.1:9", 7: seven}
upstreams:
  first: {url: http://a, weight: 0.25}
  second: {url: http://b}
)"),
              IsOk());
  EXPECT_EQ(sample.profile, Profile::kDev);
  EXPECT_EQ(sample.level, "debug");
  EXPECT_EQ(sample.idle, 90min);
  EXPECT_EQ(sample.hold_ttl, 30s);
  EXPECT_EQ(sample.max_body, 16U << 20);
  ASSERT_EQ(sample.listeners.size(), 2U);
  EXPECT_EQ(sample.listeners[0].tls->certificate, "/etc/tls.pem");
  EXPECT_EQ(sample.listeners[0].tls->min_version, 12);
  EXPECT_EQ(sample.listeners[0].backlog, 128);
  EXPECT_EQ(sample.listeners[1].address, "[::1]:8081");
  EXPECT_EQ(sample.listeners[1].backlog, 0);
  EXPECT_FALSE(sample.listeners[1].tls.has_value());
  EXPECT_TRUE(sample.trust);
  EXPECT_EQ(sample.token.Reveal(), "a-long-secret");
  EXPECT_THAT(sample.proxies, ElementsAre("10.0.0.0/8", "::1"));
  EXPECT_THAT(sample.hosts, ElementsAre(Pair("7", "seven"), Pair("mock-llm", "127.0.0.1:9")));
  EXPECT_EQ(sample.upstreams["first"].weight, 0.25);
  EXPECT_EQ(sample.upstreams["second"].url, "http://b");
}

TEST(LoadTest, KeepsDefaultsWhereNothingIsGiven) {
  for (std::string_view text :
       {"", "# nothing\n", "---\n", "log:\nlimits:\nlisteners:\nhosts:\n"}) {
    Sample sample;
    EXPECT_THAT(LoadSample(sample, std::string(text)), IsOk()) << text;
    EXPECT_EQ(sample.level, "info");
    EXPECT_THAT(sample.proxies, ElementsAre("127.0.0.1"));
    EXPECT_TRUE(sample.listeners.empty());
  }
}

TEST(LoadTest, AnEmptyListReplacesTheDefault) {
  Sample sample;
  EXPECT_THAT(LoadSample(sample, "proxies: []"), IsOk());
  EXPECT_THAT(sample.proxies, ElementsAre());
}

struct FaultCase {
  std::string_view name, text, want;
};
class LoadFaultTest : public ::testing::TestWithParam<FaultCase> {};

TEST_P(LoadFaultTest, NamesPathAndLine) {
  Sample sample;
  EXPECT_THAT(LoadSample(sample, std::string(GetParam().text)),
              StatusIs(absl::StatusCode::kInvalidArgument, std::string(GetParam().want)));
}
INSTANTIATE_TEST_SUITE_P(
    Values, LoadFaultTest,
    ::testing::ValuesIn<FaultCase>({
        {"Accept", "listeners:\n- address: '8080'",
         "weir.yaml:2: listeners[0].address is '8080', want HOST:PORT"},
        {"RequiredInList", "listeners:\n- backlog: 1\n",
         "weir.yaml:2: listeners[0].address is missing, want HOST:PORT"},
        {"RequiredIsEmpty", "listeners:\n- address: ''\n",
         "weir.yaml:2: listeners[0].address is empty, want HOST:PORT"},
        {"NullValue", "log:\n  level:\n", "weir.yaml:2: log.level is empty, want text"},
        {"Enum", "profile: test", "weir.yaml:1: profile is 'test', want prod or dev"},
        {"Bool", "trust: yes", "weir.yaml:1: trust is 'yes', want true or false"},
        {"NotANumber", "listeners: [{address: 'a:1', backlog: many}]",
         "weir.yaml:1: listeners[0].backlog is 'many', want a whole number from 0 to 65535"},
        {"OutOfRange", "listeners: [{address: 'a:1', tls: {certificate: c, min_version: 11}}]",
         "weir.yaml:1: listeners[0].tls.min_version is '11', want a whole number from 12 to 13"},
        {"TooBigForItsType", "listeners: [{address: 'a:1', backlog: 65536}]",
         "weir.yaml:1: listeners[0].backlog is '65536', want a whole number from 0 to 65535"},
        {"Double", "upstreams: {a: {url: u, weight: 2}}",
         "weir.yaml:1: upstreams.a.weight is '2', want a number from 0 to 1"},
        {"Duration", "limits: {idle: 60}",
         "weir.yaml:1: limits.idle is '60', want a duration such as 60s"},
        {"DurationRange", "limits: {hold_ttl: 2h}",
         "weir.yaml:1: limits.hold_ttl is '2h', want 30s to 10m"},
        {"Bytes", "limits: {max_body: 1GiB}",
         "weir.yaml:1: limits.max_body is '1GiB', want 1KiB to 16MiB"},
        {"MapForValue", "log: {level: {a: b}}", "weir.yaml:1: log.level is a map, want text"},
        {"ListForValue", "profile: [dev]", "weir.yaml:1: profile is a list, want prod or dev"},
        {"ValueForMap", "log: debug", "weir.yaml:1: log is 'debug', want a map"},
        {"ListForMap", "log: [a]", "weir.yaml:1: log is a list, want a map"},
        {"MapForList", "listeners: {address: 'a:1'}",
         "weir.yaml:1: listeners is a map, want a list"},
        {"ValueForStrings", "proxies: ::1", "weir.yaml:1: proxies is '::1', want a list"},
        {"MapInStrings", "proxies:\n- a\n- {b: c}",
         "weir.yaml:3: proxies[1] is a map, want an address"},
        {"NullInList", "listeners:\n- address: 'a:1'\n- ~\n",
         "weir.yaml:3: listeners[1] is null, want a map\n"
         "weir.yaml: listeners[1].address is missing, want HOST:PORT"},
        {"ListForFile", "- a", "weir.yaml:1: is a list, want a map"},
        {"SecretIsNotShown", "token: short",
         "weir.yaml:1: token is not valid, want a secret of at least 8 bytes"},
        {"UnknownKey", "log:\n  levle: debug",
         "weir.yaml:2: log.levle is not a known key, did you mean 'level'?"},
        {"UnknownKeyFarFromAny", "log:\n  xyz: 1",
         "weir.yaml:2: log.xyz is not a known key, want level"},
        {"UnknownKeyInList", "listeners:\n- address: a:1\n  adress: b:2",
         "weir.yaml:3: listeners[0].adress is not a known key, did you mean 'address'?"},
        {"ControlCharactersInMessage", "profile: \"a\\e[0m\"",
         "weir.yaml:1: profile is 'a\\x1b[0m', want prod or dev"},
        {"TwoDocuments", "profile: dev\n---\nprofile: prod\n",
         "weir.yaml:3: starts another document, want one"},
        {"DuplicateKey", "profile: dev\ntrust: true\nprofile: dev\n",
         "weir.yaml:3: has the key 'profile' twice, first on line 1"},
        {"Syntax", "profile: dev\nlog: [a, b\n",
         "weir.yaml:3: is not YAML: end of sequence flow not found"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(LoadTest, ListsEveryFaultInTheOrderOfTheFile) {
  Sample sample;
  EXPECT_THAT(LoadSample(sample,
                         "lisseners: []\n"
                         "limits:\n"
                         "  hold_ttl: 1s\n"
                         "  idle: soon\n"
                         "profile: 1\n"
                         "trust: 2\n"
                         "trust: 3\n",
                         {{"WEIR_LOG_LEVL", "x"}}),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "weir.yaml:1: lisseners is not a known key, did you mean 'listeners'?\n"
                       "weir.yaml:3: limits.hold_ttl is '1s', want 30s to 10m\n"
                       "weir.yaml:4: limits.idle is 'soon', want a duration such as 60s\n"
                       "weir.yaml:5: profile is '1', want prod or dev\n"
                       "weir.yaml:6: trust is '2', want true or false\n"
                       "weir.yaml:7: has the key 'trust' twice, first on line 6\n"
                       "WEIR_LOG_LEVL: overrides no key, did you mean WEIR_LOG_LEVEL?"));
}

TEST(LoadTest, BoundsTheListOfFaults) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += fmt::format("unknown_{}: 1\n", i);
  Sample sample;
  EXPECT_THAT(LoadSample(sample, text), StatusIs(absl::StatusCode::kInvalidArgument,
                                                 HasSubstr("\nweir.yaml: and 200 more faults")));
}

TEST(LoadOverrideTest, ReplacesTheFilesValue) {
  Sample sample;
  EXPECT_THAT(LoadSample(sample, "log: {level: debug}\nlisteners: [{address: 'a:1'}]\n",
                         {{"WEIR_LOG_LEVEL", "warn"},
                          {"WEIR_LISTENERS_0_ADDRESS", "b:2"},
                          {"WEIR_LIMITS_HOLD_TTL", "45s"},
                          {"WEIR_PROXIES", "10.0.0.1, 10.0.0.2"},
                          {"WEIR_TOKEN", "from-the-environment"},
                          {"PATH", "/bin"}}),
              IsOk());
  EXPECT_EQ(sample.level, "warn");
  EXPECT_EQ(sample.listeners[0].address, "b:2");
  EXPECT_EQ(sample.hold_ttl, 45s);
  EXPECT_THAT(sample.proxies, ElementsAre("10.0.0.1", "10.0.0.2"));
  EXPECT_EQ(sample.token.Reveal(), "from-the-environment");
}

TEST(LoadOverrideTest, ReachesWhatTheFileDoesNotHave) {
  Sample sample;
  EXPECT_THAT(LoadSample(sample, "",
                         {{"WEIR_LISTENERS_0_ADDRESS", "a:1"},
                          {"WEIR_LISTENERS_1_ADDRESS", "b:2"},
                          {"WEIR_LISTENERS_1_TLS_CERTIFICATE", "c.pem"},
                          {"WEIR_PROXIES_0", "10.0.0.1"}}),
              IsOk());
  ASSERT_EQ(sample.listeners.size(), 2U);
  EXPECT_FALSE(sample.listeners[0].tls.has_value());
  EXPECT_EQ(sample.listeners[1].tls->certificate, "c.pem");
  EXPECT_THAT(sample.proxies, ElementsAre("10.0.0.1"));
}

TEST(LoadOverrideTest, AnEmptyOneEmptiesAList) {
  Sample sample;
  EXPECT_THAT(LoadSample(sample, "proxies: [a]", {{"WEIR_PROXIES", ""}}), IsOk());
  EXPECT_THAT(sample.proxies, ElementsAre());
}

struct OverrideFaultCase {
  std::string_view name, variable, value, want;
};
class OverrideFaultTest : public ::testing::TestWithParam<OverrideFaultCase> {};

TEST_P(OverrideFaultTest, NamesTheVariable) {
  Sample sample;
  EXPECT_THAT(
      LoadSample(sample, "", {{std::string(GetParam().variable), std::string(GetParam().value)}}),
      StatusIs(absl::StatusCode::kInvalidArgument, std::string(GetParam().want)));
}
INSTANTIATE_TEST_SUITE_P(
    Variables, OverrideFaultTest,
    ::testing::ValuesIn<OverrideFaultCase>({
        {"BadValue", "WEIR_TRUST", "on", "WEIR_TRUST: trust is 'on', want true or false"},
        {"NoSuchKey", "WEIR_COLOUR", "red", "WEIR_COLOUR: overrides no key"},
        {"NearMiss", "WEIR_LOG_LEVELS", "x",
         "WEIR_LOG_LEVELS: overrides no key, did you mean WEIR_LOG_LEVEL?"},
        {"ASection", "WEIR_LIMITS", "x", "WEIR_LIMITS: overrides no key"},
        {"AGapInAList", "WEIR_LISTENERS_1_BACKLOG", "5",
         "WEIR_LISTENERS_1_BACKLOG: overrides no key, did you mean WEIR_LISTENERS_0_BACKLOG?"},
        {"MissingBesideIt", "WEIR_LISTENERS_0_BACKLOG", "5",
         "weir.yaml: listeners[0].address is missing, want HOST:PORT"},
        {"FileThatIsNotThere", "WEIR_TOKEN_FILE", "/nonexistent",
         "WEIR_TOKEN: token: reading '/nonexistent': No such file or directory"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(LoadOverrideTest, LeavesOthersVariablesAlone) {
  Sample sample;
  EXPECT_THAT(LoadSample(sample, "",
                         {{"WEIR_CONFIG", "/etc/weir.yaml"},
                          {"WEIR_QUOTA_SERVICE_HOST", "10.0.0.1"},
                          {"WEIR_QUOTA_SERVICE_PORT_GRPC", "9000"},
                          {"WEIR_QUOTA_PORT", "tcp://10.0.0.1:9000"},
                          {"WEIR_QUOTA_PORT_9000_TCP_ADDR", "10.0.0.1"}}),
              IsOk());
}

TEST(LoadOverrideTest, RefusesANameWithTwoMeanings) {
  struct Two {
    std::string one, two;
  } two;
  const auto read = [&](Reader& reader) {
    reader.String("a_b", &two.one);
    reader.Section("a", &two, [](Reader& section, Two& out) { section.String("b", &out.two); });
  };
  EXPECT_THAT(Load({.file = "f", .text = "", .environment = {{"WEIR_A_B", "x"}}}, read),
              StatusIs(absl::StatusCode::kInvalidArgument, "WEIR_A_B: could mean a_b or a.b"));
  EXPECT_THAT(Load({.file = "f", .text = ""}, read), IsOk());
}

class LoadReferenceTest : public ::testing::Test {
 protected:
  LoadReferenceTest() {
    const int fd = ::mkstemp(path_.data());
    ::close(fd);
    std::ofstream(path_) << "secret-of-a-file\n";
  }
  ~LoadReferenceTest() override { ::unlink(path_.c_str()); }

  std::string path_ = ::testing::TempDir() + "/config_secret_XXXXXX";
};

TEST_F(LoadReferenceTest, ReadsFilesAndVariables) {
  Sample sample;
  const auto loaded = LoadSample(
      sample,
      fmt::format("token: {{fromFile: {}}}\nlog: {{level: {{fromEnv: MY_LEVEL}}}}\n", path_),
      {{"MY_LEVEL", "debug"}});
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(sample.token.Reveal(), "secret-of-a-file");
  EXPECT_EQ(sample.level, "debug");
  EXPECT_THAT(Describe(*loaded), Not(HasSubstr("secret-of-a-file")));
  EXPECT_THAT(Describe(*loaded),
              HasSubstr("log.level = ***  # weir.yaml:2 (environment MY_LEVEL)"));
}

TEST_F(LoadReferenceTest, AVariableOfOursMayBeReferredTo) {
  Sample sample;
  EXPECT_THAT(LoadSample(sample, "token: {fromEnv: WEIR_REGISTRATION_TOKEN}",
                         {{"WEIR_REGISTRATION_TOKEN", "registration"}}),
              IsOk());
  EXPECT_EQ(sample.token.Reveal(), "registration");
}

TEST_F(LoadReferenceTest, OverridesMayRefer) {
  for (std::string name : {"WEIR_TOKEN_FILE", "WEIR_TOKEN_FROMFILE"}) {
    Sample sample;
    EXPECT_THAT(LoadSample(sample, "token: in-the-file", {{name, path_}}), IsOk());
    EXPECT_EQ(sample.token.Reveal(), "secret-of-a-file");
  }
  Sample sample;
  EXPECT_THAT(LoadSample(sample, "", {{"WEIR_TOKEN_FROMENV", "OTHER"}, {"OTHER", "of-another"}}),
              IsOk());
  EXPECT_EQ(sample.token.Reveal(), "of-another");
}

TEST_F(LoadReferenceTest, NamesWhatLeadsNowhere) {
  Sample sample;
  EXPECT_THAT(
      LoadSample(sample,
                 "token: {fromFile: /nonexistent}\nlog: {level: {fromEnv: UNSET}}\n"
                 "profile: {fromElsewhere: x}\n"),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "weir.yaml:1: token: reading '/nonexistent': No such file or directory\n"
               "weir.yaml:2: log.level refers to the environment variable 'UNSET', which is "
               "not set\n"
               "weir.yaml:3: profile is a map, want prod or dev"));
}

TEST_F(LoadReferenceTest, DoesNotShowWhatItReferredTo) {
  Sample sample;
  EXPECT_THAT(LoadSample(sample, fmt::format("profile: {{fromFile: {}}}", path_)),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "weir.yaml:1: profile is not valid, want prod or dev"));
}

TEST(LoadTest, DescribesWhatHoldsAndFromWhere) {
  Sample sample;
  const auto loaded = LoadSample(sample,
                                 "limits: {max_body: 2048}\n"
                                 "token: do-not-show-me\n"
                                 "listeners: [{address: 'a:1'}]\n",
                                 {{"WEIR_LOG_LEVEL", "warn"}});
  ASSERT_THAT(loaded, IsOk());
  EXPECT_EQ(Describe(*loaded),
            "profile = prod  # default\n"
            "log.level = warn  # WEIR_LOG_LEVEL\n"
            "limits.idle = 1m  # default\n"
            "limits.hold_ttl = 1m  # default\n"
            "limits.max_body = 2KiB  # weir.yaml:1\n"
            "listeners[0].address = a:1  # weir.yaml:3\n"
            "listeners[0].backlog = 128  # default\n"
            "trust = false  # default\n"
            "token = ***  # weir.yaml:2\n"
            "proxies = 127.0.0.1  # default\n");
}

TEST(LoadTest, TakesFaultsOfTheCaller) {
  std::string a;
  EXPECT_THAT(
      Load({.file = "f", .text = "x: 1\na: b\n"},
           [&](Reader& reader) {
             std::string x;
             reader.String("x", &x);
             if (reader.String("a", &a)) reader.Fault("a", "is taken by x");
             reader.Check(status::InvalidArgument("a.b is 1, want 2"));
             reader.Check(absl::OkStatus());
             EXPECT_TRUE(reader.Has("x"));
             EXPECT_FALSE(reader.Has("y"));
           }),
      StatusIs(absl::StatusCode::kInvalidArgument, "f:2: a is taken by x\nf:2: a.b is 1, want 2"));
}

TEST(LoadTest, PutsFaultsOfAValidateWhereTheirKeysAre) {
  Sample sample;
  EXPECT_THAT(
      Load({.file = "f",
            .text = "log: {level: info}\n"
                    "listeners:\n"
                    "  - address: a:1\n"
                    "  - address: a:2\n"
                    "    tls:\n"
                    "      certificate: c\n",
            .environment = {{"WEIR_LIMITS_IDLE", "1h"}}},
           [&](Reader& reader) {
             ReadSample(reader, sample);
             reader.Check(status::InvalidArgument(
                 "listeners[1].tls.certificate is c; listeners[1].tls.key is missing; "
                 "listeners[7].address is wrong; limits.idle is 1h; log.level is odd; x y"));
           }),
      StatusIs(absl::StatusCode::kInvalidArgument,
               "f:1: log.level is odd\n"
               "f:1: x y\n"
               "f:2: listeners[7].address is wrong\n"
               "f:5: listeners[1].tls.key is missing\n"
               "f:6: listeners[1].tls.certificate is c\n"
               "WEIR_LIMITS_IDLE: limits.idle is 1h"));
}

TEST(EnvironmentTest, ReadsNameValuePairs) {
  const char* const kEnviron[] = {"A=1", "B=x=y", "C=", "broken", nullptr};
  EXPECT_THAT(ToEnvironment(kEnviron),
              ElementsAre(Pair("A", "1"), Pair("B", "x=y"), Pair("C", "")));
  EXPECT_THAT(ToEnvironment(nullptr), ElementsAre());
}

}  // namespace
}  // namespace weir::config
