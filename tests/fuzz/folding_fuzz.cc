// Text folding and tokens: any bytes at all.
#include "absl/log/check.h"
#include "operators/match/fold.h"
#include "operators/match/tokenizer.h"
#include "tests/fuzz/fuzz_target.h"

namespace tocsin {
std::vector<std::string> FuzzSeeds() {
  return {
      "RT @United: L'Oréal #UnitedAirlines_2nd $UAL https://www.Example.com/a?b=c#d, &amp; 3M 6S",
      "ＡＢＣ ﬁ ẞ ß Ⅷ ½ 東京 ｶﾞ が ไทย 한국어 مُحَمَّد 👩‍👩‍👧 🇫🇷 "
      "e\u0301\u0327 "
      "\u200D\uFE0F "
      "＠ａ "
      "＃ｂ",
      "\xF0\x9F\x98\xC3\x28\xED\xA0\x80\xFF\xFE", "#1 #_ @ $ABCDEFGHIJK $A_ www. http:// https://[::1]:80/x@y"};
}

void FuzzOne(std::string_view input) {
  const std::string handle = FoldHandle(input);
  CHECK_EQ(FoldHandle(handle), handle.substr(!handle.empty() && handle.front() == '@' ? 1 : 0));
  const std::string accented = FoldKeepingAccents(input);
  CHECK(EqualsKeepingAccents(input, accented, false) && EqualsKeepingAccents(input, accented, true));
  static auto* const tokenizer = new Tokenizer();
  uint64_t fingerprint = 0;
  for (int round = 0; round < 2; ++round) {
    tokenizer->Reset({.tag_pieces = true, .url_pieces = true});
    tokenizer->AddText(input);
    tokenizer->AddEntity('#', input);
    tokenizer->AddEntity('@', input);
    tokenizer->AddUrl(input);
    tokenizer->AddAuthor(input);
    tokenizer->Finish();
    CHECK(round == 0 || fingerprint == tokenizer->Fingerprint());
    fingerprint = tokenizer->Fingerprint();
  }
  CHECK(!tokenizer->tokens().empty() && tokenizer->tokens().back().kind == TokenKind::kBarrier);
  CHECK_LE(tokenizer->text_tokens(), tokenizer->tokens().size());
  for (const Token& token : tokenizer->tokens()) {
    if (token.kind == TokenKind::kBarrier || token.kind == TokenKind::kUrl) {
      CHECK_EQ(token.hash, 0u);
      continue;
    }
    CHECK_EQ(token.hash, TokenHash(tokenizer->Folded(token), token.kind));
    const std::string raw(token.raw, token.raw_size);  // the sanitizer sees a view that leads outside
  }
}

}  // namespace tocsin
