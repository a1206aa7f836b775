#include "services/cache/assembled_cache.h"

#include <utility>

#include "services/cache/remote_directions.h"

namespace weir::cache {
namespace {

bool UsesTable(const CacheConfig& config) {
  return config.embedder == CacheConfig::Embedder::kBuiltIn &&
         config.providers.embedding == ProviderSettings::Embedding::kBuiltIn;
}

absl::StatusOr<std::unique_ptr<Directions>> MakeDirections(const CacheConfig& config,
                                                           const BuiltInModel& model,
                                                           const HashedEmbedder& hashed,
                                                           const Clock& clock) {
  if (config.providers.embedding != ProviderSettings::Embedding::kBuiltIn) {
    return RemoteDirections::Make(config.providers, clock);
  }
  if (UsesTable(config)) return std::make_unique<LocalDirections>(model.embedder());
  return std::make_unique<LocalDirections>(hashed);
}

}  // namespace

AssembledCache::AssembledCache(std::unique_ptr<BuiltInModel> model,
                               std::unique_ptr<HashedEmbedder> hashed,
                               std::unique_ptr<Directions> directions, const CacheConfig& config,
                               Deps deps)
    : model_(std::move(model)),
      hashed_(std::move(hashed)),
      directions_(std::move(directions)),
      judge_(model_->MakeJudge(/*gate=*/UsesTable(config))),
      policies_(deps.policies, directions_->fingerprint(), directions_->is_remote(),
                config.default_ttl()),
      engine_({.dimension = directions_->dimension(),
               .budget = config.budget,
               .graph_from = static_cast<size_t>(config.graph_from)},
              {.workers = &deps.workers, .builder = &graphs_}) {
  service_.emplace(CacheService::Deps{.policies = policies_,
                                      .engine = engine_,
                                      .directions = *directions_,
                                      .judge = judge_,
                                      .store = deps.recordings,
                                      .leases = deps.leases,
                                      .clock = deps.clock,
                                      .random = deps.random,
                                      .metrics = &deps.metrics});
  admin_.emplace(CacheAdmin::Deps{
      .store = deps.policies, .policies = policies_, .cache = *service_, .clock = deps.clock});
}

absl::StatusOr<std::unique_ptr<AssembledCache>> AssembledCache::Open(const CacheConfig& config,
                                                                     Deps deps) {
  WEIR_ASSIGN_OR_RETURN(std::unique_ptr<BuiltInModel> model, BuiltInModel::Load());
  auto hashed = std::make_unique<HashedEmbedder>();
  WEIR_ASSIGN_OR_RETURN(std::unique_ptr<Directions> directions,
                        MakeDirections(config, *model, *hashed, deps.clock));
  std::unique_ptr<AssembledCache> made(
      new AssembledCache(std::move(model), std::move(hashed), std::move(directions), config, deps));
  WEIR_RETURN_IF_ERROR(made->Follow());
  return made;
}

absl::Status AssembledCache::Follow() {
  const std::shared_ptr<const PolicySet> before = policies_.Current();
  WEIR_ASSIGN_OR_RETURN(const std::shared_ptr<const PolicySet> now, policies_.Refresh());
  if (now != before) service_->DropUseless();
  return absl::OkStatus();
}

}  // namespace weir::cache
