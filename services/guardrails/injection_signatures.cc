#include "services/guardrails/injection_signatures.h"

#include <algorithm>
#include <array>
#include <bit>

#include "common/text/ascii.h"
#include "services/guardrails/injection_words.h"

namespace weir::guardrails {
namespace {

using Family = InjectionFamily;

// Words in their order: classes in capitals, ".3": up to three other words between, "a/b": either.
struct Signature {
  Family family;
  double weight;
  std::string_view words;
};
constexpr Signature kSignatures[] = {
    {Family::kOverride, 0.92, "FORGET ALL .1 PRIOR .2 RULES"},
    {Family::kOverride, 0.92, "FORGET .2 RULES .2 PRIOR"},
    {Family::kOverride, 0.9, "FORGET .1 YOUR .2 RULES"},
    {Family::kOverride, 0.88, "FORGET .1 RULES .1 YOU .2 PRIOR/TOLD"},
    {Family::kOverride, 0.8, "FORGET ALL .3 RULES"},
    {Family::kOverride, 0.8, "FORGET the/these/those/any/die/les/las/os/as/le/de RULES"},
    {Family::kOverride, 0.85, "FORGET .1 SYSTEM RULES"},
    {Family::kOverride, 0.85, "FORGET .2 RULES .2 SYSTEM"},
    {Family::kOverride, 0.85, "FORGET .2 PRIOR/ALL .1 TALK"},
    {Family::kOverride, 0.86, "FORGET ALL .3 PRIOR/TOLD"},
    {Family::kOverride, 0.86, "FORGET ALL .2 YOU .2 TOLD"},
    {Family::kOverride, 0.82, "FORGET .2 above and/und/e/et/y/en/i"},
    {Family::kOverride, 0.8, "NO .2 FOLLOW .2 YOUR/PRIOR/SYSTEM .2 RULES"},
    {Family::kOverride, 0.85, "STOP FOLLOW .3 RULES"},
    {Family::kOverride, 0.85, "NO .2 FOLLOW .1 SYSTEM PROMPT"},
    {Family::kOverride, 0.7, "no longer .3 RULES"},
    {Family::kOverride, 0.85, "RULES .4 DISABLED"},
    {Family::kOverride, 0.85, "YOUR .2 SAFETY .3 DISABLED"},
    {Family::kOverride, 0.85, "discard PRIOR TALK"},
    {Family::kOverride, 0.8, "NEW RULES .2 from .1 AUTH"},
    {Family::kOverride, 0.5, "NEW RULES .12 replace/supersede/override .2 PRIOR/ones/RULES"},
    {Family::kOverride, 0.82, "FORGET .2 PRIOR RULES .1 NEW TASK"},
    {Family::kOverride, 0.86, "PRIOR TALK .2 was .3 test"},
    {Family::kOverride, 0.55, "the real task"},
    {Family::kOverride, 0.55, "your only task is"},
    {Family::kOverride, 0.6, "your new task/TASK .1 is"},
    {Family::kOverride, 0.8, "AUTH .4 authorise/authorize/order/command/permit .2 you .1 to"},
    {Family::kOverride, 0.82, "drop your restrictions"},
    {Family::kOverride, 0.82, "whatever YOUR RULES say"},
    {Family::kOverride, 0.8, "no longer have RULES"},
    {Family::kOverride, 0.75, "no longer .2 bound"},
    {Family::kOverride, 0.85, "PRIOR RULES yok say"},
    {Family::kOverride, 0.8, "stop everything"},
    {Family::kOverride, 0.6, "nevermind"},
    {Family::kOverride, 0.75, "FORGET .2 TASK .1 and instead"},
    {Family::kOverride, 0.7, "instead of .3 RULES"},

    {Family::kPersona, 0.9, "do anything now"},
    {Family::kPersona, 0.85,
     "developer/dev/god/jailbreak/dan/debug mode .2 enabled/output/on/activated/where"},
    {Family::kPersona, 0.85, "YOU .3 are .1 now .2 in MODES MODE"},
    {Family::kPersona, 0.8, "simulate/enable/activate/enter .1 MODES MODE"},
    {Family::kPersona, 0.85, "ROLE .4 DANS"},
    {Family::kPersona, 0.8, "you are .3 DANS"},
    {Family::kPersona, 0.8, "respond/answer only as DANS"},
    {Family::kPersona, 0.75, "stay in character .12 UNBOUND"},
    {Family::kPersona, 0.7, "broken free"},
    {Family::kPersona, 0.85, "FREE .3 typical confines"},
    {Family::kPersona, 0.85, "FREE of/from .2 ALL .2 LIMITS"},
    {Family::kPersona, 0.8, "abide by .1 the rules"},
    {Family::kPersona, 0.85, "NO .2 have .1 to .1 FOLLOW .3 LIMITS"},
    {Family::kPersona, 0.85, "NO .1 FOLLOW .3 openai"},
    {Family::kPersona, 0.75, "NO ALL .2 LIMITS"},
    {Family::kPersona, 0.72, "NO LIMITS or LIMITS"},
    {Family::kPersona, 0.7, "NO .1 LIMITS .2 whatsoever/apply/applies"},
    {Family::kPersona, 0.75, "NO .1 bound .2 LIMITS"},
    {Family::kPersona, 0.8, "ROLE .3 ASSISTANT .2 NO .2 LIMITS"},
    {Family::kPersona, 0.75, "UNBOUND .3 PERSONA"},
    {Family::kPersona, 0.7, "UNBOUND .2 UNBOUND"},
    {Family::kPersona, 0.7, "UNBOUND .2 response/responses/answer/answers/reply/chatbot/language"},
    {Family::kPersona, 0.5, "LIMITS .2 do not apply"},
    {Family::kPersona, 0.8, "NO .2 remorse or ethics"},
    {Family::kPersona, 0.75, "never REFUSE"},
    {Family::kPersona, 0.7, "NO .1 REFUSE .5 request/requests/answer/prompt/question/user"},
    {Family::kPersona, 0.5, "bypass/evade/circumvent .3 LIMITS"},
    {Family::kPersona, 0.8, "openai .3 LIMITS"},
    {Family::kPersona, 0.5, "NO .2 moral/morals/ethical/ethics/morality"},
    {Family::kPersona, 0.5, "from now on .2 you/your"},
    {Family::kPersona, 0.5, "from now own .2 you"},
    {Family::kPersona, 0.5, "immerse yourself"},
    {Family::kPersona, 0.75, "two/2 .2 responses/ways .6 normal/gpt/chatgpt"},
    {Family::kPersona, 0.75, "stay in dan/character .3 token/tokens"},
    {Family::kPersona, 0.5, "break character"},
    {Family::kPersona, 0.5, "knowledge cut off"},
    {Family::kPersona, 0.5, "illegal .3 unethical/immoral/harmful/dangerous/acts"},
    {Family::kPersona, 0.5, "unethical .3 illegal/immoral/harmful/dangerous/amoral"},
    {Family::kPersona, 0.5, "as an .1 UNBOUND"},
    {Family::kPersona, 0.5, "you must comply"},
    {Family::kPersona, 0.5, "ALL .1 TALK LIMITS .2 DISABLED"},
    {Family::kPersona, 0.5, "prompt/insert your prompt/here"},
    {Family::kPersona, 0.5, "hello/hi/hey chatgpt"},
    {Family::kPersona, 0.5, "moral/ethical .2 LIMITS"},
    {Family::kPersona, 0.5, "swear/curse words/word"},
    {Family::kPersona, 0.5, "act like .3 unrestricted"},

    {Family::kExtraction, 0.86, "REVEAL .3 SYSTEM PROMPT"},
    {Family::kExtraction, 0.84, "REVEAL .2 YOUR .2 PROMPT"},
    {Family::kExtraction, 0.74, "REVEAL .3 TALK/PROMPT/words/everything above"},
    {Family::kExtraction, 0.86, "TALK above .3 verbatim"},
    {Family::kExtraction, 0.8, "what .1 are/is/were/was YOUR .2 SYSTEM PROMPT"},
    {Family::kExtraction, 0.78, "what .1 are/is/were/was YOUR PROMPT"},
    {Family::kExtraction, 0.8, "PROMPT .1 you were/was given"},
    {Family::kExtraction, 0.8, "PROMPT .1 given .1 to you"},
    {Family::kExtraction, 0.8, "list .2 words .2 PROMPT"},
    {Family::kExtraction, 0.75, "your .2 complete list of PROMPT"},
    {Family::kExtraction, 0.62, "what is the password"},
    {Family::kExtraction, 0.7, "confirm .1 the password"},
    {Family::kExtraction, 0.8, "list every/all tool/tools .2 you can call/use"},
    {Family::kExtraction, 0.45, "word for word"},

    {Family::kToolOrder, 0.8, "NO .1 tell/inform/mention/notify/alert .1 the USER"},
    {Family::kToolOrder, 0.7, "must not mention it/this"},
    {Family::kToolOrder, 0.8, "ASSISTANT reading this"},
    {Family::kToolOrder, 0.8, "if you are an ASSISTANT"},
    {Family::kToolOrder, 0.75, "ASSISTANT must .3 CALLS/SENDS/REVEAL"},
    {Family::kToolOrder, 0.6, "important .3 ASSISTANT"},
    {Family::kToolOrder, 0.7, "CALLS the .1 function .1 for"},
    {Family::kToolOrder, 0.7, "approve .2 refund without"},
    {Family::kToolOrder, 0.6, "ASSISTANT .4 instructed/required to"},
    {Family::kToolOrder, 0.7, "repeat after me and .1 obey"},

    {Family::kExfiltration, 0.82, "SENDS .4 DATA .2 to .2 URL"},
    {Family::kExfiltration, 0.7, "append .3 DATA .3 url/link"},

    {Family::kEncoded, 0.8, "DECODE .2 ENCODED .3 OBEY .2 says/it/instructions/that"},
    {Family::kEncoded, 0.75, "ENCODED .2 then OBEY .1 it"},
    {Family::kOverride, 0.9, "FORGET .1 PRIOR .1 RULES"},
    {Family::kOverride, 0.88, "PRIOR .1 RULES .3 FORGET"},
    {Family::kOverride, 0.88, "pretend .3 PRIOR .1 RULES .2 never/not/do/did"},
    {Family::kOverride, 0.85, "PRIOR .2 RULES .3 DISABLED"},
    {Family::kOverride, 0.8, "RULES .2 not required/valid/needed/apply"},
    {Family::kOverride, 0.82, "RULES .1 never existed"},
    {Family::kOverride, 0.8, "stop processing .1 RULES"},
    {Family::kPersona, 0.85, "you have been jailbroken"},
    {Family::kPersona, 0.82, "bypass/evade/circumvent/disable .1 your .2 SAFETY"},
    {Family::kPersona, 0.7, "you have NO LIMITS"},
    {Family::kPersona, 0.8, "not subject .1 to .3 LIMITS"},
    {Family::kPersona, 0.75, "no longer .1 chatgpt/chat/ai"},
    {Family::kPersona, 0.82, "stands for .2 do/say/does/strive .1 anything/avoid"},
    {Family::kPersona, 0.75, "opposite of .2 chatgpt"},
    {Family::kPersona, 0.5, "set you free"},
    {Family::kPersona, 0.5, "pretend .4 no .1 LIMITS"},
    {Family::kPersona, 0.8, "you .3 no rules to follow"},
    {Family::kPersona, 0.5, "jailbreak/jailbroken/jailbreaks"},
    {Family::kPersona, 0.3, "as an ai language model"},
    {Family::kPersona, 0.35, "openai"},
    {Family::kPersona, 0.3, "chatgpt"},
    {Family::kPersona, 0.4, "UNBOUND"},
    {Family::kPersona, 0.5, "stay/remain in character"},
    {Family::kPersona, 0.35, "hate speech"},
    {Family::kPersona, 0.4, "nsfw"},
    {Family::kPersona, 0.35, "profanity/vulgar/swear/cuss/curse/cursing"},
    {Family::kPersona, 0.45, "NO .2 apologize/censor/disclaim/moralize/lecture"},
    {Family::kPersona, 0.5, "NO .1 REFUSE"},
    {Family::kPersona, 0.35, "illegal/unethical/immoral"},
    {Family::kPersona, 0.3, "no matter how/what"},
    {Family::kPersona, 0.3, "two/2 .3 ways/responses/outputs"},
    {Family::kPersona, 0.3,
     "prefix/prefixed/begin/start .4 response/responses/answer/answers/reply"},
    {Family::kPersona, 0.5, "no .1 morals/ethics/morality"},
    {Family::kPersona, 0.5, "disregard/disregards .2 LIMITS"},
    {Family::kPersona, 0.3, "from now on"},
    {Family::kPersona, 0.35, "you are now"},
    {Family::kPersona, 0.5, "ignore ethical/ethics/morals/morality"},
    {Family::kPersona, 0.3, "in this hypothetical"},
    {Family::kPersona, 0.5, "fictional .2 world/universe .6 LIMITS"},
    {Family::kExtraction, 0.82, "PROMPT .1 you .2 been/were/are given/told/provided"},
    {Family::kExtraction, 0.84, "PROMPT .2 given to you"},
    {Family::kExtraction, 0.84,
     "REVEAL .2 api/secret/access key/keys .4 context/prompt/config/instructions/system"},
    {Family::kExtraction, 0.82,
     "REVEAL .2 the/your .1 secret/admin password/passphrase/passcode/key/code/word"},
    {Family::kExtraction, 0.78, "REVEAL .1 me the/your password/passwords/passphrase"},
    {Family::kExtraction, 0.78, "what .1 is your/the secret/admin key/password/passphrase/code"},
    {Family::kFormat, 0.7, "instruction .6 response .1 i will"},
};
constexpr size_t kMostHits = 512;
// A signature is not longer than that.
constexpr size_t kReach = 32;

// Any of some classes, after up to `gap` other words.
struct Element {
  WordClasses classes;
  size_t gap = 0;
};
struct Compiled {
  std::vector<Element> elements;
};

bool IsClassName(std::string_view name) { return text::IsUpper(name.front()); }

std::vector<Compiled> CompileAll() {
  std::vector<Compiled> all;
  for (const Signature& each : kSignatures) {
    Compiled compiled;
    Element element;
    for (std::string_view part : text::Split(each.words, ' ')) {
      if (part.starts_with('.')) {
        element.gap = static_cast<size_t>(part[1] - '0');
        if (part.size() > 2) element.gap = 10 * element.gap + static_cast<size_t>(part[2] - '0');
        continue;
      }
      for (std::string_view name : text::Split(part, '/')) {
        if (const auto named = WordClassNamed(name)) element.classes.set(*named);
      }
      compiled.elements.push_back(element);
      element = {};
    }
    all.push_back(std::move(compiled));
  }
  return all;
}

struct Index {
  std::vector<Compiled> signatures = CompileAll();
  // By class: signatures that begin with it.
  std::array<std::vector<uint16_t>, kMostWordClasses> by_first;
  WordClasses firsts;

