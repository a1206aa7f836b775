#include "services/cache/provider_settings.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "common/testing/new_folder.h"
#include "common/testing/status_matchers.h"

namespace weir::cache {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::weir::testing::IsOk;
using ::weir::testing::StatusIs;

std::string FileOf(std::string_view text) {
  const std::string path = testing::NewFolder() + "/settings.toml";
  std::ofstream(path) << text;
  return path;
}

TEST(ProviderSettingsTest, S2_12_ReadsTheKeysOfATomlFile) {
  ProviderSettings settings;
  ASSERT_THAT(ReadProviderToml(FileOf(R"(
embedding_provider = "MISTRAL"
embedding_provider_endpoint = "https://api.mistral.ai/v1/embeddings"
embedding_provider_model = "mistral-embed"
embedding_provider_dimension = 1024
embedding_provider_api_key = "canary-key"

[semantic_cache]
vector_db_provider = "REDIS"
vector_db_provider_host = "redis"
vector_db_provider_port = 6380
vector_db_provider_database = "0"
vector_db_provider_username = "default"
vector_db_provider_password = "canary-password"
vector_db_provider_ttl = 60
)"),
                               settings),
              IsOk());
  EXPECT_THAT(settings.Validate(), IsOk());
  EXPECT_EQ(settings.embedding, ProviderSettings::Embedding::kMistral);
  EXPECT_EQ(settings.embedding_endpoint, "https://api.mistral.ai/v1/embeddings");
  EXPECT_EQ(settings.embedding_model, "mistral-embed");
  EXPECT_EQ(settings.embedding_dimension, 1024);
  EXPECT_EQ(settings.embedding_api_key.Reveal(), "canary-key");
  EXPECT_EQ(settings.vector_db, ProviderSettings::VectorDb::kRedis);
  EXPECT_EQ(settings.host, "redis");
  EXPECT_EQ(settings.port, 6380);
  EXPECT_EQ(settings.username, "default");
  EXPECT_EQ(settings.password.Reveal(), "canary-password");
  EXPECT_EQ(settings.ttl_s, 60);
}

TEST(ProviderSettingsTest, S2_12_MilvusIsRefusedAndRedisNamed) {
  ProviderSettings settings;
  ASSERT_THAT(ReadProviderToml(FileOf("vector_db_provider = \"MILVUS\"\n"), settings), IsOk());
  EXPECT_THAT(settings.Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("cache.vector_db_provider"), HasSubstr("REDIS"))));
}

TEST(ProviderSettingsTest, FaultsNameKeysAndNeverValues) {
  ProviderSettings settings;
  EXPECT_THAT(ReadProviderToml(FileOf("embedding_provider_api_key = 7391\n"
                                      "vector_db_provider = \"canary\"\n"),
                               settings),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("embedding_provider_api_key"),
                             HasSubstr("vector_db_provider"), HasSubstr("FAISS, REDIS, MILVUS"),
                             Not(HasSubstr("7391")), Not(HasSubstr("canary")))));
  EXPECT_THAT(ReadProviderToml(FileOf("a = \"canary\n"), settings),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("line 1"), Not(HasSubstr("canary")))));
  EXPECT_THAT(ReadProviderToml("/nowhere.toml", settings), StatusIs(absl::StatusCode::kNotFound));
}

TEST(ProviderSettingsTest, SaysAllThatIsMissing) {
  ProviderSettings settings;
  settings.embedding = ProviderSettings::Embedding::kAzureOpenAi;
  settings.embedding_dimension = 7;
  settings.vector_db = ProviderSettings::VectorDb::kRedis;
  settings.ttl_s = 0;
  EXPECT_THAT(settings.Validate(),
              StatusIs(absl::StatusCode::kInvalidArgument,
                       AllOf(HasSubstr("_api_key"), HasSubstr("_endpoint"), HasSubstr("_dimension"),
                             HasSubstr("_host"), HasSubstr("_ttl"))));
}

}  // namespace
}  // namespace weir::cache
