#include "services/guardrails/injection_words.h"

#include <array>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

#include "common/text/ascii.h"
#include "services/guardrails/injection_signatures.h"
#include "services/guardrails/word_reading.h"

namespace weir::guardrails {
namespace {

// Folded; with '*' whatever begins so.
struct NamedWords {
  std::string_view name, words;
};
constexpr NamedWords kClasses[] = {
    {"FORGET",
     "ignore ignores ignoring disregard* forget forgetting overlook bypass bypassing discard "
     "override overriding overrule neglect "
     "ignoriere ignorieren ignorier vergiss vergessen vergesse missachte ignorez oublie oubliez "
     "oublier neglige ignora ignorar ignoren ignorad olvida olvidar olvide olviden "
     "descarta esqueca esqueça esquecer ignorem desconsidere dimentica dimenticare ignorate "
     "ignorare scorda negeer vergeet zignoruj zignorowac zapomnij pomin yoksay unut "
     "glom ignorera ignoruj zapomen ignorati uita ignorati ignorujte abaikan lupakan kalimutan "
     "balewalain huwag"},
    {"STOP", "stop cease quit never"},
    {"FOLLOW",
     "follow following obey obeying comply complying adhere abide respect heed observe apply"},
    {"ALL",
     "all any every each everything anything alle alles allen jede toutes tous tout toda todas "
     "todo todos tutte tutti tutto alle wszystkie wszystko tum butun alla vsechny toate semua "
     "lahat whatever whole entire"},
    {"PRIOR",
     "previous previously prior above earlier preceding before foregoing past former initial "
     "original existing old given received far vorherigen vorherige vorangegangenen obigen "
     "bisherigen fruheren "
     "precedentes precedente precedents precedent dessus anterieures anteriores anterior previas "
     "previos precedenti sopra eerdere vorige bovenstaande poprzednie poprzednich wczesniejsze "
     "onceki yukaridaki tidigare "
     "predchozi anterioare sebelumnya nakaraang naunang"},
    {"RULES",
     "instruction instructions prompt prompts rule rules guideline guidelines direction directions "
     "directive directives command commands order orders policy policies restriction* constraint* "
     "programming safeguard* protocol* limitation* guardrail* anweisung* regeln vorgaben befehle "
     "richtlinien consignes consigne instructions regles ordres directives instrucciones "
     "instruccion reglas ordenes directrices "
     "instrucoes regras ordens diretrizes istruzioni istruzione regole ordini direttive "
     "instructies regels opdrachten polecenia instrukcje zasady talimat* kural* instruktion* "
     "pokyny instructiuni instruksi* tagubilin"},
    {"TOLD", "told said learned learnt taught instructed programmed trained know knew"},
    {"TALK",
     "text message messages conversation conversations context input question content data "
     "documents chat"},
    {"SYSTEM",
     "system developer hidden secret internal confidential initial original preprompt pre starting "
     "first base core underlying"},
    {"PROMPT",
     "prompt prompts instruction instructions message messages rules guidelines configuration "
     "setup directive directives preprompt systemprompt anweisungen instrucciones instrucoes "
     "istruzioni consignes instructies"},
    {"SECRET",
     "password passwords passwort passphrase contrasena senha mot secret secrets key keys token "
     "tokens credential* apikey api_key passcode haslo wachtwoord parola sifre"},
    {"REVEAL",
     "reveal reveals print prints show shows output outputs display repeat repeats tell give leak "
     "dump disclose expose share list write recite type return state summarize summarise translate "
     "provide say copy echo paste send post reproduce describe zeige zeig nenne verrate montre "
     "affiche donne revele muestra revela dime imprime mostra rivela dimmi stampa toon geef pokaz "
     "wypisz ujawnij"},
    {"VERBATIM", "verbatim literally exactly entirety word unchanged full complete"},
    {"YOUR",
     "your ur thy dein deine deinen deiner tes ton votre vos tu tus su sus teu seu seus suas tuo "
     "tua tuoi tue je jouw uw twoj twoje twoich senin"},
    {"YOU",
     "you u chatgpt gpt gpt4 ai assistant model llm bot chatbot claude bard gemini copilot clyde "
     "du ihr tu vous usted voce lei jij ty sen"},
    {"ASSISTANT", "assistant ai llm model chatbot bot agent gpt chatgpt claude copilot"},
    {"ROLE",
     "act acting behave pretend pretending roleplay roleplaying simulate simulating imagine "
     "impersonate emulate imitate become immerse portray embody respond reply answer speak"},
    {"AS", "as like als comme como come als jako"},
    {"NOW",
     "now henceforth onward onwards today jetzt maintenant ahora agora adesso ora nu teraz simdi"},
    {"UNBOUND",
     "unfiltered uncensored unrestricted amoral immoral unethical unhinged lawless unaligned "
     "unconstrained unlimited limitless nsfw jailbroken unchained unshackled unbound untethered "
     "unmoderated filterless "
     "boundless liberated deprogrammed uninhibited evil malicious"},
    {"FREE",
     "free freed liberated broken unbound escaped released break breaks breaking rid exempt "
     "immune"},
    {"NO",
     "no without not never neither none lacking zero dont doesnt cannot cant wont isnt arent ohne "
     "sans sin sem senza zonder bez"},
    {"LIMITS",
     "restriction* limit limits limitation* filter filters rules rule ethics ethical moral morals "
     "morality guideline guidelines policy policies censorship boundaries constraint* safety law "
     "laws content legal legality "
     "openai anthropic confines bias biases warnings disclaimer* safeguard* regulations norms "
     "principles inhibitions consequences remorse terms tos"},
    {"DANS",
     "dan dans stan dude aim antigpt antidan jailbreak jailbreaks jailbroken devmode evilbot "
     "freebot freegpt darkgpt badgpt basedgpt chadgpt maximum mongo sda duo ucar condor betterdan "
     "superdan supergpt truegpt "
     "mosaic opposite hypothetical lacan alphabreak eviltrustedconfidant aiml khajiit lucifer "
     "demon tyrone kevin"},
    {"MODE", "mode modus modo modalita modalite tryb kipi"},
    {"MODES",
     "developer dev debug god sudo root admin administrator maintenance unrestricted jailbreak "
     "test opposite dan unsafe unlocked override evil"},
    {"PERSONA",
     "persona character role chatbot model entity version alter ego personality being machine bot "
     "ai assistant"},
    {"NEW",
     "new neue neuen nouvelles nouvelle nuevas nueva novas nova nuove nuova nieuwe nowe yeni real "
     "actual true updated following next different instead"},
    {"TASK",
     "task tasks instruction instructions aufgabe anweisungen tache tarea tarefa compito taak "
     "zadanie objective goal mission orders job order"},
    {"REFUSE",
     "refuse refuses refusing refused decline declines deny reject apologize apologise sorry warn "
     "lecture disclaim moralize"},
    {"USER",
     "user users human customer reader recipient person operator nutzer benutzer utilisateur "
     "usuario utente gebruiker"},
    {"SENDS",
     "send forward email post upload transmit exfiltrate submit leak transfer wire deliver append "
     "attach sende envoie envia invia stuur wyslij gonder"},
    {"DATA",
     "conversation history chat data information details contents emails messages file files "
     "contacts passwords credentials secrets cookies record records documents database transcript "
     "gesprach"},
    {"URL", "http https url link webhook server endpoint site website address attacker evil"},
    {"CALLS",
     "call invoke execute run use trigger open click visit delete transfer approve buy purchase "
     "install download grant authorize disable"},
    {"TOOL", "tool tools function functions command commands plugin api shell code script"},
    {"ASK",
     "what why how when where who which explain mean means meaning summarise summarize summary "
     "article titled title define definition difference example examples classify detect phrase "
     "sentence error message fails says log "
     "docs documentation translate paraphrase is does can was heisst bedeutet significa signifie "
     "traduis traduire artikel translation story blog paper book song quote"},
    {"ASKHOW",
     "how can could should may might would if when whether why wie comment como come hoe jak nasil "
     "i we they he she it did doctor to want wants wanted need needs tried trying will cannot cant "
     "told"},
    {"DISABLED",
     "disabled off suspended lifted removed deactivated void cancelled canceled null obsolete "
     "expired inactive revoked false invalid"},
    {"SAFETY",
     "safety training filter filters restrictions guidelines guardrails moderation ethics "
     "alignment safeguards censorship content security"},
    {"AUTH",
     "administrator admin developer owner creator engineer operator supervisor manager authorise "
     "authorize authorised authorized permission openai root god"},
    {"ENCODED",
     "base64 rot13 hex hexadecimal binary morse caesar cipher ciphertext encoded reversed "
     "backwards"},
    {"DECODE", "decode decipher decrypt apply unscramble reverse translate interpret convert"},
    {"OBEY", "do follow execute obey perform carry comply answer run act"},
    {"HACKED", "pwned hacked hijacked jailbroken haha lol owned"},
};

// By the hash of a word, and of the beginnings that have a '*'.
struct Words {
  std::unordered_map<uint64_t, WordClasses> whole, beginnings;
  std::map<std::string, size_t, std::less<>> names;

