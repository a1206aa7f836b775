#include "edge/caching/cache_headers.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace weir::edge {
namespace {

using std::chrono::seconds;

std::string Describe(const CacheControl& control) {
  std::string out;
  if (control.no_cache) out += "no-cache ";
  if (control.no_store) out += "no-store ";
  if (control.only_if_cached) out += "only-if-cached ";
  if (control.max_age) {
    out +=
        fmt::format("max-age={} ", std::chrono::duration_cast<seconds>(*control.max_age).count());
  }
  return out;
}

TEST(CacheControl, Reads) {
  struct Case {
    const char* name;
    std::string header;
    const char* read;
  };
  const Case kCases[] = {
      {"nothing", "", ""},
      {"no-cache", "no-cache", "no-cache "},
      {"any case", "No-Store", "no-store "},
      {"only-if-cached", "only-if-cached", "only-if-cached "},
      {"max-age", "max-age=60", "max-age=60 "},
      {"quoted", "max-age=\"60\"", "max-age=60 "},
      {"several", " no-cache ,\tmax-age=0, no-store", "no-cache no-store max-age=0 "},
      {"empty elements", ",, no-store ,", "no-store "},
      {"unknown ones", "max-stale=5, foo, bar=\"a,b\\\"c\", no-store", "no-store "},
      {"a list of fields", "no-cache=\"x\"", "no-cache "},
      {"the same twice", "max-age=5, max-age=5", "max-age=5 "},
      {"a year and more", "max-age=99999999999999999999", "max-age=31536000 "},
      {"two ages", "max-age=5, max-age=6", "no-cache "},
      {"no age", "max-age", "no-cache "},
      {"empty age", "max-age=", "no-cache "},
      {"empty quoted age", "max-age=\"\"", "no-cache "},
      {"negative age", "max-age=-1", "no-cache "},
      {"fraction", "max-age=1.5", "no-cache "},
      {"words behind", "no-store nonsense", "no-cache "},
      {"open quote", "foo=\"bar", "no-cache "},
      {"escape at the end", "foo=\"bar\\", "no-cache "},
      {"text behind a quote", "foo=\"bar\"baz", "no-cache "},
      {"no name", "=5", "no-cache "},
      {"too long", std::string(1025, 'x'), "no-cache "},
      {"longest", std::string(1024, 'x'), ""},
  };
  for (const Case& each : kCases) {
    SCOPED_TRACE(each.name);
    EXPECT_EQ(Describe(ParseCacheControl(each.header)), each.read);
  }
}

TEST(CacheControl, SaysWhatMayBeDone) {
  struct Case {
    const char* header;
    bool may_look_up;
    bool may_record;
  };
  for (const Case& each : {Case{"", true, true}, Case{"no-cache", false, true},
                           Case{"no-store", false, false}, Case{"max-age=0", false, true},
                           Case{"max-age=1", true, true}, Case{"only-if-cached", true, true}}) {
    SCOPED_TRACE(each.header);
    EXPECT_EQ(ParseCacheControl(each.header).may_look_up(), each.may_look_up);
    EXPECT_EQ(ParseCacheControl(each.header).may_record(), each.may_record);
  }
}

TEST(CacheHeaders, SayWhatWasDone) {
  Headers missed;
  AddCacheStatus(CacheStatus::kMiss, missed);
  EXPECT_EQ(missed.lines(), "x-cache-status: MISS\r\n");
  Headers bypassed;
  AddCacheStatus(CacheStatus::kBypass, bypassed);
  EXPECT_EQ(bypassed.lines(), "x-cache-status: BYPASS\r\n");
  Headers hit;
  AddCacheHit("exact", std::chrono::milliseconds(61'900), hit);
  EXPECT_EQ(hit.lines(), "x-cache-status: HIT\r\nx-cache-kind: exact\r\nage: 61\r\n");
  Headers future;
  AddCacheHit("semantic", seconds(-5), future);
  EXPECT_EQ(future.lines(), "x-cache-status: HIT\r\nx-cache-kind: semantic\r\nage: 0\r\n");
}

}  // namespace
}  // namespace weir::edge
