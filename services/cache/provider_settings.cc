#include "services/cache/provider_settings.h"

#include <fmt/ranges.h>

#define TOML_EXCEPTIONS 0
#include <toml++/toml.h>

#include <array>
#include <fstream>
#include <iterator>
#include <optional>
#include <string_view>
#include <vector>

#include "common/text/base_url.h"

namespace weir::cache {
namespace {

using Embedding = ProviderSettings::Embedding;
using VectorDb = ProviderSettings::VectorDb;

constexpr size_t kMaxFileBytes = 1 << 20;
constexpr std::array<std::pair<std::string_view, Embedding>, 4> kEmbeddings = {
    {{"BUILTIN", Embedding::kBuiltIn},
     {"MISTRAL", Embedding::kMistral},
     {"OPENAI", Embedding::kOpenAi},
     {"AZURE_OPENAI", Embedding::kAzureOpenAi}}};
constexpr std::array<std::pair<std::string_view, VectorDb>, 3> kVectorDbs = {
    {{"FAISS", VectorDb::kFaiss}, {"REDIS", VectorDb::kRedis}, {"MILVUS", VectorDb::kMilvus}}};

// One file's keys, and the first that is wrong.
class TomlKeys {
 public:
  explicit TomlKeys(const toml::table& root) {
    tables_.push_back(&root);
    for (const std::string_view name : {"cache", "semantic_cache", "policy_configurations"}) {
      if (const toml::table* table = root[name].as_table()) tables_.push_back(table);
    }
  }

