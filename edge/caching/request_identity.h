#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "weir/cache/v1/cache.pb.h"
#include "weir/identity/v1/identity.pb.h"
#include "weir/routing/v1/routing.pb.h"

namespace weir::edge {

// Why no answer of the cache is for a request.
enum class CacheBypass : uint8_t {
  kNone,          // One may be.
  kEndpoint,      // Neither a chat nor a responses request.
  kUnreadable,    // No JSON object, or nested too deep.
  kTemperature,   // It asks for more variety than the policy allows.
  kChoices,       // For several answers.
  kLogprobs,      // For what the tokens' alternatives were.
  kToolResult,    // The last turn is a tool's.
  kEarlierTurns,  // The turns before it are the provider's to know.
  kBackground,    // The answer is fetched later.
  kNoQuestion,    // Nothing is asked where the policy looks for it.
  kQuestionTooLong,
};
// A word for logs and metrics.
std::string_view CacheBypassName(CacheBypass bypass);

inline constexpr size_t kLongestQuestion = 32 * 1024;

// What decides about an answer, besides the body. Borrows its texts.
struct RequestFacts {
  routing::v1::ApiKind kind = routing::v1::API_KIND_CHAT;
  // The proxy chooses the model, whatever the client names: the proxy's name. Else empty.
  std::string_view choosing_proxy;
  // The organisation's model that the first attempt asks. Counts where the policy says so.
  std::string_view resolved_model;
  // Whose rules look at texts: what names them and their version. Another one shares no answers.
  std::string_view guardrails;
  // PolicyTable.embedder_fingerprint.
  std::string_view embedder;
};

// What two requests must have in common to share answers, and what they ask.
struct RequestIdentity {
  CacheBypass bypass = CacheBypass::kNone;  // Where it is set, the rest is empty.
  std::string question;                     // 1 to kLongestQuestion bytes. Never logged.
  std::string fingerprint;                  // SHA-256, 32 bytes.
};

// Reads requests' identities. The fingerprint is over all of a body but the question itself and
// what changes no answer (whether it is streamed, who says that it asks, labels, storing). Keeps
// its parser's memory between calls: one for each loop, not thread-safe.
class IdentityReader {
 public:
  IdentityReader();
  ~IdentityReader();

  // `body`: as it goes on to the provider but for the gateway's own changes: masked, with
  // canonical placeholders. Needs no padding.
  RequestIdentity Read(std::string_view body, const cache::v1::PolicyEntry& policy,
                       const RequestFacts& facts);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

// Partition.scope: "team:x" ("team:" for those without one), "user:x" or "key:PUBLIC_ID", and ""
// where the whole organisation shares answers.
std::string ScopeOf(cache::v1::Scope scope, const identity::v1::Principal& principal);

// LookupRequest.reader, RecordRequest.author and LeadRequest.principal: "user:x", for a key of
// nobody "key:PUBLIC_ID", and "key:" for callers without a key.
std::string ReaderOf(const identity::v1::Principal& principal);

// Where a caller's answers are, of what IdentityReader read.
cache::v1::Partition PartitionOf(const cache::v1::PolicyEntry& policy,
                                 const identity::v1::Principal& principal,
                                 const RequestIdentity& identity);

}  // namespace weir::edge
