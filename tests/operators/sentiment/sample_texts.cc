#include "tests/operators/sentiment/sample_texts.h"

#include <array>
#include <random>
#include <string_view>

namespace tocsin {
namespace {

constexpr std::array<std::string_view, 44> kPieces = {"http",
                                                      "https://t.co/aB9",
                                                      "HTTP",
                                                      "www.",
                                                      "www",
                                                      "WWW.x.org",
                                                      "@",
                                                      "@a",
                                                      "@user",
                                                      "!",
                                                      "?",
                                                      ".",
                                                      ",",
                                                      "\"",
                                                      "'",
                                                      "\xE2\x80\x99",
                                                      "\xE2\x80",
                                                      "\xE2",
                                                      "\xE2\x82\xAC",
                                                      "\xC3",
                                                      "\xC3\x89",
                                                      "\xC3\x97",
                                                      "\xF0\x9F\x98\x82",
                                                      "\xF0\x9F\x98",
                                                      "a",
                                                      "B",
                                                      "_",
                                                      "9",
                                                      " ",
                                                      "\n",
                                                      "#",
                                                      "Hello",
                                                      "wonderful",
                                                      "incomprehensibilities",
                                                      "<",
                                                      ">",
                                                      "\x7F",
                                                      "\x01",
                                                      "é",
                                                      "ÀÉÎ",
                                                      "(",
                                                      ")",
                                                      "...",
                                                      "\xE2\x80\xA6"};

std::string RandomBytes(size_t size, std::mt19937_64& random) {
  std::string text;
  while (text.size() < size) text += static_cast<char>(random() & 0xFF);
  return text;
}

std::string RandomPieces(size_t size, std::mt19937_64& random) {
  std::string text;
  while (text.size() < size) text += kPieces[random() % kPieces.size()];
  return text.substr(0, size);
}

std::string CutSentences(size_t size, std::mt19937_64& random) {
  const std::vector<std::string>& sentences = SampleSentences();
  std::string text;
  while (text.size() < size) {
    const std::string& sentence = sentences[random() % sentences.size()];
    text += sentence.substr(random() % sentence.size()) + " ";
  }
  return text.substr(0, size);
}

}  // namespace

const std::vector<std::string>& SampleSentences() {
  static const std::vector<std::string> sentences = {
      "Worst flight EVER: 5 hours late, no food and nobody answers!! @united #fail https://t.co/abc",
      "I absolutely love this phone 😍😍 best purchase of the year :)",
      "The store opens at 9 on Monday.",
      "Quel service LAMENTABLE, jamais plus... L'Été À la mer, déçu ☹",
      "J'adore cette marque, merci à toute l'équipe !",
      "Che schifo, il treno è di nuovo in ritardo e nessuno dice niente",
      "Bellissimo concerto ieri sera, grazie a tutti ❤️",
      "Das Essen war eklig und der Service eine Frechheit",
      "Qué alegría veros a todos, un día estupendo",
      "O atendimento é péssimo, não recomendo a ninguém",
      "خدمة سيئة جدا ولن أعود مرة أخرى",
      "bahut accha phone hai yaar, maza aa gaya",
      "Wat een slechte service bij deze winkel, nooit meer terug",
      "Dzisiaj idziemy do kina na nowy film",
      "Сегодня прекрасная погода, идём гулять в парк",
      "Σήμερα είναι μια υπέροχη μέρα για βόλτα",
      "השירות היה נורא ולא אחזור לשם",
      "今日はとても天気がいいので公園に行きます",
      "오늘 날씨가 정말 좋네요 공원에 가요",
      "วันนี้อากาศดีมาก เราไปสวนสาธารณะกัน",
      "இன்று வானிலை மிகவும் நன்றாக உள்ளது",
      "“Curly” quotes – and dashes — don’t join words…",
      "see www.example.org/path?q=\"x\" or http://example.org/é<b>!?</b>",
      "👨‍👩‍👧‍👦 🇫🇷 ✈️ 💔💔 no words",
  };
  return sentences;
}

std::vector<std::string> SampleTexts(size_t count, size_t max_bytes, uint64_t seed) {
  std::mt19937_64 random(seed);
  std::vector<std::string> texts;
  while (texts.size() < count) {
    const size_t size = random() % (max_bytes + 1);
    switch (texts.size() % 3) {
      case 0:
        texts.push_back(RandomBytes(size, random));
        break;
      case 1:
        texts.push_back(RandomPieces(size, random));
        break;
      default:
        texts.push_back(CutSentences(size, random));
        break;
    }
  }
  return texts;
}

}  // namespace tocsin
