#include "services/cache/veto_words.h"

namespace weir::cache::veto_words {
namespace {

constexpr std::string_view kNegations =
    "not no never none nobody nothing neither nor without cannot cant dont doesnt didnt isnt "
    "wont arent wasnt werent hasnt havent hadnt shouldnt wouldnt couldnt except excluding lack "
    "lacking unable nowhere hardly non";

constexpr std::string_view kBounds =
    "at_least minimum_of no_less_than not_less_than no_fewer_than a_minimum_of or_more "
    "or_above, at_most maximum_of no_more_than not_more_than a_maximum_of up_to or_less "
    "or_fewer or_below, more_than greater_than larger_than higher_than bigger_than longer_than "
    "older_than above_number over_number exceeding_number exceed_number, less_than fewer_than "
    "smaller_than lower_than shorter_than younger_than below_number under_number, exactly "
    "precisely, about_number approximately around_number roughly";

constexpr std::string_view kQuantifiers =
    "all every each entire whole, some several few, only solely merely exclusively, half, "
    "either, majority, minority";

constexpr std::string_view kUnits =
    "kilometer kilometre km kms, mile mi, meter metre, centimeter centimetre cm, millimeter "
    "millimetre mm, foot feet ft, inch inches, yard, kilogram kg kilo kgs, gram gramme, "
    "milligram mg, pound lb lbs, ounce oz, ton tonne, liter litre, milliliter millilitre ml, "
    "gallon, pint, cup, tablespoon tbsp, teaspoon tsp, celsius centigrade, fahrenheit, kelvin, "
    "millisecond ms, second sec secs, minute mins, hour hr hrs, day, week wk wks, fortnight, "
    "month, quarter, year yr yrs, decade, century, dollar usd bucks, euro eur, sterling gbp, "
    "yen jpy, rupee inr, franc chf, yuan cny renminbi, cent, percent percentage per_cent, "
    "byte, kilobyte kb, megabyte mb, gigabyte gb, terabyte tb, bit, watt, kilowatt kw, volt, "
    "ampere amp amps, hertz hz, megahertz mhz, gigahertz ghz, calorie kcal, joule, acre, "
    "hectare, knot, mph, kph kmh, degree, radian, word, sentence, paragraph, page, line, "
    "character, bullet bullet_point, chapter, slide, token, row, column";

// Of people, of programs, of files. What is a common word as well counts only with its capital.
constexpr std::string_view kLanguages =
    "english, french, german, spanish, italian, portuguese, dutch, russian, chinese, mandarin, "
    "cantonese, japanese, korean, arabic, hebrew, hindi, urdu, bengali, turkish, greek, "
    "swedish, norwegian, danish, finnish, czech, slovak, hungarian, romanian, bulgarian, "
    "ukrainian, vietnamese, thai, indonesian, malay, swahili, latin, irish, welsh, catalan, "
    "persian farsi, tamil, croatian, serbian, tagalog filipino, Polish, python, java, "
    "javascript js, typescript ts, c++ cpp, c# csharp, f#, Rust, Ruby, golang Go, kotlin, "
    "Swift, php, perl, scala, haskell, lua, bash, powershell, sql, fortran, cobol, erlang, "
    "elixir, clojure, matlab, julia, groovy, objective-c, json, csv, xml, yaml yml, html, "
    "markdown, pdf, toml, excel xlsx, tsv, parquet, latex, png, jpg jpeg, svg, mp3, mp4, docx";

constexpr std::string_view kSequences =
    "before prior_to earlier_than, after following, during while amid, until till, since, "
    "within";

constexpr std::string_view kTimes =
    "today, tomorrow, yesterday, tonight, monday, tuesday, wednesday, thursday, friday, "
    "saturday, sunday, weekend, weekday, january jan, february feb, March, april apr, May, "
    "june, july, august aug, september sept sep, october oct, november nov, december dec, "
    "spring, summer, autumn, winter, morning, afternoon, evening, noon midday, midnight, "
    "night, am, pm, daily every_day, weekly every_week, monthly every_month, yearly annually "
    "every_year annual, hourly, quarterly, last_week, next_week, this_week, last_month, "
    "next_month, this_month, last_year, next_year, this_year, future, past";

constexpr std::string_view kDegrees =
    "most largest highest biggest greatest maximum max, least smallest lowest fewest tiniest "
    "minimum min, longest, shortest, oldest eldest, youngest, newest latest most_recent, "
    "earliest, fastest quickest, slowest, cheapest least_expensive, expensivest most_expensive "
    "priciest costliest, best, worst, hottest warmest, coldest coolest, heaviest, lightest, "
    "tallest, deepest, nearest closest, farthest furthest, richest wealthiest, poorest, "
    "strongest, weakest, easiest simplest, hardest, safest, longer, shorter, older elder, "
    "younger, newer, faster quicker, slower, cheaper, better, worse, hotter warmer, colder "
    "cooler, heavier, lighter, taller, deeper, nearer closer, farther further, stronger, "
    "weaker, easier simpler, harder, safer, more larger higher bigger greater, less smaller "
    "lower fewer, average mean avg, median, total sum overall";

constexpr std::string_view kSynonyms =
    "enable activate turn_on switch_on set_up, disable deactivate turn_off switch_off, "
    "advantage benefit pro upside merit strength, disadvantage drawback con downside "
    "shortcoming weakness demerit, cause reason, effect consequence result impact outcome, win "
    "won winner winning victory champion title took_title, lose lost loser losing defeat "
    "runner_up, safe safely okay ok fine, unsafe dangerous unsafely hazardous harmful, "
    "pregnant pregnancy, people inhabitant population resident person persons, create make add "
    "build generate, delete remove erase, write draft implement compose written implementation "
    "author, explain describe explanation description, buy purchase, sell sold sale, begin "
    "start commence started begun, end finish stop ended, complete completed completion, "
    "return send_back sent_back give_back bring_back, refund reimburse reimbursement "
    "money_back, job position role vacancy, employee worker staff personnel, customer client, "
    "movie film, car automobile vehicle, location place site, country nation, city town, "
    "company firm business enterprise corporation, student pupil, teacher instructor, doctor "
    "physician, product item merchandise, cost price fee charge, picture image photo "
    "photograph, error bug fault, fix repair solve resolve, quick fast rapid quickly, distance "
    "far, slow slowly, big large huge great, small little tiny, different distinct unique "
    "difference differ, kind type sort, allow permit permitted allowed let, deny forbid "
    "prohibit refuse, require need required necessary requirement mandatory, optional, receive "
    "get_back, leave depart departure departing, arrive land arrival arriving landing, flight "
    "fly flying, compare comparison versus vs, phone telephone mobile cellphone, increase "
    "raise grow rise, decrease reduce lower_down shrink fall drop, convert conversion "
    "transform, summarize summarise summary, translate translation, function method routine, "
    "import importing, export exporting, upload uploading, download downloading, encrypt "
    "encryption, decrypt decryption, deposit top_up, withdraw withdrawal, open opened, close "
    "closed shut, lock locked, unlock unlocked, include included including contain, exclude "
    "excluded, accept accepted, reject rejected decline declined, approve approved, connect "
    "connected, disconnect disconnected, install installed, uninstall uninstalled, mount, "
    "unmount, freeze frozen, unfreeze, hide hidden, male man men boy masculine, female woman "
    "women girl feminine, husband, wife, father, mother, brother, sister, son, daughter, "
    "uncle, aunt, public, private, internal, external, input, output, source origin, "
    "destination, top, bottom, left, right, up, down, north northern, south southern, east "
    "eastern, west western, front, back, first, last final, old, new, high, low, long, short, "
    "hot warm, cold cool, rich wealthy, poor, strong, weak, hard difficult, easy simple, good, "
    "bad, true, false, positive, negative, major, minor, odd, even, credit, debit, physical, "
    "virtual, incoming, outgoing, inbound, outbound, single, married, alive living, dead "
    "deceased, present, absent, active, inactive, domestic, international, local, remote, "
    "manual manually, automatic automatically auto, gain, loss, profit, borrow, lend, "
    "employer, trainer, trainee, parent, child children, ascend ascending, descend descending, "
    "horizontal, vertical, read, success successful succeed, failure unsuccessful fail, login "
    "log_in sign_in, logout log_out sign_out, always, rarely seldom, often frequently, inside, "
    "outside, above, below, over, under, on, off, cheap inexpensive, expensive, early, late, "
    "push, pull, attach, detach, expand, collapse, unfollow, subscribe, unsubscribe, block, "
    "unblock, wet, dry, heavy, light, thick, thin, wide, narrow, deep, shallow, tall, full, "
    "empty, clean, dirty, loud, quiet, love, hate, like, dislike, ally, enemy, guilty, "
    "innocent, legal, illegal, war, peace, supply, demand, answer, ask, pass, attack, defend, "
    "save, spend, earn, host, guest, upgrade, downgrade, online, offline, ancient, modern, "
    "urban, rural, vegetarian, remember, forget, hire, fire, strengthen, weaken, lengthen, "
    "shorten, production, development, serial, parallel, synchronous, asynchronous, static, "
    "dynamic, mutable, immutable, client_side, server_side, encode, decode, compress, "
    "decompress extract, merge, split, lossy, lossless, acid acidic, alkaline, maximize "
    "maximise, minimize minimise, gross, net, wholesale, retail, before_tax, after_tax";

constexpr std::string_view kOpposites =
    "enable/disable advantage/disadvantage cause/effect win/lose safe/unsafe create/delete "
    "buy/sell begin/end begin/complete allow/deny require/optional leave/arrive "
    "increase/decrease import/export upload/download encrypt/decrypt deposit/withdraw "
    "open/close lock/unlock include/exclude accept/reject approve/reject connect/disconnect "
    "install/uninstall mount/unmount freeze/unfreeze male/female husband/wife father/mother "
    "brother/sister son/daughter uncle/aunt public/private internal/external input/output "
    "source/destination top/bottom left/right up/down north/south north/east north/west "
    "south/east south/west east/west front/back first/last old/new high/low long/short "
    "hot/cold rich/poor strong/weak hard/easy good/bad true/false positive/negative "
    "major/minor odd/even credit/debit physical/virtual incoming/outgoing inbound/outbound "
    "single/married alive/dead present/absent active/inactive domestic/international "
    "local/remote manual/automatic gain/loss profit/loss gain/lose borrow/lend "
    "employer/employee trainer/trainee parent/child ascend/descend horizontal/vertical "
    "read/write success/failure login/logout always/rarely often/rarely inside/outside "
    "above/below over/under on/off cheap/expensive early/late push/pull attach/detach "
    "expand/collapse follow/unfollow subscribe/unsubscribe block/unblock allow/block wet/dry "
    "heavy/light thick/thin wide/narrow deep/shallow tall/short full/empty clean/dirty "
    "loud/quiet love/hate like/dislike ally/enemy guilty/innocent legal/illegal war/peace "
    "supply/demand ask/answer attack/defend save/spend earn/spend host/guest upgrade/downgrade "
    "online/offline ancient/modern urban/rural remember/forget hire/fire strengthen/weaken "
    "lengthen/shorten production/development serial/parallel synchronous/asynchronous "
    "static/dynamic mutable/immutable client_side/server_side encode/decode "
    "compress/decompress merge/split lossy/lossless acid/alkaline maximize/minimize gross/net "
    "wholesale/retail before_tax/after_tax quick/slow big/small pass/failure teacher/student "
    "doctor/patient customer/seller longest/shortest oldest/youngest oldest/newest "
    "newest/earliest fastest/slowest cheapest/expensivest best/worst hottest/coldest "
    "heaviest/lightest tallest/shortest nearest/farthest richest/poorest strongest/weakest "
    "easiest/hardest most/least longer/shorter older/younger older/newer faster/slower "
    "better/worse hotter/colder heavier/lighter taller/shorter nearer/farther stronger/weaker "
    "easier/harder more/less before/after within/after top/worst best/bottom before/during "
    "after/during past/future at_least/at_most more_than/less_than today/tomorrow "
    "today/yesterday tomorrow/yesterday summer/winter spring/autumn morning/evening am/pm "
    "all/some";

constexpr std::string_view kFillers =
    "a an the this that these those of in at by to for from as is are was were be been being "
    "am do does did done doing have has had having i you he she it we they me my mine your "
    "yours his her hers him its our us their them there here what which who whom whose when "
    "where why how can could would should will shall may might must and or but if so than then "
    "please kindly tell show give list find return provide display print see look want wish "
    "know like just also about into onto upon out again any such very too really actually now "
    "own same no_wait no_sorry no_make no_um no_uh no_i no_no no_rather no_how no_what no_when "
    "no_who no_where no_which no_why or_no oops good_morning good_afternoon good_evening "
    "good_day much_appreciated hi hello hey dear thank thanks cheers regards sorry "
    "quick_question question help say said wonder possible possibly able way step go called "
    "call get got let lets use using used work currently mean via per i'm i've i'd i'll im ive "
    "id it's that's what's who's where's how's let's don you're they're we're there's he's "
    "she's owe someone something somebody anyone anything one ones else etc e eg ie ah uh um "
    "well er hmm instead rather wait excuse greetings appreciate advance much many number "
    "count format going take takes took taken put happen happened occur become became come "
    "came many_thanks thing stuff lot try trying function_that output_as";

}  // namespace

std::string_view Negations() { return kNegations; }
std::string_view Bounds() { return kBounds; }
std::string_view Quantifiers() { return kQuantifiers; }
std::string_view Units() { return kUnits; }
std::string_view Languages() { return kLanguages; }
std::string_view Sequences() { return kSequences; }
std::string_view Times() { return kTimes; }
std::string_view Degrees() { return kDegrees; }
std::string_view Synonyms() { return kSynonyms; }
std::string_view Opposites() { return kOpposites; }
std::string_view Fillers() { return kFillers; }

}  // namespace weir::cache::veto_words
