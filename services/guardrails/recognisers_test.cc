// What each recogniser finds, and what it leaves alone.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "services/guardrails/marked_text_for_test.h"

namespace weir::guardrails {
namespace {

// {EMAIL|...} is what should be found in a text.
struct Case {
  std::string_view name, marked;
};
class RecognisersTest : public ::testing::TestWithParam<Case> {};

TEST_P(RecognisersTest, FindsExactlyTheValues) {
  const MarkedText text(GetParam().marked);
  EXPECT_EQ(Marked(text.plain()), GetParam().marked);
}

std::string NameOfCase(const ::testing::TestParamInfo<Case>& info) {
  return std::string(info.param.name);
}

INSTANTIATE_TEST_SUITE_P(
    Email, RecognisersTest,
    ::testing::ValuesIn<Case>({
        {"Plain", "Write to {EMAIL|ann@example.com}."},
        {"InBrackets", "Ann <{EMAIL|ann.lee+news@mail.example.co.uk}>, please"},
        {"AfterAScheme", "mailto:{EMAIL|ann@example.com}?subject=x"},
        {"Quoted", "'{EMAIL|ann@example.com}'"},
        {"MarkedLetters", "an {EMAIL|jürgen@müller.de} senden"},
        {"BesideChinese", "我的邮箱是{EMAIL|ann@example.com}谢谢"},
        {"Punycode", "{EMAIL|a@b.xn--p1ai}"},
        {"AtTheEnd", "{EMAIL|ann@example.com}"},
        {"Bold", "**{EMAIL|ann@example.com}** or **{EMAIL|a@b.io}**"},
        {"MaskedInPart", "write to a***e@example.com"},
        {"SentenceGoesOn", "{EMAIL|ann@example.com.Then}"},
        {"TwoBesideEachOther", "{EMAIL|a@b.io},{EMAIL|c@d.io}"},
        {"SpelledOut", "mail {EMAIL|ann.lee[at]mail[dot]example[dot]org} or {EMAIL|bob (AT) b.io}"},
        {"Spoken", "write to {EMAIL|yuki at example dot com}, please"},
        {"HalfSpoken", "{EMAIL|yuki@example dot co dot uk} {EMAIL|a@b[dot]io}"},
        {"SiteInASentence", "look at example.com, or at the dot on the map"},
        {"WordsInASentence", "we meet at noon dot in time"},
        {"NoTopLevel", "root@localhost"},
        {"Package", "npm i lodash@4.17.21"},
        {"Picture", "logo@2x.png"},
        {"Handle", "ask @ann about it"},
        {"LongLocalPart",
         "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@b.io"},
    }),
    NameOfCase);

INSTANTIATE_TEST_SUITE_P(Phone, RecognisersTest,
                         ::testing::ValuesIn<Case>({
                             {"International", "Ruf mich an: {PHONE|+49 30 2920078}."},
                             {"InOnePiece", "('{PHONE|+17026242327}')"},
                             {"Trunk", "{PHONE|+44 (0)20 7946 0958}"},
                             {"French", "{PHONE|+33 6 89 36 36 81}"},
                             {"NorthAmerican", "on {PHONE|(503) 275-7607}."},
                             {"NorthAmericanByDots", "{PHONE|305.580.8062}"},
                             {"NorthAmericanWithOne", "{PHONE|1-305-241-8420}"},
                             {"Extension", "{PHONE|(404)524-2202 ext 013}"},
                             {"National", "te {PHONE|0171 3640546} or"},
                             {"NationalInTwos", "{PHONE|06 88 77 30 67}"},
                             {"Cued", "meu telefone {PHONE|615 906 429}"},
                             {"CuedInOnePiece", "my phone is {PHONE|2125550147}"},
                             {"ServiceCode", "212-911-0147"},
                             {"NoSuchCountry", "+999 12345678"},
                             {"Date", "from 2011-02-17 to 26.09.2007"},
                             {"Tracking", "Tracking number 202 555 0147 has not moved"},
                             {"Bare", "took 1531286513 ms"},
                             {"NamedOtherwise",
                              "numéro de sécurité sociale est 1 70 03 71 349 132 54"},
                             {"Sum", "761 - 32 - 4257"},
                         }),
                         NameOfCase);

INSTANTIATE_TEST_SUITE_P(UsSsn, RecognisersTest,
                         ::testing::ValuesIn<Case>({
                             {"Dashed", "{US_SSN|541-41-5920}"},
                             {"InATable", "</td><td>{US_SSN|386-73-3956}</td>"},
                             {"CuedByWord", "security no {US_SSN|211987652}, name"},
                             {"Dotted", "security number {US_SSN|754.15.8483} online"},
                             {"SpacedInATable", "<td>{US_SSN|508 48 3982}</td>"},
                             {"BareWithoutCue", "211987652"},
                             {"DottedWithoutCue", "754.15.8483"},
                             {"Area666", "666-42-7105"},
                             {"Area9", "912-42-7105"},
                             {"Group00", "591-00-5102"},
                             {"Serial0000", "591-12-0000"},
                             {"Advertised", "078-05-1120"},
                             {"InAPartNumber", "AB-541-41-5920"},
                             {"TooLong", "541-41-59201"},
                             {"MixedMarks", "541-41.5920"},
                         }),
                         NameOfCase);

INSTANTIATE_TEST_SUITE_P(CreditCard, RecognisersTest,
                         ::testing::ValuesIn<Case>({
                             {"Visa", "card {CREDIT_CARD|4111 1111 1111 1111}, expiring"},
                             {"InOnePiece", "{CREDIT_CARD|4111111111111111}"},
                             {"Dashed", "{CREDIT_CARD|5555-5555-5555-4444}"},
                             {"Amex", "{CREDIT_CARD|3782 822463 10005}"},
                             {"Diners", "{CREDIT_CARD|30569309025904}"},
                             {"BeforeACode", "{CREDIT_CARD|4111 1111 1111 1111} 123"},
                             {"WrongCheckDigit", "4111 1111 1111 1112"},
                             {"NoIssuer", "7863769251139339"},
                             {"OddGroups", "41 1111 1111 1111 11"},
                             {"InADecimal", "0.4111111111111111"},
                             {"Order", "order 4111111111111111 shipped"},
                             {"InHex", "a4111111111111111"},
                         }),
                         NameOfCase);

INSTANTIATE_TEST_SUITE_P(Iban, RecognisersTest,
                         ::testing::ValuesIn<Case>({
                             {"InOnePiece", "IBAN: {IBAN|DE89370400440532013000}"},
                             {"Grouped", "{IBAN|GB29 NWBK 6016 1331 9268 19}."},
                             {"Hyphens", "{IBAN|FR14-2004-1010-0505-0001-3M02-606}"},
                             {"LowerCase", "{IBAN|nl91abna0417164300}"},
                             {"WrongRemainder", "DE89370400440532013001"},
                             {"NoSuchCountry", "ZZ89370400440532013000"},
                             {"TooShort", "DE8937040044053201300"},
                             {"TooLong", "DE893704004405320130001"},
                         }),
                         NameOfCase);

INSTANTIATE_TEST_SUITE_P(IpAddress, RecognisersTest,
                         ::testing::ValuesIn<Case>({
                             {"V4", "from {IP_ADDRESS|10.32.78.114} at"},
                             {"V4WithPort", "http://{IP_ADDRESS|172.61.13.211}:8080/v1"},
                             {"V4Network", "{IP_ADDRESS|10.0.0.0}/8"},
                             {"V4EndsASentence", "It is {IP_ADDRESS|10.1.149.159}."},
                             {"V6", "{IP_ADDRESS|2001:db8:b61f:82cc:a6de:9107:bb9e:210c};"},
                             {"V6Short", "{IP_ADDRESS|fe80::cc1a:29eb:416b:f1d0} at"},
                             {"V6Shorter", "{IP_ADDRESS|2001:db8::250c}"},
                             {"OutOfRange", "736.245.211.134"},
                             {"Version", "version 3.0.0.9: fixed"},
                             {"Browser", "Chrome 93.0.67.48 on"},
                             {"FiveParts", "1.2.3.4.5"},
                             {"Time", "at 10:21:34"},
                             {"HardwareAddress", "aa:bb:cc:dd:ee:ff"},
                             {"Scope", "std::vector a::b"},
                         }),
                         NameOfCase);

INSTANTIATE_TEST_SUITE_P(
    Secret, RecognisersTest,
    ::testing::ValuesIn<Case>({
        {"Aws", "X-Api-Key: {SECRET|AKIA62QEHUSHRGGRA6UC}\""},
        {"OpenAi", "Bearer {SECRET|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}."},
        {"GitHub", "{SECRET|ghp_SGiug0yLgy8xzSlqybwZ5IlCSoSzeHsK0Bgq} - why"},
        {"Stripe", "{SECRET|sk_live_rsNWYFnSu0fNAhpXFrdTBPGC}"},
        {"Slack", "{SECRET|xoxb-995684535774-653770319089-2TgXdLMcKbhB4iABUPQKAwns}"},
        {"WebToken",
         "{SECRET|eyJhbGciOiAiSFMyNTYifQ.eyJzdWIiOiAiMjEwNzExNjcifQ.sGoS0TO11VoSy2K} x"},
        {"PrivateKey",
         "{SECRET|-----BEGIN RSA PRIVATE KEY-----\nMIIB\nAA==\n-----END RSA PRIVATE KEY-----}\nx"},
        {"Documentation", "AKIAIOSFODNN7EXAMPLE"},
        {"Xs", "sk-xxxxxxxxxxxxxxxxxxxxxxxx"},
        {"Word", "task-management sk-learn"},
        {"Commit", "9b61a05721a9361bdf1e215c906ac37349daa0f1"},
    }),
    NameOfCase);

INSTANTIATE_TEST_SUITE_P(Patterns, RecognisersTest,
                         ::testing::ValuesIn<Case>({
                             {"Employee", "ask {employee|EMP-123456}, not EMP-1 or EMP-1234567"},
                             {"Project", "on {project|Project Redwood} and {project|project red}."},
                             {"Ticket", "see {ticket|#a-b_1}- and # {ticket|#7}"},
                             {"WithinAWord", "x{employee|EMP-12} ürgen@müller"},
                         }),
                         NameOfCase);

class PersonTest : public ::testing::TestWithParam<Case> {};

TEST_P(PersonTest, FindsExactlyTheNames) {
  const MarkedText text(GetParam().marked);
  EXPECT_EQ(Marked(text.plain(), VocabularyWithPeople()), GetParam().marked);
}

INSTANTIATE_TEST_SUITE_P(
    Person, PersonTest,
    ::testing::ValuesIn<Case>({
        {"FirstAndLast", "Please call {PERSON|Nancy Brown} back."},
        {"FirstAlone", "Why is {PERSON|Layla} so impulsive?"},
        {"Possessive", "{PERSON|Hiroshi}'s daughter"},
        {"Marks", "<td>{PERSON|Katarzyna López}</td>"},
        {"Hyphen", "Dear {PERSON|Seo-yeon Moore}, thank you"},
        {"Particles", "It is under {PERSON|Olga van den Berg}, I think"},
        {"Initial", "{PERSON|David P. Lewis} signed; {PERSON|J. Smith} did not."},
        {"Title", "Prof. {PERSON|Xylander} and Mrs {PERSON|Qwertz} will see you"},
        {"Naming", "My name is {PERSON|Zorblax}, je m'appelle {PERSON|Quendel Traurig}."},
        {"Role", "customer {PERSON|Abcde Fghij} says"},
        {"Field", R"("name": "{PERSON|Smith}")"},
        {"Label", "From: {PERSON|Will}\nTo: {PERSON|Fischer}"},
        {"Closing", "Regards,\n{PERSON|Grace}"},
        {"Capitals", "DEAR {PERSON|JOHN SMITH}, MARK THE DATE"},
        {"WordsThatAreNames", "Will May and Mark go? Grace and Hope are virtues. Summer in Paris"},
        {"Street", "from Rue de la Paix to Berlin, Martin Luther King Street"},
        {"Company", "Johnson Controls Inc and Morgan Bank"},
        {"Sentence", "Thanks. My National Insurance number"},
        {"InsideAWord", "McDonaldJohn John_Smith John2"},
        {"Address", "{EMAIL|John@example.com}"},
        {"Behind", "{EMAIL|ann@example.com} {PERSON|Ann}"},
    }),
    NameOfCase);

TEST(RecognisersTest, PeopleAreNotUsual) {
  EXPECT_FALSE(EntitySet::Usual().Has(Entity::kPerson));
  EXPECT_TRUE(EntitySet::All().Has(Entity::kPerson));
  EXPECT_EQ(EntityNamed("PERSON"), Entity::kPerson);
  EXPECT_EQ(PlaceholderType(Entity::kPerson), "PERSON");
}

TEST(RecognisersTest, OfSeveralAtOnePlaceTheLongestIsTaken) {
  EXPECT_EQ(Marked("541415920@example.com"), "{EMAIL|541415920@example.com}");
}

}  // namespace
}  // namespace weir::guardrails
