#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

#include "services/guardrails/reader.h"

namespace weir::guardrails {

// What begins at one place of a text.
struct Recognition {
  // How it goes on beyond what was looked at, however long.
  enum class Tail : uint8_t {
    kNone,
    kToken,  // While there are letters, digits, '-', '_', and dots between them.
    kPem,    // To the end of the END line, or 16 KiB.
  };
  size_t length = 0;  // Bytes. 0: it does not begin here.
  Tail tail = Tail::kNone;
};

// Each says whether its kind of value begins where the reader stands, and how long it is. `before`
// are up to kContext bytes that precede it; the last of them is no letter, no digit and no part of
// one. Linear in what it reads, which is at most kMostRead; no state, no allocation.

// RFC 5322 addresses as people write them; Latin letters with marks count as letters. Also spelled
// out: "ann[at]example[dot]com", "ann at example dot com".
Recognition RecogniseEmail(Reader& reader, std::string_view before);

// E.164 numbers with their country's code (ITU-T E.164.D), North American ones by the rules of the
// NANP, and national ones where they are written as such or a word says what they are.
Recognition RecognisePhone(Reader& reader, std::string_view before);

// Numbers that the US Social Security Administration can have given out (20 CFR 422.103): dashed;
// otherwise only where a word says what they are.
Recognition RecogniseUsSsn(Reader& reader, std::string_view before);

// Payment cards: issuer and length (ISO/IEC 7812), Luhn's check digit.
Recognition RecogniseCreditCard(Reader& reader, std::string_view before);

// ISO 13616: country, its length, remainder by 97; in either case, grouped by spaces or hyphens.
Recognition RecogniseIban(Reader& reader, std::string_view before);

// IPv4 in four decimal parts, IPv6 as RFC 4291 2.2 writes it (without an IPv4 part); no versions.
Recognition RecogniseIpAddress(Reader& reader, std::string_view before);

// Keys of providers by their prefixes, JSON web tokens, private keys in PEM.
Recognition RecogniseSecret(Reader& reader, std::string_view before);

// Names of people, of words that begin with a capital: first names and last names that are known,
// and what stands behind a title or words that name somebody ("my name is", "Dear").
Recognition RecognisePerson(Reader& reader, std::string_view before);

}  // namespace weir::guardrails
