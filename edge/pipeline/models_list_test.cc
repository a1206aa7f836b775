#include "edge/pipeline/models_list.h"

#include <gmock/gmock.h>

#include "edge/testing/test_call.h"

namespace weir::edge {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::Optional;
using ::weir::edge::testing::TestCall;

class ModelsListTest : public ::testing::Test {
 protected:
  ModelsListTest() {
    Add("gpt-4o", "acme", {"web"});
    Add("org/llama \"3\"", "acme", {});
    Add("secret", "other", {"web"});
  }
  void Add(const std::string& name, const std::string& organization,
           const std::vector<std::string>& proxies) {
    routing::v1::ModelEntry& entry = *call_.table.add_models();
    entry.set_name(name);
    entry.set_organization(organization);
    entry.set_created_at_s(1763719200);
    entry.set_owned_by("openai");
    for (const std::string& each : proxies) entry.add_proxies(each);
  }
  std::optional<std::string> Body(std::string_view model_id = "", bool through_proxy = false) {
    const CallPtr call = call_.Get();
    call->route.model_id = model_id;
    call->route.proxy = through_proxy ? &call_.proxy : nullptr;
    return ModelsBody(*call);
  }

  TestCall call_;
};

TEST_F(ModelsListTest, ListsTheOrganisationsModels) {
  EXPECT_EQ(
      Body(),
      R"({"object":"list","data":[)"
      R"({"id":"gpt-4o","object":"model","created":1763719200,"owned_by":"openai"},)"
      R"({"id":"org/llama \"3\"","object":"model","created":1763719200,"owned_by":"openai"}]})");
}

TEST_F(ModelsListTest, AProxyListsItsOwn) {
  EXPECT_THAT(Body("", true), Optional(AllOf(HasSubstr("gpt-4o"), Not(HasSubstr("llama")))));
}

TEST_F(ModelsListTest, AKeyListsWhatItMayCall) {
  call_.principal.add_allowed_models("org/llama \"3\"");
  EXPECT_THAT(Body(), Optional(AllOf(HasSubstr("llama"), Not(HasSubstr("gpt-4o")))));
}

TEST_F(ModelsListTest, OneIsFoundByItsId) {
  EXPECT_THAT(Body("gpt-4o"), Optional(HasSubstr(R"({"id":"gpt-4o")")));
  EXPECT_EQ(Body("gpt-4"), std::nullopt);
  EXPECT_EQ(Body("secret"), std::nullopt);
}

// Some clients encode what they put into a path, some do not.
TEST_F(ModelsListTest, AnIdMayBeEncoded) {
  EXPECT_NE(Body("org%2Fllama%20%223%22"), std::nullopt);
  EXPECT_NE(Body("gpt%2d4o"), std::nullopt);
  for (const char* bad : {"gpt-4o%", "gpt-4o%2", "gpt-4o%zz", "%67pt-4", "gpt-4o%00"}) {
    EXPECT_EQ(Body(bad), std::nullopt) << bad;
  }
}

TEST_F(ModelsListTest, NothingIsAListToo) {
  call_.principal.set_organization("empty");
  EXPECT_EQ(Body(), R"({"object":"list","data":[]})");
}

}  // namespace
}  // namespace weir::edge
