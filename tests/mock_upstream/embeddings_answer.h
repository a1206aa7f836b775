#pragma once

#include "tests/mock_upstream/answer.h"
#include "tests/mock_upstream/api_request.h"

namespace weir::mock {

// One unit vector an input, the same for the same text and dimension. Texts that differ at all get
// unrelated vectors: closeness means nothing here. Usage is the inputs' words.
AnswerPtr EmbeddingsAnswer(const EmbeddingsRequest& request, const Behaviour& behaviour);

}  // namespace weir::mock
