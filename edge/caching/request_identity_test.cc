#include "edge/caching/request_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::edge {
namespace {

constexpr auto kChat = routing::v1::API_KIND_CHAT;
constexpr auto kResponses = routing::v1::API_KIND_RESPONSES;

cache::v1::PolicyEntry Policy(std::string question_path = "") {
  cache::v1::PolicyEntry policy;
  policy.set_organization("acme");
  policy.set_name("faq");
  policy.set_scope(cache::v1::SCOPE_TEAM);
  policy.set_max_temperature(0.7);
  policy.set_question_path(std::move(question_path));
  return policy;
}

RequestIdentity Read(std::string_view body, routing::v1::ApiKind kind = kChat,
                     const cache::v1::PolicyEntry& policy = Policy()) {
  IdentityReader reader;
  RequestFacts facts;
  facts.kind = kind;
  return reader.Read(body, policy, facts);
}

TEST(RequestIdentity, FindsTheQuestion) {
  struct Case {
    const char* name;
    routing::v1::ApiKind kind;
    const char* path;
    const char* body;
    const char* question;
  };
  const Case kCases[] = {
      {"last user text", kChat, "",
       R"({"model":"m","messages":[{"role":"system","content":"s"},{"role":"user","content":"a\u0062"}]})",
       "ab"},
      {"text parts", kChat, "",
       R"({"messages":[{"role":"user","content":[{"type":"text","text":"one"},)"
       R"({"type":"image_url","image_url":{"url":"data:x"}},{"type":"text","text":"two"}]}]})",
       "one\ntwo"},
      {"path to a message", kChat, "$.messages[0].content",
       R"({"messages":[{"role":"user","content":"first"},{"role":"assistant","content":"x"}]})",
       "first"},
      {"path with a quoted name", kChat, "$['messages'][0]['content']",
       R"({"messages":[{"role":"user","content":"first"}]})", "first"},
      {"path to parts", kChat, "$.messages[0].content",
       R"({"messages":[{"role":"user","content":[{"type":"text","text":"part"}]}]})", "part"},
      {"path to the last", kChat, "$.messages[-1].content",
       R"({"messages":[{"role":"user","content":"first"},{"role":"user","content":)"
       R"([{"type":"text","text":"la"},{"type":"text","text":"st"}]}]})",
       "la\nst"},
      {"path to a turn", kChat, "$.messages[0]",
       R"({"messages":[{"role":"user","content":"first"}]})", "first"},
      {"path to all", kResponses, "$.input[*].content",
       R"({"instructions":"i","input":[{"role":"user","content":"a"},{"role":"user","content":"b"}]})",
       "a\nb"},
      {"input string", kResponses, "", R"({"model":"m","input":"hi"})", "hi"},
      {"input by path", kResponses, "$.input", R"({"input":"hi"})", "hi"},
      {"input items", kResponses, "",
       R"({"input":[{"role":"user","content":[{"type":"input_text","text":"hi"}]}]})", "hi"},
      {"input message item", kResponses, "",
       R"({"input":[{"type":"message","role":"user","content":"hi"}]})", "hi"},
  };
  for (const Case& each : kCases) {
    SCOPED_TRACE(each.name);
    const RequestIdentity identity = Read(each.body, each.kind, Policy(each.path));
    EXPECT_EQ(CacheBypassName(identity.bypass), "none");
    EXPECT_EQ(identity.question, each.question);
    EXPECT_EQ(identity.fingerprint.size(), 32u);
  }
}

TEST(RequestIdentity, SaysWhyNot) {
  const auto chat = [](std::string_view more) {
    return R"({"messages":[{"role":"user","content":"q"}])" + std::string(more) + "}";
  };
  const auto respond = [](std::string_view more) {
    return R"({"input":"q")" + std::string(more) + "}";
  };
  struct Case {
    const char* name;
    routing::v1::ApiKind kind;
    std::string body;
    const char* why;
  };
  const Case kCases[] = {
      {"temperature", kChat, chat(R"(,"temperature":0.71)"), "temperature"},
      {"temperature that is allowed", kChat, chat(R"(,"temperature":0.7)"), "none"},
      {"whole temperature", kChat, chat(R"(,"temperature":1)"), "temperature"},
      {"no temperature", kChat, chat(R"(,"temperature":null)"), "none"},
      {"two choices", kChat, chat(R"(,"n":2)"), "n"},
      {"one choice", kChat, chat(R"(,"n":1)"), "none"},
      {"logprobs", kChat, chat(R"(,"logprobs":true)"), "logprobs"},
      {"no logprobs", kChat, chat(R"(,"logprobs":false,"top_logprobs":0)"), "none"},
      {"top_logprobs", kResponses, respond(R"(,"top_logprobs":2)"), "logprobs"},
      {"included logprobs", kResponses, respond(R"(,"include":["message.output_text.logprobs"])"),
       "logprobs"},
      {"stored turns", kResponses, respond(R"(,"store":true,"previous_response_id":"resp_1")"),
       "earlier_turns"},
      {"conversation", kResponses, respond(R"(,"conversation":"conv_1")"), "earlier_turns"},
      {"stored", kResponses, respond(R"(,"store":true,"previous_response_id":null)"), "none"},
      {"background", kResponses, respond(R"(,"background":true)"), "background"},
      {"tool result", kChat, R"({"messages":[{"role":"tool","content":"42"}]})", "tool_result"},
      {"function result", kChat, R"({"messages":[{"role":"function","content":"42"}]})",
       "tool_result"},
      {"call output", kResponses,
       R"({"input":[{"type":"function_call_output","call_id":"c","output":"42"}]})", "tool_result"},
      {"assistant last", kChat,
       R"({"messages":[{"role":"user","content":"q"},{"role":"assistant","content":"a"}]})",
       "no_question"},
      {"blank question", kChat, R"({"messages":[{"role":"user","content":" \n"}]})", "no_question"},
      {"only an image", kChat,
       R"({"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"u"}}]}]})",
       "no_question"},
      {"no messages", kChat, R"({"model":"m"})", "no_question"},
      {"longest question", kChat,
       R"({"messages":[{"role":"user","content":")" + std::string(kLongestQuestion, 'q') + "\"}]}",
       "none"},
      {"longer question", kChat,
       R"({"messages":[{"role":"user","content":")" + std::string(kLongestQuestion + 1, 'q') +
           "\"}]}",
       "too_long"},
      {"no JSON", kChat, "{", "unreadable"},
      {"no object", kChat, "[]", "unreadable"},
      {"too deep", kChat, chat(",\"x\":" + std::string(80, '[') + std::string(80, ']')),
       "unreadable"},
      {"embeddings", routing::v1::API_KIND_EMBEDDINGS, respond(""), "endpoint"},
  };
  for (const Case& each : kCases) {
    SCOPED_TRACE(each.name);
    const RequestIdentity identity = Read(each.body, each.kind);
    EXPECT_EQ(CacheBypassName(identity.bypass), each.why);
    EXPECT_EQ(identity.fingerprint.empty(), identity.bypass != CacheBypass::kNone);
  }
}

