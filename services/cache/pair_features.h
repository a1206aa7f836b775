#pragma once

#include <array>
#include <string_view>

#include "services/cache/alignment.h"
#include "services/cache/question.h"

namespace weir::cache {

// What the trees of the verifier look at, in the order in which they were trained.
inline constexpr std::array<std::string_view, 38> kFeatureNames = {
    "jac_c",   "con_ab",  "con_ba",  "unc_a",   "unc_b",  "uncmax_a", "uncmax_b", "fuz_a",
    "fuz_b",   "nunc_a",  "nunc_b",  "c3j",     "bij",    "lmin",     "lmax",     "numeq",
    "numdiff", "negd",    "negpar",  "ant",     "ent_a",  "ent_b",    "order",    "qweq",
    "stopj",   "lcs",     "pref",    "suf",     "unit",   "s_cos",    "s_al_a",   "s_al_b",
    "s_min_a", "s_min_b", "s_unc_a", "s_unc_b", "s_um_a", "s_um_b"};

using PairFeatures = std::array<float, kFeatureNames.size()>;

// Compares a new question with that of an entry; not symmetric. Computed in double, rounded to
// float at the end, as the trees were trained. Neither may be `too_long`.
PairFeatures Compare(const Question& asked, const Question& cached, const Alignment& alignment);

}  // namespace weir::cache