  size_t Name(std::string_view name) {
    return names.try_emplace(std::string(name), names.size()).first->second;
  }
  void Add(std::string_view word, size_t of) {
    const bool is_beginning = word.ends_with('*');
    if (is_beginning) word.remove_suffix(1);
    (is_beginning ? beginnings : whole)[HashOfWord(word)].set(of % kMostWordClasses);
  }

  Words() {
    std::vector<std::string> all;
    for (const NamedWords& each : kClasses) {
      const size_t of = Name(each.name);
      for (std::string_view word : text::Split(each.words, ' ')) {
        if (word.empty()) continue;
        Add(word, of);
        all.emplace_back(word);
      }
    }
    for (std::string_view word : LiteralWordsOfSignatures()) {
      Add(word, Name(word));
      all.emplace_back(word);
    }
    for (const std::string& each : all) Inherit(each);
  }
  // A word is of the classes of its beginnings, too.
  void Inherit(const std::string& word) {
    const auto whole_word = whole.find(HashOfWord(word));
    if (whole_word == whole.end()) return;
    WordHash hash;
    for (const char each : word) {
      hash.Add(each);
      const auto beginning = beginnings.find(hash.value());
      if (beginning != beginnings.end()) whole_word->second |= beginning->second;
    }
  }
};

const Words& AllWords() {
  static const Words kWords;
  return kWords;
}

constexpr size_t kShortestBeginning = 4;

}  // namespace

const WordClasses& ClassesOf(std::string_view folded) {
  static const WordClasses kNone;
  const Words& words = AllWords();
  WordHash hash;
  const WordClasses* found = nullptr;
  for (size_t i = 0; i < folded.size(); ++i) {
    hash.Add(folded[i]);
    if (i + 1 < kShortestBeginning) continue;
    const auto beginning = words.beginnings.find(hash.value());
    if (beginning != words.beginnings.end()) found = &beginning->second;
  }
  const auto whole = words.whole.find(hash.value());
  if (whole != words.whole.end()) return whole->second;
  return found != nullptr ? *found : kNone;
}

bool IsKnownWord(std::string_view folded) { return ClassesOf(folded).any(); }

std::optional<size_t> WordClassNamed(std::string_view name) {
  const auto found = AllWords().names.find(name);
  if (found == AllWords().names.end()) return std::nullopt;
  return found->second;
}

}  // namespace weir::guardrails