TEST(RequestIdentity, AnUnknownPathHasNoQuestion) {
  const std::string_view body = R"({"messages":[{"role":"user","content":"q"}]})";
  for (const char* path :
       {"$.messages[1].content", "$.messages[0].role[0]", "$.nothing", "messages", "$.messages[x]",
        "$.messages[0", "$.messages[1]", "$.messages[0]content", "$.", "$[",
        "$.messages[99999999999999999999]"}) {
    SCOPED_TRACE(path);
    EXPECT_EQ(Read(body, kChat, Policy(path)).bypass, CacheBypass::kNoQuestion);
  }
}

// The system prompt is asked for by the path; what the user says is then part of what it is about.
TEST(RequestIdentity, ThePathsTextIsTheQuestionAndTheRestIsNot) {
  const auto policy = Policy("$.messages[0].content");
  const auto body = [](std::string_view first, std::string_view second) {
    return fmt::format(
        R"({{"messages":[{{"role":"user","content":"{}"}},{{"role":"user","content":"{}"}}]}})",
        first, second);
  };
  const RequestIdentity one = Read(body("a", "b"), kChat, policy);
  EXPECT_EQ(Read(body("c", "b"), kChat, policy).fingerprint, one.fingerprint);
  EXPECT_NE(Read(body("a", "c"), kChat, policy).fingerprint, one.fingerprint);
}

// The same bytes twice in a body: only the question itself is left out.
TEST(RequestIdentity, TheSameTextElsewhereStays) {
  const auto body = [](std::string_view system, std::string_view user) {
    return fmt::format(
        R"({{"messages":[{{"role":"system","content":"{}"}},{{"role":"user","content":"{}"}}]}})",
        system, user);
  };
  EXPECT_NE(Read(body("x", "x")).fingerprint, Read(body("y", "x")).fingerprint);
  EXPECT_EQ(Read(body("x", "x")).fingerprint, Read(body("x", "y")).fingerprint);
}

