// What of a request counts, over many random ones.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "common/testing/sanitized.h"
#include "edge/caching/request_identity.h"
#include "edge/testing/random_json.h"

namespace weir::edge {
namespace {

using testing::AnyWriter;
using testing::Json;
using Random = std::mt19937_64;

constexpr std::array<std::string_view, 7> kLeftOut = {
    "stream",          "stream_options", "user", "metadata", "store", "safety_identifier",
    "prompt_cache_key"};

bool IsLeftOut(std::string_view key) {
  return std::find(kLeftOut.begin(), kLeftOut.end(), key) != kLeftOut.end();
}

std::string AnyText(Random& random) {
  constexpr std::array<std::string_view, 8> kWords = {"a",  "b", "Where is", "\"q\"",
                                                      "\\", "é", "中",       "\n"};
  std::string text;
  for (size_t left = 1 + random() % 4; left > 0; --left) text += kWords[random() % kWords.size()];
  return text;
}

Json AnyValue(Random& random, int depth) {
  switch (random() % (depth > 2 ? 4 : 6)) {
    case 0:
      return Json::String(AnyText(random));
    case 1:
      return Json::Literal(std::to_string(static_cast<int64_t>(random() % 100)));
    case 2:
      return Json::Literal(random() % 2 == 0 ? "true" : "null");
    case 3:
      return Json::Literal(std::to_string(random() % 100) + ".5");
    case 4: {
      std::vector<Json> items;
      for (size_t left = random() % 4; left > 0; --left)
        items.push_back(AnyValue(random, depth + 1));
      return Json::Array(std::move(items));
    }
    default: {
      std::vector<Json::Member> members;
      for (size_t i = random() % 4; i > 0; --i) {
        members.emplace_back("k" + std::to_string(i), AnyValue(random, depth + 1));
      }
      return Json::Object(std::move(members));
    }
  }
}

Json Message(std::string role, Json content) {
  return Json::Object({{"role", Json::String(std::move(role))}, {"content", std::move(content)}});
}

Json Content(Random& random, const std::string& text_type) {
  if (random() % 2 == 0) return Json::String("q" + AnyText(random));
  std::vector<Json> parts;
  parts.push_back(Json::Object(
      {{"type", Json::String(text_type)}, {"text", Json::String("q" + AnyText(random))}}));
  if (random() % 2 == 0) {
    parts.push_back(
        Json::Object({{"type", Json::String("image_url")}, {"u", AnyValue(random, 2)}}));
  }
  return Json::Array(std::move(parts));
}

Json AnyRequest(Random& random, bool chat) {
  std::vector<Json> turns = {Message("system", Json::String(AnyText(random)))};
  const std::string text_type = chat ? "text" : "input_text";
  for (size_t left = random() % 3; left > 0; --left) {
    turns.push_back(Message("user", Content(random, text_type)));
    turns.push_back(Message("assistant", Json::String(AnyText(random))));
  }
  turns.push_back(Message("user", Content(random, text_type)));
  std::vector<Json::Member> members = {
      {"model", Json::String(AnyText(random))},
      {chat ? "messages" : "input", Json::Array(std::move(turns))},
      {"temperature", Json::Literal("0." + std::to_string(random() % 7))}};
  constexpr std::array<std::string_view, 9> kMore = {"tools",      "tool_choice", "response_format",
                                                     "top_p",      "seed",        "stop",
                                                     "max_tokens", "reasoning",   "anything"};
  for (const std::string_view each : kMore) {
    if (random() % 3 == 0) members.emplace_back(each, AnyValue(random, 0));
  }
  for (const std::string_view each : kLeftOut) {
    if (random() % 3 == 0) members.emplace_back(each, AnyValue(random, 0));
  }
  return Json::Object(std::move(members));
}

// All values below the body's own object that count.
void Collect(Json& value, std::vector<Json*>& found) {
  found.push_back(&value);
  for (Json& each : value.items) Collect(each, found);
  for (Json::Member& each : value.members) Collect(each.second, found);
}
std::vector<Json*> WhatCounts(Json& request) {
  std::vector<Json*> found;
  for (Json::Member& each : request.members) {
    if (!IsLeftOut(each.first)) Collect(each.second, found);
  }
  return found;
}

// Another value of the same kind, or of another.
void ChangeItself(Json& value, Random& random) {
  switch (value.kind) {
    case Json::Kind::kString:
      value.text += "x";
      return;
    case Json::Kind::kLiteral:
      value = Json::Literal(value.text == "7" ? "8" : "7");
      return;
    case Json::Kind::kArray:
      if (value.items.size() > 1 && value.items.front() != value.items.back() &&
          random() % 2 == 0) {
        std::swap(value.items.front(), value.items.back());
      } else if (!value.items.empty() && random() % 2 == 0) {
        value.items.erase(value.items.begin());
      } else {
        value.items.insert(value.items.begin(), Json::Literal("null"));
      }
      return;
    case Json::Kind::kObject:
      if (!value.members.empty() && random() % 3 == 0) {
        value.members.pop_back();
      } else if (!value.members.empty() && random() % 2 == 0) {
        value.members.front().first += "z";
      } else {
        value.members.emplace_back("new", Json::Literal("null"));
      }
      return;
  }
}

void ChangeWhatCounts(Json& request, Random& random) {
  if (random() % 10 == 0) {
    request.members.emplace_back("unheard_of", AnyValue(random, 1));
    return;
  }
  const std::vector<Json*> values = WhatCounts(request);
  ChangeItself(*values[random() % values.size()], random);
}

void ChangeWhatDoesNot(Json& request, Random& random) {
  std::erase_if(request.members, [&](const Json::Member& each) {
    return IsLeftOut(each.first) && random() % 2 == 0;
  });
  for (const std::string_view each : kLeftOut) {
    const bool there =
        std::any_of(request.members.begin(), request.members.end(),
                    [each](const Json::Member& member) { return member.first == each; });
    if (!there && random() % 2 == 0) request.members.emplace_back(each, AnyValue(random, 0));
  }
}

constexpr int kRounds = weir::testing::kIsSanitized ? 5'000 : 100'000;

class IdentityProperty : public ::testing::Test {
 protected:
  RequestIdentity Read(const Json& request, bool chat) {
    cache::v1::PolicyEntry policy;
    policy.set_max_temperature(0.7);
    RequestFacts facts;
    facts.kind = chat ? routing::v1::API_KIND_CHAT : routing::v1::API_KIND_RESPONSES;
    return reader_.Read(AnyWriter(random_).Write(request), policy, facts);
  }
  static bool Same(const RequestIdentity& a, const RequestIdentity& b) {
    return a.bypass == b.bypass && a.question == b.question && a.fingerprint == b.fingerprint;
  }