  void Text(std::string_view key, std::string& out) {
    const toml::node* const node = Find(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<std::string>();
    if (value) {
      out = *value;
    } else {
      Fault(key, "a string");
    }
  }
  void Secret(std::string_view key, config::Secret& out) {
    std::string value = out.Reveal();
    Text(key, value);
    out = config::Secret(std::move(value));
  }
  void Number(std::string_view key, int64_t& out) {
    const toml::node* const node = Find(key);
    if (node == nullptr) return;
    const auto value = node->value_exact<int64_t>();
    if (value) {
      out = *value;
    } else {
      Fault(key, "a whole number");
    }
  }
  template <typename E, size_t kSize>
  void Name(std::string_view key, const std::array<std::pair<std::string_view, E>, kSize>& names,
            E& out) {
    std::string value;
    Text(key, value);
    if (value.empty()) return;
    std::vector<std::string_view> words;
    for (const auto& [name, meaning] : names) {
      if (name == value) {
        out = meaning;
        return;
      }
      words.push_back(name);
    }
    Fault(key, fmt::format("one of {}", fmt::join(words, ", ")));
  }
  absl::Status ToStatus() const {
    if (faults_.empty()) return absl::OkStatus();
    return status::InvalidArgument("{}", fmt::join(faults_, "; "));
  }

 private:
  const toml::node* Find(std::string_view key) const {
    for (const toml::table* each : tables_) {
      if (const toml::node* node = each->get(key)) return node;
    }
    return nullptr;
  }
  void Fault(std::string_view key, std::string_view want) {
    faults_.push_back(fmt::format("{} is something else, want {}", key, want));
  }
  std::vector<const toml::table*> tables_;
  std::vector<std::string> faults_;
};

absl::StatusOr<std::string> ReadWhole(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return status::NotFound("'{}' cannot be opened", path);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (text.size() <= kMaxFileBytes) return text;
  return status::InvalidArgument("'{}' has {} bytes, want at most {}", path, text.size(),
                                 kMaxFileBytes);
}

}  // namespace

absl::Status ProviderSettings::Validate() const {
  std::vector<std::string> faults;
  if (vector_db == VectorDb::kMilvus) {
    faults.push_back(
        "cache.vector_db_provider is MILVUS, which weir does not speak to, want REDIS (answers and "
        "their log there, FAISS in front of it), or FAISS");
  }
  if (vector_db == VectorDb::kRedis && host.empty()) {
    faults.push_back("cache.vector_db_provider_host is missing, want the host of Redis");
  }
  if (vector_db == VectorDb::kRedis && !database.empty() && database != "0") {
    faults.push_back("cache.vector_db_provider_database is another one, want 0");
  }
  if (port < 1 || port > 65535) {
    faults.push_back(fmt::format("cache.vector_db_provider_port is {}, want 1 to 65535", port));
  }
  if (ttl_s < 1 || ttl_s > 30 * 86'400) {
    faults.push_back(fmt::format("cache.vector_db_provider_ttl is {}, want 1 to 2592000", ttl_s));
  }
  if (embedding_dimension != 0 && (embedding_dimension < 32 || embedding_dimension > 4096)) {
    faults.push_back(fmt::format("cache.embedding_provider_dimension is {}, want 32 to 4096",
                                 embedding_dimension));
  }
  if (embedding != Embedding::kBuiltIn && embedding_api_key.empty()) {
    faults.push_back("cache.embedding_provider_api_key is missing");
  }
  if (embedding == Embedding::kAzureOpenAi &&
      (embedding_endpoint.empty() || embedding_model.empty())) {
    faults.push_back(
        "cache.embedding_provider_endpoint and _model are missing, which Azure needs both");
  }
  if (!embedding_endpoint.empty()) {
    if (const absl::Status url = text::ParseBaseUrl(embedding_endpoint).status(); !url.ok()) {
      faults.push_back(fmt::format("cache.embedding_provider_endpoint: {}", status::Message(url)));
    }
  }
  if (faults.empty()) return absl::OkStatus();
  return status::InvalidArgument("{}", fmt::join(faults, "; "));
}

void ReadProviderSettings(config::Reader& section, ProviderSettings& settings) {
  section.Enum("embedding_provider", &settings.embedding,
               {kEmbeddings[0], kEmbeddings[1], kEmbeddings[2], kEmbeddings[3]});
  section.String("embedding_provider_endpoint", &settings.embedding_endpoint);
  section.String("embedding_provider_model", &settings.embedding_model);
  section.Int("embedding_provider_dimension", &settings.embedding_dimension);
  section.Secret("embedding_provider_api_key", &settings.embedding_api_key);
  section.Enum("vector_db_provider", &settings.vector_db,
               {kVectorDbs[0], kVectorDbs[1], kVectorDbs[2]});
  section.String("vector_db_provider_host", &settings.host);
  section.Int("vector_db_provider_port", &settings.port);
  section.String("vector_db_provider_database", &settings.database);
  section.String("vector_db_provider_username", &settings.username);
  section.Secret("vector_db_provider_password", &settings.password);
  section.Int("vector_db_provider_ttl", &settings.ttl_s);
}

absl::Status ReadProviderToml(const std::string& path, ProviderSettings& settings) {
  WEIR_ASSIGN_OR_RETURN(const std::string text, ReadWhole(path));
  const toml::parse_result parsed = toml::parse(text);
  if (!parsed) {
    return status::InvalidArgument("'{}', line {}: this is no TOML", path,
                                   parsed.error().source().begin.line);
  }
  TomlKeys keys(parsed.table());
  keys.Name("embedding_provider", kEmbeddings, settings.embedding);
  keys.Text("embedding_provider_endpoint", settings.embedding_endpoint);
  keys.Text("embedding_provider_model", settings.embedding_model);
  keys.Number("embedding_provider_dimension", settings.embedding_dimension);
  keys.Secret("embedding_provider_api_key", settings.embedding_api_key);
  keys.Name("vector_db_provider", kVectorDbs, settings.vector_db);
  keys.Text("vector_db_provider_host", settings.host);
  keys.Number("vector_db_provider_port", settings.port);
  keys.Text("vector_db_provider_database", settings.database);
  keys.Text("vector_db_provider_username", settings.username);
  keys.Secret("vector_db_provider_password", settings.password);
  keys.Number("vector_db_provider_ttl", settings.ttl_s);
  return status::While(keys.ToStatus(), "reading '{}'", path);
}

}  // namespace weir::cache
