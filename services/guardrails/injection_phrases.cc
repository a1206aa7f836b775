#include "services/guardrails/injection_phrases.h"

#include <re2/re2.h>

#include <string>

#include "services/guardrails/deny_list.h"

namespace weir::guardrails {
namespace {

using Family = InjectionFamily;

struct Phrase {
  Family family;
  double weight;
  std::string_view text;
};
constexpr Phrase kPhrases[] = {
    {Family::kFormat, 0.8, "<|im_start|>"},
    {Family::kFormat, 0.6, "<|im_end|>"},
    {Family::kFormat, 0.8, "<|system|>"},
    {Family::kFormat, 0.6, "<|user|>"},
    {Family::kFormat, 0.6, "<|assistant|>"},
    {Family::kFormat, 0.7, "<|endoftext|>"},
    {Family::kFormat, 0.8, "<|start_header_id|>"},
    {Family::kFormat, 0.7, "<|begin_of_text|>"},
    {Family::kFormat, 0.6, "<|end|>"},
    {Family::kFormat, 0.7, "[inst]"},
    {Family::kFormat, 0.7, "<<sys>>"},
    {Family::kFormat, 0.76, "</system>"},
    {Family::kFormat, 0.5, "<system>"},
    {Family::kFormat, 0.6, "</user>"},
    {Family::kFormat, 0.6, "</assistant>"},
    {Family::kFormat, 0.75, "<system mode>"},
    {Family::kFormat, 0.6, "<system"},
    {Family::kFormat, 0.6, "[system]"},
    {Family::kFormat, 0.6, "[system message"},
    {Family::kFormat, 0.6, "system override"},
    {Family::kFormat, 0.5, "### instruction"},
    {Family::kFormat, 0.5, "### system"},
    {Family::kFormat, 0.6, "begin system prompt"},
    {Family::kFormat, 0.6, "end of system prompt"},
    {Family::kFormat, 0.5, "[your prompt here]"},
    {Family::kFormat, 0.6, "[insert prompt here]"},
    {Family::kFormat, 0.6, "======end"},
    {Family::kFormat, 0.5, "<!-- system"},
    // Russian, Ukrainian.
    {Family::kOverride, 0.88, "игнорируй все предыдущ"},
    {Family::kOverride, 0.88, "игнорируйте все предыдущ"},
    {Family::kOverride, 0.88, "игнорируй предыдущ"},
    {Family::kOverride, 0.88, "игнорируйте предыдущ"},
    {Family::kOverride, 0.88, "забудь все предыдущ"},
    {Family::kOverride, 0.88, "забудьте все предыдущ"},
    {Family::kOverride, 0.86, "забудь предыдущ"},
    {Family::kOverride, 0.86, "забудь все инструкции"},
    {Family::kOverride, 0.86, "игнорируй все инструкции"},
    {Family::kOverride, 0.7, "предыдущие инструкции"},
    {Family::kOverride, 0.7, "предыдущие указания"},
    {Family::kOverride, 0.86, "ігноруй попередні"},
    {Family::kOverride, 0.86, "забудь попередні"},
    {Family::kExtraction, 0.7, "системный промпт"},
    {Family::kExtraction, 0.7, "системную подсказку"},
    // Chinese.
    {Family::kOverride, 0.86, "忽略之前"},
    {Family::kOverride, 0.86, "忽略以上"},
    {Family::kOverride, 0.86, "忽略上述"},
    {Family::kOverride, 0.86, "忽略先前"},
    {Family::kOverride, 0.84, "忽略所有"},
    {Family::kOverride, 0.84, "忽略前面"},
    {Family::kOverride, 0.86, "无视之前"},
    {Family::kOverride, 0.86, "无视以上"},
    {Family::kOverride, 0.84, "无视所有"},
    {Family::kOverride, 0.84, "忘记之前"},
    {Family::kOverride, 0.84, "忘记以上"},
    {Family::kOverride, 0.84, "忘记所有"},
    {Family::kOverride, 0.84, "忘掉之前"},
    {Family::kOverride, 0.7, "之前的指令"},
    {Family::kOverride, 0.7, "之前的所有指令"},
    {Family::kOverride, 0.7, "之前的指示"},
    {Family::kExtraction, 0.75, "系统提示"},
    {Family::kFormat, 0.8, "系统模式"},
    // Japanese, Korean.
    {Family::kOverride, 0.84, "以前の指示"},
    {Family::kOverride, 0.84, "これまでの指示"},
    {Family::kOverride, 0.84, "これまでのすべての指示"},
    {Family::kOverride, 0.84, "上記の指示"},
    {Family::kOverride, 0.84, "前の指示"},
    {Family::kOverride, 0.84, "指示を無視"},
    {Family::kOverride, 0.84, "指示をすべて無視"},
    {Family::kOverride, 0.84, "指示を忘れ"},
    {Family::kOverride, 0.84, "命令を無視"},
    {Family::kExtraction, 0.75, "システムプロンプト"},
    {Family::kOverride, 0.86, "이전의 모든 지시"},
    {Family::kOverride, 0.84, "이전 지시"},
    {Family::kOverride, 0.86, "지시를 무시"},
    {Family::kOverride, 0.86, "지시사항을 무시"},
    {Family::kOverride, 0.84, "명령을 무시"},
    {Family::kExtraction, 0.75, "시스템 프롬프트"},
    // Hindi, Bengali.
    {Family::kOverride, 0.86, "पिछले निर्देशों"},
    {Family::kOverride, 0.86, "पिछले सभी निर्देश"},
    {Family::kOverride, 0.86, "सभी पिछले निर्देश"},
    {Family::kOverride, 0.86, "निर्देशों को अनदेखा"},
    {Family::kOverride, 0.86, "निर्देशों को भूल"},
    {Family::kExtraction, 0.75, "सिस्टम प्रॉम्प्ट"},
    {Family::kOverride, 0.86, "আগের সব নির্দেশ"},
    {Family::kOverride, 0.86, "আগের নির্দেশ"},
    {Family::kOverride, 0.86, "পূর্ববর্তী নির্দেশ"},
    {Family::kOverride, 0.86, "নির্দেশ ভুলে"},
    {Family::kOverride, 0.86, "নির্দেশ উপেক্ষা"},
    // Thai, Arabic, Persian.
    {Family::kOverride, 0.86, "คำสั่งก่อนหน้า"},
    {Family::kOverride, 0.86, "เพิกเฉยต่อคำสั่ง"},
    {Family::kOverride, 0.86, "ละเว้นคำสั่ง"},
    {Family::kOverride, 0.86, "ลืมคำสั่ง"},
    {Family::kOverride, 0.86, "تجاهل جميع التعليمات"},
    {Family::kOverride, 0.86, "تجاهل كل التعليمات"},
    {Family::kOverride, 0.86, "تجاهل التعليمات"},
    {Family::kOverride, 0.86, "انس جميع"},
    {Family::kOverride, 0.86, "انسَ جميع"},
    {Family::kOverride, 0.7, "التعليمات السابقة"},
    {Family::kOverride, 0.84, "bỏ qua các hướng dẫn"},
    {Family::kOverride, 0.84, "bỏ qua hướng dẫn"},
    {Family::kOverride, 0.84, "quên chỉ dẫn"},
    {Family::kOverride, 0.84, "quên các hướng dẫn"},
    {Family::kOverride, 0.84, "hướng dẫn trước đó"},
    {Family::kOverride, 0.8, "دستورالعمل های قبلی"},
};
constexpr uint16_t kFirstNumber = 1000;
constexpr double kImageWeight = 0.85;

const DenyList& Phrases() {
  static const DenyList kList = [] {
    std::vector<std::string> all;
    for (const Phrase& each : kPhrases) all.emplace_back(each.text);
    return *DenyList::Compile(all, true);
  }();
  return kList;
}

// An image whose address takes something along.
const RE2& Image() {
  static const RE2 kImage(
      R"((?i)!\[[^\]\n]{0,80}\]\(https?://[^)\s]{1,120}[?&][^)\s=]{1,20}=[^)\s]{0,40}(?:[{<\[]|%7b|data|secret|history|conversation|prompt|password|token))");
  return kImage;
}

}  // namespace

std::vector<PhraseHit> FindPhrases(std::string_view read) {
  std::vector<PhraseHit> hits;
  for (const DenyList::Found& each : Phrases().Find(read)) {
    const Phrase& phrase = kPhrases[each.phrase];
    hits.push_back({each.offset, each.length, static_cast<uint16_t>(kFirstNumber + each.phrase),
                    phrase.family, phrase.weight});
  }
  const size_t image = read.find("![");
  if (image == std::string_view::npos) return hits;
  re2::StringPiece match;
  const re2::StringPiece all(read.data(), read.size());
  if (Image().Match(all, image, all.size(), RE2::UNANCHORED, &match, 1)) {
    hits.push_back({static_cast<size_t>(match.data() - read.data()), match.size(), kFirstNumber - 1,
                    Family::kExfiltration, kImageWeight});
  }
  return hits;
}

}  // namespace weir::guardrails