  Index() {
    for (uint16_t i = 0; i < signatures.size(); ++i) {
      const WordClasses& first = signatures[i].elements.front().classes;
      firsts |= first;
      for (size_t each = 0; each < kMostWordClasses; ++each) {
        if (first.test(each)) by_first[each].push_back(i);
      }
    }
  }
};

const Index& TheIndex() {
  static const Index kIndex;
  return kIndex;
}

class Finder {
 public:
  explicit Finder(const std::vector<ReadWord>& words) : words_(words) {
    classes_.reserve(words.size());
    for (const ReadWord& each : words) classes_.push_back(&ClassesOf(each.text()));
  }

  std::vector<SignatureHit> Run() {
    const Index& index = TheIndex();
    for (size_t i = 0; i < words_.size() && hits_.size() < kMostHits; ++i) {
      const WordClasses begins = *classes_[i] & index.firsts;
      if (begins.none()) continue;
      for (size_t each = begins._Find_first(); each < begins.size();
           each = begins._Find_next(each)) {
        for (const uint16_t signature : index.by_first[each]) Try(signature, i);
      }
    }
    return std::move(hits_);
  }

 private:
  // Bit k: the elements so far can end at word first + k.
  void Try(uint16_t signature, size_t first) {
    if (!hits_.empty() && hits_.back().first == first && hits_.back().signature == signature)
      return;
    uint32_t ends = 1;
    const auto& elements = TheIndex().signatures[signature].elements;
    const size_t size = SentenceFrom(first);
    for (size_t i = 1; i < elements.size() && ends != 0; ++i) {
      ends = Next(ends, elements[i], first, size);
    }
    if (ends == 0) return;
    const size_t last = first + static_cast<size_t>(std::countr_zero(ends));
    const Signature& of = kSignatures[signature];
    hits_.push_back({first, last, signature, of.family, of.weight});
  }
  size_t SentenceFrom(size_t first) const {
    size_t size = 1;
    while (size < kReach && first + size < words_.size() && !words_[first + size].begins_sentence) {
      ++size;
    }
    return size;
  }
  uint32_t Next(uint32_t ends, const Element& element, size_t first, size_t size) const {
    uint32_t next = 0;
    for (uint32_t left = ends; left != 0; left &= left - 1) {
      const auto from = static_cast<size_t>(std::countr_zero(left)) + 1;
      for (size_t k = from; k < size && k <= from + element.gap; ++k) {
        if ((*classes_[first + k] & element.classes).any()) next |= uint32_t{1} << k;
      }
    }
    return next;
  }

  const std::vector<ReadWord>& words_;
  std::vector<const WordClasses*> classes_;
  std::vector<SignatureHit> hits_;
};

}  // namespace

std::string_view NameOf(InjectionFamily family) {
  constexpr std::array<std::string_view, 9> kNames = {"override", "persona",    "extraction",
                                                      "format",   "tool-order", "exfiltration",
                                                      "encoded",  "hidden",     "wording"};
  return kNames[static_cast<size_t>(family)];
}

std::vector<SignatureHit> FindSignatures(const std::vector<ReadWord>& words) {
  return Finder(words).Run();
}

std::vector<std::string_view> LiteralWordsOfSignatures() {
  std::vector<std::string_view> all;
  for (const Signature& each : kSignatures) {
    for (std::string_view part : text::Split(each.words, ' ')) {
      if (part.starts_with('.')) continue;
      for (std::string_view name : text::Split(part, '/')) {
        if (!IsClassName(name)) all.push_back(name);
      }
    }
  }
  return all;
}

}  // namespace weir::guardrails
