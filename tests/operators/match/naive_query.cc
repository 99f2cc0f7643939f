#include "tests/operators/match/naive_query.h"

#include <algorithm>

namespace tocsin::naive {
namespace {

struct Span {
  size_t begin;
  size_t end;
  bool apart;
};

struct Cover {
  size_t brand;
  Span span;
};

bool IsSame(const Word& wanted, const Word& word, const Tree& literal) {
  if (wanted.kind != word.kind) return false;
  if (literal.case_sensitive) return wanted.form == word.form;
  return literal.prefix ? word.folded.starts_with(wanted.folded) : word.folded == wanted.folded;
}

std::vector<Span> Spans(const Tree& literal, const Post& post) {
  std::vector<Span> spans;
  for (size_t begin = 0; begin + literal.words.size() <= post.words.size(); ++begin) {
    bool same = true;
    for (size_t i = 0; i < literal.words.size(); ++i) same &= IsSame(literal.words[i], post.words[begin + i], literal);
    if (same) spans.push_back({begin, begin + literal.words.size(), false});
  }
  for (size_t i = 0; i < post.apart.size(); ++i) {
    if (literal.words.size() == 1 && IsSame(literal.words[0], post.apart[i], literal))
      spans.push_back({i, i + 1, true});
  }
  return spans;
}

std::vector<const Tree*> Alternatives(const Tree& tree) {
  if (tree.op != Op::kOr) return {&tree};
  std::vector<const Tree*> all;
  for (const Tree& child : tree.children) {
    for (const Tree* found : Alternatives(child)) all.push_back(found);
  }
  return all;
}

bool OnlyWords(const Tree& literal) {
  return std::all_of(literal.words.begin(), literal.words.end(), [](const Word& word) { return word.kind == 'w'; });
}

class Evaluation {
 public:
  Evaluation(const Post& post, const std::vector<Cover>& covers, size_t brand, bool topic)
      : post_(post), covers_(covers), brand_(brand), topic_(topic) {}

  bool Holds(const Tree& tree, bool negative) const {
    const auto holds = [&](const Tree& child) { return Holds(child, negative); };
    switch (tree.op) {
      case Op::kAnd:
        return std::all_of(tree.children.begin(), tree.children.end(), holds);
      case Op::kOr:
        return std::any_of(tree.children.begin(), tree.children.end(), holds);
      case Op::kNot:
        return !Holds(tree.children[0], !negative);
      case Op::kNear:
        return IsNear(tree, negative);
      case Op::kLiteral:
        return !Counted(tree, negative).empty();
      case Op::kLanguage:
        return post_.language == tree.value || post_.language.starts_with(tree.value + "-");
      case Op::kNetwork:
        return post_.network == tree.value;
      case Op::kKind:
        return post_.kind == tree.value;
      case Op::kRating:
        return post_.rating >= tree.low && post_.rating <= tree.high;
    }
    return false;
  }

 private:
  bool IsHidden(const Span& span) const {
    return std::any_of(covers_.begin(), covers_.end(), [&](const Cover& cover) {
      return cover.brand != brand_ && !span.apart && cover.span.begin <= span.begin && cover.span.end >= span.end &&
             cover.span.end - cover.span.begin > span.end - span.begin;
    });
  }

  std::vector<Span> Counted(const Tree& literal, bool negative) const {
    std::vector<Span> spans = Spans(literal, post_);
    if (!negative && !topic_ && OnlyWords(literal)) {
      std::erase_if(spans, [&](const Span& span) { return IsHidden(span); });
    }
    return spans;
  }

  std::vector<Span> Side(const Tree& side, bool negative) const {
    std::vector<Span> all;
    for (const Tree* literal : Alternatives(side)) {
      for (const Span& span : Counted(*literal, negative)) {
        if (!span.apart) all.push_back(span);
      }
    }
    return all;
  }

  bool IsNear(const Tree& tree, bool negative) const {
    const auto follows = [&](const Span& first, const Span& second) {
      return first.end <= second.begin && second.begin - first.end + 1 <= static_cast<size_t>(tree.distance);
    };
    for (const Span& left : Side(tree.children[0], negative)) {
      for (const Span& right : Side(tree.children[1], negative)) {
        if (follows(left, right) || (!tree.ordered && follows(right, left))) return true;
      }
    }
    return false;
  }

  const Post& post_;
  const std::vector<Cover>& covers_;
  size_t brand_;
  bool topic_;
};

}  // namespace

std::vector<bool> Match(const std::vector<Brand>& brands, const Post& post) {
  std::vector<Cover> covers;
  for (size_t i = 0; i < brands.size(); ++i) {
    if (brands[i].topic) continue;
    for (const Tree* name : Alternatives(brands[i].query)) {
      if (name->op != Op::kLiteral || name->words.size() < 2 || !OnlyWords(*name)) continue;
      for (const Span& span : Spans(*name, post)) covers.push_back({i, span});
    }
  }
  std::vector<bool> matched;
  for (size_t i = 0; i < brands.size(); ++i) {
    matched.push_back(Evaluation(post, covers, i, brands[i].topic).Holds(brands[i].query, false));
  }
  return matched;
}

}  // namespace tocsin::naive
