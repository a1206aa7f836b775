#pragma once

#include "services/cache/wording.h"

namespace weir::cache {

// Whether two texts say different things by the order of their words alone: "from Oslo to Rome" and
// "from Rome to Oslo", "dog bites man" and "man bites dog". Order means nothing where things are
// compared or listed ("between X and Y", "X or Y"), nor where a phrase of two words or more moved
// from one end to the other ("in Jira, how do I ...").
bool DiffersByOrder(const Wording& a, const Wording& b);

}  // namespace weir::cache
