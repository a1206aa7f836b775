#include "services/cache/feature_lexicon.h"

#include <algorithm>
#include <unordered_map>
#include <unordered_set>
#include <vector>

#include "services/cache/word_list.h"

namespace weir::cache::features {
namespace {

constexpr std::string_view kStopWords =
    "a an the of in on at to for from by with is are was were be been being am do does did "
    "done have has had i you he she it we they me my your his her its our their this that "
    "these those and or but if so as than then there here what which who whom whose when "
    "where why how can could would should will shall may might must please tell show give "
    "list find get want need like also just about into over under up down out off again all "
    "any each some no not nor only own same such too very s t don now 'd 've 'm 're im ive id "
    "let us";

constexpr std::string_view kNegations =
    "not no never none nobody nothing neither nor without cannot cant unable except exclude "
    "excluding lack lacks lacking dont doesnt didnt isnt wont";

constexpr std::string_view kUnits =
    "km miles mile meters metres feet kg pounds lbs celsius fahrenheit usd eur euros dollars "
    "gbp cm inches liters litres gallons hours minutes seconds days weeks months years mb gb "
    "kb tb percent grams ounces";

constexpr std::string_view kOpposites =
    "on/off enable/disable enabled/disabled increase/decrease increasing/decreasing "
    "ascending/descending max/min maximum/minimum most/least more/less more/fewer "
    "highest/lowest high/low higher/lower largest/smallest large/small big/small "
    "biggest/smallest longest/shortest long/short oldest/youngest old/young old/new "
    "oldest/newest earliest/latest early/late first/last before/after above/below over/under "
    "open/close opened/closed open/closed start/stop start/end begin/end add/remove "
    "add/delete create/delete buy/sell send/receive sent/received login/logout allow/deny "
    "allow/block accept/reject accepted/rejected accepted/declined include/exclude "
    "including/excluding with/without always/never all/none every/no import/export "
    "upload/download encrypt/decrypt male/female men/women man/woman boy/girl husband/wife "
    "father/mother positive/negative true/false up/down in/out left/right north/south "
    "east/west win/lose won/lost winner/loser hot/cold cheap/expensive cheapest/expensive "
    "fast/slow fastest/slowest best/worst good/bad better/worse deposit/withdraw "
    "deposit/withdrawal top/bottom public/private arrive/depart arrival/departure "
    "arriving/departing source/destination lock/unlock mount/unmount install/uninstall "
    "connect/disconnect activate/deactivate freeze/unfreeze visible/hidden show/hide "
    "major/minor virtual/physical debit/credit same/different alive/dead present/absent "
    "exceed/below average/total sum/average count/sum today/tomorrow today/yesterday "
    "yesterday/tomorrow daily/weekly daily/monthly weekly/monthly monthly/yearly "
    "morning/evening summer/winter spring/autumn either/both any/all some/all json/csv "
    "json/xml csv/xml json/yaml";

// The words of the list "a/b c/d", and who is opposed to whom.
struct OppositeTable {
  std::unordered_map<std::string_view, OppositeId> ids;
  std::vector<std::vector<OppositeId>> opposed;

  OppositeId Add(std::string_view word) {
    const auto [at, added] = ids.try_emplace(word, static_cast<OppositeId>(opposed.size()));
    if (added) opposed.emplace_back();
    return at->second;
  }
};

void Oppose(OppositeTable& table, OppositeId one, OppositeId other) {
  std::vector<OppositeId>& known = table.opposed[one];
  const auto at = std::ranges::lower_bound(known, other);
  if (at == known.end() || *at != other) known.insert(at, other);
}

const OppositeTable& Opposites() {
  static const OppositeTable* const table = [] {
    auto* made = new OppositeTable;  // Lives as long as the process.
    for (const std::string_view pair : WordList(kOpposites)) {
      const size_t slash = pair.find('/');
      const OppositeId one = made->Add(pair.substr(0, slash));
      const OppositeId other = made->Add(pair.substr(slash + 1));
      Oppose(*made, one, other);
      Oppose(*made, other, one);
    }
    return made;
  }();
  return *table;
}

const std::unordered_map<std::string_view, std::string_view>& Numbers() {
  static const auto* const numbers = new std::unordered_map<std::string_view, std::string_view>{
      {"zero", "0"},         {"one", "1"},        {"two", "2"},       {"three", "3"},
      {"four", "4"},         {"five", "5"},       {"six", "6"},       {"seven", "7"},
      {"eight", "8"},        {"nine", "9"},       {"ten", "10"},      {"eleven", "11"},
      {"twelve", "12"},      {"thirteen", "13"},  {"fourteen", "14"}, {"fifteen", "15"},
      {"sixteen", "16"},     {"seventeen", "17"}, {"eighteen", "18"}, {"nineteen", "19"},
      {"twenty", "20"},      {"first", "1"},      {"second", "2"},    {"third", "3"},
      {"once", "1"},         {"twice", "2"},      {"hundred", "100"}, {"thousand", "1000"},
      {"million", "1000000"}};
  return *numbers;
}

const std::unordered_map<std::string_view, int>& QuestionClasses() {
  static const auto* const classes = new std::unordered_map<std::string_view, int>{
      {"what", 1}, {"which", 1}, {"who", 2}, {"whom", 2}, {"whose", 2},
      {"when", 3}, {"where", 4}, {"why", 5}, {"how", 6}};
  return *classes;
}

}  // namespace

bool IsStopWord(std::string_view word) {
  static const WordSet* const words = new WordSet(WordSetOf(kStopWords));
  return words->contains(word);
}

bool IsNegation(std::string_view word) {
  static const WordSet* const words = new WordSet(WordSetOf(kNegations));
  return word.ends_with("n't") || words->contains(word);
}

int QuestionClass(std::string_view word) {
  const auto at = QuestionClasses().find(word);
  return at == QuestionClasses().end() ? 0 : at->second;
}

std::string_view NumberOf(std::string_view word) {
  const auto at = Numbers().find(word);
  return at == Numbers().end() ? std::string_view() : at->second;
}

bool IsUnit(std::string_view word) {
  static const WordSet* const words = new WordSet(WordSetOf(kUnits));
  return words->contains(word);
}

std::optional<OppositeId> FindOpposite(std::string_view word) {
  const auto at = Opposites().ids.find(word);
  if (at == Opposites().ids.end()) return std::nullopt;
  return at->second;
}

std::span<const OppositeId> OppositesOf(OppositeId id) { return Opposites().opposed[id]; }

}  // namespace weir::cache::features
