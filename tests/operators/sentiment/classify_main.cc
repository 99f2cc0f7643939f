// tocsin-classify: reads lines of `language<TAB>text` and writes the class and
// the level of negativity of each as numbers, for the comparison with tests/oracle/sentiment_model.py.
#include <cstdio>
#include <iostream>
#include <memory>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "operators/sentiment/sentiment_model.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    std::fputs("usage: tocsin-classify MODEL < lines of language<TAB>text\n", stderr);
    return 2;
  }
  const auto model = tocsin::SentimentModel::Load(argv[1]);
  if (!model.ok()) {
    std::fprintf(stderr, "tocsin-classify: %s\n", model.status().ToString().c_str());
    return 1;
  }
  std::ios::sync_with_stdio(false);
  for (std::string line; std::getline(std::cin, line);) {
    const std::string_view record = line;
    const size_t tab = record.find('\t');
    if (tab == std::string_view::npos) return 2;
    const tocsin::Sentiment sentiment = (*model)->Classify(record.substr(tab + 1), record.substr(0, tab));
    const bool classified = sentiment.label != tocsin::SentimentClass::kUnclassified;
    std::cout << static_cast<int>(sentiment.label) << ' ' << (classified ? sentiment.negativity : 0) << '\n';
  }
  return 0;
}
