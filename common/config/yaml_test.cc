#include "common/config/yaml.h"

#include <gmock/gmock.h>
#include <sys/stat.h>

#include <string>

#include "common/config/documents.h"
#include "common/testing/status_matchers.h"

namespace weir::config {
namespace {

using ::testing::HasSubstr;
using ::testing::SizeIs;
using weir::testing::IsOk;
using weir::testing::StatusIs;

std::string Repeated(std::string_view text, int times) {
  std::string all;
  for (int i = 0; i < times; ++i) all += text;
  return all;
}

struct RefusalCase {
  std::string name, text, want;
};
class YamlRefusalTest : public ::testing::TestWithParam<RefusalCase> {};

TEST_P(YamlRefusalTest, SaysWhereAndWhy) {
  Faults faults("f.yaml");
  ParseYaml(GetParam().text, faults);
  EXPECT_THAT(faults.ToStatus(),
              StatusIs(absl::StatusCode::kInvalidArgument, HasSubstr(GetParam().want)));
}
INSTANTIATE_TEST_SUITE_P(
    Texts, YamlRefusalTest,
    ::testing::ValuesIn<RefusalCase>({
        {"Anchor", "a: 1\nb: &x 1\n", "f.yaml:2: sets an anchor (&name), which is not supported"},
        {"AnchoredMap", "b: &x\n  c: 1\n", "sets an anchor"},
        {"AnchoredNull", "b: &x\nc: 1\n", "sets an anchor"},
        {"Alias", "b: *x\n", "f.yaml:1: is not YAML: the referenced anchor is not defined"},
        {"BillionLaughs", "a: &a [x]\nb: &b [*a,*a]\nc: &c [*b,*b]\n", "f.yaml:1: sets an anchor"},
        {"Tag", "a: 1\nb: !!binary aGk=\n",
         "f.yaml:2: has the tag 'tag:yaml.org,2002:binary', want none or !!str"},
        {"DeepFlow", Repeated("[", 65) + Repeated("]", 65),
         "f.yaml:1: is nested deeper than 64 levels"},
        {"VeryDeepFlow", Repeated("[", 100'000), "f.yaml:1: "},
        {"VeryDeepMap", Repeated("{a: ", 100'000), "f.yaml:1: "},
        {"DeepBlock", Repeated("- ", 70), "is nested deeper than 64 levels"},
        {"TooManyValues", "[" + Repeated("1,", 200'000) + "]",
         "has more than 200000 keys and values"},
        {"TooLong", std::string(kMaxFileBytes + 1, ' '),
         "f.yaml: has 4194305 bytes, want at most 4194304"},
        {"LongKey", std::string(257, 'k') + ": 1",
         "f.yaml:1: has a key of 257 bytes, want at most 256"},
        {"MapAsKey", "? {a: 1}\n: 2\n", "has a key that is a map, want text"},
        {"ListAsKey", "[a]: 2\n", "has a key that is a list, want text"},
        {"NullAsKey", "~: 2\n", "f.yaml:1: has a key that is empty, want text"},
        {"ControlCharacter", "a: b\nc: \x04\n",
         "f.yaml:2: has the byte '\\x04', want UTF-8 without control characters"},
        {"NotUtf8", "a: \xFF", "f.yaml:1: has the byte '\\xff'"},
        {"Utf16",
         std::string("\xFF\xFE"
                     "a\0:\0",
                     6),
         "f.yaml:1: has the byte '\\xff'"},
        {"Tab", "a:\n\tb: 1\n", "f.yaml:2: is not YAML: illegal map value"},
        {"Unclosed", "a: \"b", "is not YAML: illegal EOF in scalar"},
        {"UnclosedWithLineFeed", "a: \"b\n", "is not YAML: illegal EOF in scalar"},
        {"UnclosedWithSpaces", "a: 'b\n  ", "is not YAML: illegal EOF in scalar"},
    }),
    [](const auto& info) { return info.param.name; });

TEST(YamlTest, KeepsLinesAndKinds) {
  Faults faults("f.yaml");
  const std::vector<YamlNode> documents = ParseYaml(
      "# comment\n"
      "a: plain\n"
      "b:\n"
      "  - \"quoted\"\n"
      "  - {c: ~}\n"
      "d: |\n"
      "  text\n"
      "  more\n",
      faults);
  EXPECT_THAT(faults.ToStatus(), IsOk());
  ASSERT_THAT(documents, SizeIs(1));
  const YamlNode& root = documents[0];
  EXPECT_EQ(root.line, 2);
  EXPECT_EQ(root.Find("a")->scalar, "plain");
  EXPECT_FALSE(root.Find("a")->quoted);
  EXPECT_EQ(root.Find("b")->items[0].line, 4);
  EXPECT_TRUE(root.Find("b")->items[0].quoted);
  EXPECT_EQ(root.Find("b")->items[1].Find("c")->kind, YamlNode::Kind::kNull);
  EXPECT_EQ(root.Find("b")->items[1].Find("c")->line, 5);
  EXPECT_EQ(root.Find("d")->scalar, "text\nmore\n");
  EXPECT_EQ(root.Find("e"), nullptr);
}

TEST(YamlTest, ListsEveryDuplicate) {
  Faults faults("f");
  ParseYaml("a: 1\nb: {c: 1, c: 2}\na: 3\na: 4\n", faults);
  EXPECT_EQ(faults.ToStatus(),
            status::InvalidArgument("f:2: has the key 'c' twice, first on line 2\n"
                                    "f:3: has the key 'a' twice, first on line 1\n"
                                    "f:4: has the key 'a' twice, first on line 3"));
}

TEST(YamlTest, AcceptsAByteOrderMarkAndCarriageReturns) {
  Faults faults("f");
  const auto documents = ParseYaml(
      "\xEF\xBB\xBF"
      "a: 1\r\nb: 2\r\n",
      faults);
  EXPECT_THAT(faults.ToStatus(), IsOk());
  EXPECT_EQ(documents[0].Find("a")->scalar, "1");
  EXPECT_EQ(documents[0].Find("b")->line, 2);
}

TEST(ReadFileTest, SaysWhyNot) {
  EXPECT_THAT(
      ReadFile("/nonexistent"),
      StatusIs(absl::StatusCode::kNotFound, "reading '/nonexistent': No such file or directory"));
  EXPECT_THAT(ReadFile("/tmp"),
              StatusIs(absl::StatusCode::kInvalidArgument, "reading '/tmp': Is a directory"));
  // Endless, and yet bounded.
  EXPECT_THAT(ReadFile("/dev/zero", 1000),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "reading '/dev/zero': has more than 1000 bytes"));
}

struct JsonCase {
  std::string_view name, yaml, want;
};
class DocumentJsonTest : public ::testing::TestWithParam<JsonCase> {};

TEST_P(DocumentJsonTest, FollowsTheCoreSchema) {
  const auto documents = ParseDocuments(GetParam().yaml, "f");
  ASSERT_THAT(documents, IsOk());
  ASSERT_THAT(*documents, SizeIs(1));
  EXPECT_EQ((*documents)[0].json, GetParam().want);
}
INSTANTIATE_TEST_SUITE_P(
    Values, DocumentJsonTest,
    ::testing::ValuesIn<JsonCase>({
        {"Text", "a: b c", R"({"a":"b c"})"},
        {"Quoted", R"(["30", 'true', "~", '1.5'])", R"(["30","true","~","1.5"])"},
        {"BlockText", "a: |\n  30\n", R"({"a":"30\n"})"},
        {"StringTag", "a: !!str 30", R"({"a":"30"})"},
        {"DurationIsText", "a: 1m", R"({"a":"1m"})"},
        {"Integers", "[30, -7, +5, 0, -0, 007]", "[30,-7,5,0,-0,7]"},
        {"OtherBases", "[0x1F, 0o17]", "[31,15]"},
        {"ManyDigits", "[9223372036854775807, 123456789012345678901234567890]",
         "[9223372036854775807,123456789012345678901234567890]"},
        {"Floats", "[2.5, .5, 1., -1e3, 1E+10, 1e-5, 0.10]", "[2.5,0.5,1,-1e3,1e10,1e-5,0.10]"},
        {"NotNumbers", "[., -, +, 1.2.3, 1e, 0x, 0xZZ, 1_000, e5, 12:30, 2024-01-01]",
         R"([".","-","+","1.2.3","1e","0x","0xZZ","1_000","e5","12:30","2024-01-01"])"},
        {"Infinities", "[.inf, -.INF, .NaN]", R"(["Infinity","-Infinity","NaN"])"},
        {"Booleans", "[true, False, TRUE, yes, on]", R"([true,false,true,"yes","on"])"},
        {"Nulls", "[~, null, ]", "[null,null]"},
        {"EmptyValue", "a:", R"({"a":null})"},
        {"Nested", "a: {b: [1, {c: d}]}", R"({"a":{"b":[1,{"c":"d"}]}})"},
        {"Empty", "a: {}\nb: []\nc: ''", R"({"a":{},"b":[],"c":""})"},
        {"KeysAreText", "30: a\ntrue: b", R"({"30":"a","true":"b"})"},
        {"Escapes", "a: \"x\\\"\\n\\u00e9\"", "{\"a\":\"x\\\"\\n\xC3\xA9\"}"},
        {"JsonIsYaml", R"({"a": [1, "b", null, true]})", R"({"a":[1,"b",null,true]})"},
    }),
    [](const auto& info) { return std::string(info.param.name); });

TEST(DocumentsTest, KnowsLinesOfManyDocuments) {
  const auto documents = ParseDocuments(
      "# A file of two.\n"
      "kind: Team\n"
      "spec:\n"
      "  members:\n"
      "    - ada\n"
      "    - {name: bob}\n"
      "---\n"
      "---\n"
      "kind: Key\n",
      "org.yaml");
  ASSERT_THAT(documents, IsOk());
  ASSERT_THAT(*documents, SizeIs(2));
  const Document& team = (*documents)[0];
  EXPECT_EQ(team.file, "org.yaml");
  EXPECT_EQ(team.line, 2);
  EXPECT_EQ(team.LineOf("spec.members[0]"), 5);
  EXPECT_EQ(team.LineOf("spec.members[1].name"), 6);
  EXPECT_EQ(team.LineOf("spec.members[1].age"), 6);  // Around what is missing.
  EXPECT_EQ(team.LineOf("unknown"), 2);
  EXPECT_EQ((*documents)[1].json, R"({"kind":"Key"})");
  EXPECT_EQ((*documents)[1].line, 9);
}

TEST(DocumentsTest, RefusesWhatIsAmbiguous) {
  EXPECT_THAT(ParseDocuments("kind: Team\n---\nkind: Key\nkind: Key\n", "org.yaml"),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       "org.yaml:4: has the key 'kind' twice, first on line 3"));
  EXPECT_THAT(LoadDocuments("/nonexistent.yaml"), StatusIs(absl::StatusCode::kNotFound));
  EXPECT_THAT(ParseDocuments("", "f"), IsOk());
}

}  // namespace
}  // namespace weir::config