TEST(RequestIdentity, EveryFactCounts) {
  const std::string_view body = R"({"model":"gpt","messages":[{"role":"user","content":"q"}]})";
  struct Given {
    std::string_view body;
    cache::v1::PolicyEntry policy = Policy();
    RequestFacts facts;
    std::string Print() const {
      IdentityReader reader;
      return reader.Read(body, policy, facts).fingerprint;
    }
  };
  const Given plain{.body = body};
  struct Case {
    const char* name;
    void (*change)(Given&);
    bool changes;
  };
  const Case kCases[] = {
      {"nothing", [](Given&) {}, false},
      {"guardrails", [](Given& given) { given.facts.guardrails = "pii@7"; }, true},
      {"embedder", [](Given& given) { given.facts.embedder = "e2"; }, true},
      {"proxy chooses", [](Given& given) { given.facts.choosing_proxy = "gpt"; }, true},
      {"resolved model without per_model",
       [](Given& given) { given.facts.resolved_model = "gpt-1"; }, false},
      {"per_model", [](Given& given) { given.policy.set_per_model(true); }, true},
      {"epoch", [](Given& given) { given.policy.set_epoch(2); }, true},
      {"scope", [](Given& given) { given.policy.set_scope(cache::v1::SCOPE_ORGANIZATION); }, true},
      {"model",
       [](Given& given) {
         given.body = R"({"model":"gpt2","messages":[{"role":"user","content":"q"}]})";
       },
       true},
      {"API",
       [](Given& given) {
         given.facts.kind = kResponses;
         given.body = R"({"model":"gpt","input":[{"role":"user","content":"q"}]})";
       },
       true},
  };
  for (const Case& each : kCases) {
    SCOPED_TRACE(each.name);
    Given given = plain;
    each.change(given);
    EXPECT_EQ(given.Print() != plain.Print(), each.changes);
  }
}

TEST(RequestIdentity, TheModelDoesNotCountWhereTheProxyChoosesIt) {
  IdentityReader reader;
  RequestFacts facts;
  facts.choosing_proxy = "turns";
  const auto print = [&](std::string_view body) {
    return reader.Read(body, Policy(), facts).fingerprint;
  };
  EXPECT_EQ(print(R"({"model":"a","messages":[{"role":"user","content":"q"}]})"),
            print(R"({"messages":[{"role":"user","content":"q"}],"model":"b"})"));
  auto policy = Policy();
  policy.set_per_model(true);
  const std::string_view body = R"({"model":"a","messages":[{"role":"user","content":"q"}]})";
  facts.resolved_model = "x";
  const std::string of_x = reader.Read(body, policy, facts).fingerprint;
  facts.resolved_model = "y";
  EXPECT_NE(reader.Read(body, policy, facts).fingerprint, of_x);
}

TEST(RequestIdentity, NumbersCountByValue) {
  const auto print = [](std::string_view number) {
    return Read(fmt::format(R"({{"messages":[{{"role":"user","content":"q"}}],"x":{}}})", number))
        .fingerprint;
  };
  EXPECT_EQ(print("1"), print("1.0"));
  EXPECT_EQ(print("0"), print("-0.0"));
  EXPECT_EQ(print("100"), print("1e2"));
  EXPECT_NE(print("1"), print("2"));
  EXPECT_NE(print("0.1"), print("0.2"));
  EXPECT_NE(print("9007199254740993"), print("9007199254740992"));
  EXPECT_NE(print("18446744073709551615"), print("-1"));
  EXPECT_NE(print("1"), print("\"1\""));
  EXPECT_NE(print("null"), print("false"));
}

TEST(RequestIdentity, ScopesAndReaders) {
  identity::v1::Principal member;
  member.set_organization("acme");
  member.set_team("search");
  member.set_user("alice");
  member.set_key_public_id("k1");
  identity::v1::Principal lone;
  lone.set_organization("acme");
  lone.set_key_public_id("k2");
  EXPECT_EQ(ScopeOf(cache::v1::SCOPE_ORGANIZATION, member), "");
  EXPECT_EQ(ScopeOf(cache::v1::SCOPE_TEAM, member), "team:search");
  EXPECT_EQ(ScopeOf(cache::v1::SCOPE_UNSPECIFIED, member), "team:search");
  EXPECT_EQ(ScopeOf(cache::v1::SCOPE_USER, member), "user:alice");
  EXPECT_EQ(ScopeOf(cache::v1::SCOPE_TEAM, lone), "team:");
  EXPECT_EQ(ScopeOf(cache::v1::SCOPE_USER, lone), "key:k2");
  EXPECT_EQ(ReaderOf(member), "user:alice");
  EXPECT_EQ(ReaderOf(lone), "key:k2");

  const RequestIdentity identity{.bypass = CacheBypass::kNone, .question = "q", .fingerprint = "f"};
  const auto partition = PartitionOf(Policy(), member, identity);
  EXPECT_EQ(partition.organization(), "acme");
  EXPECT_EQ(partition.scope(), "team:search");
  EXPECT_EQ(partition.policy(), "faq");
  EXPECT_EQ(partition.fingerprint(), "f");
}

}  // namespace
}  // namespace weir::edge