  Random random_{20251121};
  IdentityReader reader_;
};

TEST_F(IdentityProperty, AnyChangeOfWhatCountsChangesIt) {
  for (int round = 0; round < kRounds; ++round) {
    const bool chat = round % 2 == 0;
    const Json request = AnyRequest(random_, chat);
    const RequestIdentity before = Read(request, chat);
    ASSERT_EQ(CacheBypassName(before.bypass), "none") << AnyWriter(random_).Write(request);
    Json changed = request;
    ChangeWhatCounts(changed, random_);
    ASSERT_FALSE(Same(before, Read(changed, chat))) << AnyWriter(random_).Write(request) << "\n"
                                                    << AnyWriter(random_).Write(changed);
  }
}

TEST_F(IdentityProperty, NoChangeOfTheRestOrOfTheSpellingDoes) {
  for (int round = 0; round < kRounds / 5; ++round) {
    const bool chat = round % 2 == 0;
    const Json request = AnyRequest(random_, chat);
    Json changed = request;
    ChangeWhatDoesNot(changed, random_);
    ASSERT_TRUE(Same(Read(request, chat), Read(changed, chat)))
        << AnyWriter(random_).Write(request) << "\n"
        << AnyWriter(random_).Write(changed);
  }
}

}  // namespace
}  // namespace weir::edge
