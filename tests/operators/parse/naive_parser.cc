#include "tests/operators/parse/naive_parser.h"

#include <cmath>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <optional>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "operators/parse/event_time.h"
#include "operators/parse/post_parser.h"

namespace tocsin {
namespace {

struct Tree {
  enum class Type { kNull, kBool, kNumber, kString, kArray, kObject };
  Type type = Type::kNull;
  bool truth = false;
  std::string text = {};  // of a string, or the digits of a number
  std::vector<std::pair<std::string, Tree>> members = {};
  std::vector<Tree> elements = {};
};

// Keeps duplicate keys and the digits of numbers, which nlohmann's own tree does not.
class TreeMaker : public nlohmann::json_sax<nlohmann::json> {
 public:
  Tree root;

  bool null() override { return Put({}); }
  bool boolean(bool value) override { return Put({.type = Tree::Type::kBool, .truth = value}); }
  bool number_integer(int64_t value) override { return Number(std::to_string(value)); }
  bool number_unsigned(uint64_t value) override { return Number(std::to_string(value)); }
  bool number_float(double, const std::string& digits) override { return Number(digits); }
  bool string(std::string& value) override { return Put({.type = Tree::Type::kString, .text = value}); }
  bool binary(nlohmann::json::binary_t&) override { return false; }
  bool start_object(size_t) override { return Open(Tree::Type::kObject); }
  bool start_array(size_t) override { return Open(Tree::Type::kArray); }
  bool end_object() override { return Close(); }
  bool end_array() override { return Close(); }
  bool key(std::string& name) override {
    keys_.back() = name;
    return true;
  }
  bool parse_error(size_t, const std::string&, const nlohmann::json::exception&) override { return false; }

 private:
  bool Number(std::string digits) { return Put({.type = Tree::Type::kNumber, .text = std::move(digits)}); }
  bool Open(Tree::Type type) {
    open_.push_back({.type = type});
    keys_.emplace_back();
    return true;
  }
  bool Close() {
    Tree done = std::move(open_.back());
    open_.pop_back();
    keys_.pop_back();
    return Put(std::move(done));
  }
  bool Put(Tree value) {
    if (open_.empty()) {
      root = std::move(value);
    } else if (open_.back().type == Tree::Type::kArray) {
      open_.back().elements.push_back(std::move(value));
    } else {
      open_.back().members.emplace_back(keys_.back(), std::move(value));
    }
    return true;
  }

  std::vector<Tree> open_;
  std::vector<std::string> keys_;
};

const Tree* Member(const Tree& tree, const std::string& key) {
  for (const auto& [name, value] : tree.members) {
    if (name == key) return &value;
  }
  return nullptr;
}

std::vector<std::string> Tokens(const std::string& pointer) {
  std::vector<std::string> tokens = absl::StrSplit(pointer.substr(1), '/');
  for (std::string& token : tokens)
    token = absl::StrReplaceAll(absl::StrReplaceAll(token, {{"~1", "/"}}), {{"~0", "~"}});
  return tokens;
}

// Every value that the tokens from `at` on lead to.
void Resolve(const Tree& tree, const std::vector<std::string>& tokens, size_t at, std::vector<const Tree*>* found) {
  if (at == tokens.size()) {
    found->push_back(&tree);
    return;
  }
  if (tree.type == Tree::Type::kObject) {
    if (const Tree* member = Member(tree, tokens[at])) Resolve(*member, tokens, at + 1, found);
  } else if (tree.type == Tree::Type::kArray) {
    uint32_t number = 0;
    if (tokens[at] == "*") {
      for (const Tree& element : tree.elements) Resolve(element, tokens, at + 1, found);
    } else if (absl::SimpleAtoi(tokens[at], &number) && number < tree.elements.size()) {
      Resolve(tree.elements[number], tokens, at + 1, found);
    }
  }
}

// The values at each pointer of the field, in order of preference, without nulls.
std::vector<const Tree*> Candidates(const Tree& root, const FieldPointers& fields, PostField field) {
  std::vector<const Tree*> present;
  const auto pointers = fields.find(field);
  if (pointers == fields.end()) return present;
  for (const std::string& pointer : pointers->second) {
    std::vector<const Tree*> found;
    Resolve(root, Tokens(pointer), 0, &found);
    if (!found.empty() && found.front()->type != Tree::Type::kNull) present.push_back(found.front());
  }
  return present;
}

std::optional<std::string> AsString(const Tree& tree) {
  return tree.type == Tree::Type::kString ? std::optional(tree.text) : std::nullopt;
}

std::optional<std::string> AsIdentifier(const Tree& tree) {
  if (tree.type == Tree::Type::kNumber && tree.text.find_first_not_of("0123456789") == std::string::npos)
    return tree.text;
  return AsString(tree);
}

std::optional<std::string> AsDigits(const Tree& tree) {
  if (tree.type == Tree::Type::kNumber || tree.type == Tree::Type::kString) return tree.text;
  return std::nullopt;
}

std::optional<int64_t> AsTime(const Tree& tree) {
  const std::optional<std::string> digits = AsDigits(tree);
  return digits.has_value() ? ParseEventTime(*digits) : std::nullopt;
}

std::string First(const std::vector<const Tree*>& candidates, std::optional<std::string> (*read)(const Tree&)) {
  for (const Tree* candidate : candidates) {
    if (const auto value = read(*candidate)) return *value;
  }
  return "";
}

std::vector<std::string> ListOf(const Tree& root, const FieldPointers& fields, PostField field,
                                std::string_view sigil) {
  std::vector<std::string> list;
  const auto add = [&](const std::string& text) {
    const std::string_view entry = sigil.empty() ? text : absl::StripPrefix(text, sigil);
    if (!entry.empty() && list.size() < PostParser::kMaxListed) list.emplace_back(entry);
  };
  const auto pointers = fields.find(field);
  if (pointers == fields.end()) return list;
  for (const std::string& pointer : pointers->second) {
    std::vector<std::string> tokens = Tokens(pointer);
    std::vector<std::string> array = tokens;
    for (size_t i = 0; i < array.size(); ++i) {
      if (array[i] == "*") array.resize(i);
    }
    if (array.size() == tokens.size()) tokens.push_back("*");
    std::vector<const Tree*> whole;
    Resolve(root, array, 0, &whole);
    if (whole.empty()) continue;
    if (whole.front()->type == Tree::Type::kString) {
      add(whole.front()->text);
      return list;
    }
    if (whole.front()->type != Tree::Type::kArray) continue;
    std::vector<const Tree*> entries;
    Resolve(root, tokens, 0, &entries);
    for (const Tree* entry : entries) {
      if (entry->type == Tree::Type::kString) add(entry->text);
    }
    return list;
  }
  return list;
}

void FillKind(const Tree& root, const FieldPointers& fields, NaivePost* post) {
  const std::string reference = First(Candidates(root, fields, PostField::kReferenceId), AsIdentifier);
  for (const Tree* candidate : Candidates(root, fields, PostField::kKind)) {
    const std::string name = AsString(*candidate).value_or("");
    const bool repost =
        name == "repost" || name == "retweet" || name == "retweeted" || name == "reblog" || name == "share";
    const bool reply = name == "reply" || name == "replied_to" || name == "comment";
    const bool quote = name == "quote" || name == "quoted";
    if (!repost && !reply && !quote && name != "original") continue;
    post->kind = repost ? PostKind::kRepost : reply ? PostKind::kReply : quote ? PostKind::kQuote : PostKind::kOriginal;
    post->reference_id = reference;
    return;
  }
  const std::pair<PostField, PostKind> kWays[] = {{PostField::kRepostOf, PostKind::kRepost},
                                                  {PostField::kReplyTo, PostKind::kReply},
                                                  {PostField::kQuoteOf, PostKind::kQuote}};
  for (const auto& [field, kind] : kWays) {
    bool refers = false;
    for (const Tree* candidate : Candidates(root, fields, field)) {
      const std::string id = AsIdentifier(*candidate).value_or("");
      refers |= !id.empty() || candidate->type == Tree::Type::kObject || candidate->truth;
      if (post->reference_id.empty()) post->reference_id = id;
    }
    if (!refers) continue;
    post->kind = kind;
    break;
  }
  if (post->reference_id.empty()) post->reference_id = reference;
}

void FillOptional(const Tree& root, const FieldPointers& fields, NaivePost* post) {
  const auto candidates = [&](PostField field) { return Candidates(root, fields, field); };
  const std::string network = First(candidates(PostField::kNetwork), AsString);
  if (!network.empty()) post->network = NetworkFromName(network);
  post->language = First(candidates(PostField::kLanguage), AsString);
  post->author_id = First(candidates(PostField::kAuthorId), AsIdentifier);
  post->author_handle = absl::StripPrefix(First(candidates(PostField::kAuthorHandle), AsString), "@");
  for (const Tree* candidate : candidates(PostField::kFollowers)) {
    int64_t count = 0;
    const std::string digits = AsDigits(*candidate).value_or("");
    if (digits.find_first_not_of("0123456789") != std::string::npos || !absl::SimpleAtoi(digits, &count)) continue;
    post->followers = count;
    break;
  }
  for (const Tree* candidate : candidates(PostField::kVerified)) {
    if (candidate->type != Tree::Type::kBool) continue;
    post->verified = candidate->truth;
    break;
  }
  for (const Tree* candidate : candidates(PostField::kAccountCreated)) {
    if (const auto time = AsTime(*candidate)) {
      post->account_created_ms = *time;
      break;
    }
  }
  for (const Tree* candidate : candidates(PostField::kRating)) {
    double stars = 0;
    const std::string digits = AsDigits(*candidate).value_or("");
    if (digits.find_first_not_of("0123456789.") != std::string::npos || !absl::SimpleAtod(digits, &stars)) continue;
    const double rounded = std::floor(stars + 0.5);
    if (!(rounded >= 1 && rounded <= 5)) continue;
    post->rating = static_cast<int32_t>(rounded);
    break;
  }
  FillKind(root, fields, post);
  post->hashtags = ListOf(root, fields, PostField::kHashtags, "#");
  post->handles = ListOf(root, fields, PostField::kHandles, "@");
  post->urls = ListOf(root, fields, PostField::kUrls, "");
}

}  // namespace

NaivePost Own(const Post& post) {
  NaivePost own = {.id = std::string(post.id),
                   .network = post.network,
                   .event_time_ms = post.event_time_ms,
                   .text = std::string(post.text),
                   .language = std::string(post.language),
                   .author_id = std::string(post.author_id),
                   .author_handle = std::string(post.author_handle),
                   .followers = post.followers,
                   .verified = post.verified,
                   .account_created_ms = post.account_created_ms,
                   .kind = post.kind,
                   .reference_id = std::string(post.reference_id),
                   .hashtags = {post.hashtags.begin(), post.hashtags.end()},
                   .handles = {post.handles.begin(), post.handles.end()},
                   .urls = {post.urls.begin(), post.urls.end()},
                   .rating = post.rating};
  return own;
}

std::string Describe(const NaivePost& post) {
  return absl::StrCat(
      "id=", post.id, " network=", NetworkName(post.network), " time=", post.event_time_ms, " text=", post.text,
      " language=", post.language, " author=", post.author_id, "/", post.author_handle, " followers=", post.followers,
      " verified=", post.verified, " created=", post.account_created_ms, " kind=", static_cast<int>(post.kind),
      " reference=", post.reference_id, " hashtags=", absl::StrJoin(post.hashtags, ","),
      " handles=", absl::StrJoin(post.handles, ","), " urls=", absl::StrJoin(post.urls, ","), " rating=", post.rating);
}

DropReason NaiveParse(std::string_view record, const FieldPointers& fields, Network network, int64_t append_time_ms,
                      NaivePost* post) {
  *post = {};
  if (record.empty()) return DropReason::kEmpty;
  TreeMaker maker;
  if (!nlohmann::json::sax_parse(record, &maker) || maker.root.type != Tree::Type::kObject) return DropReason::kNotJson;
  const Tree& root = maker.root;
  post->network = network;

  const auto ids = Candidates(root, fields, PostField::kId);
  if (ids.empty()) return DropReason::kMissingField;
  const auto id = AsIdentifier(*ids.front());
  if (!id.has_value()) return DropReason::kWrongType;
  if (id->empty()) return DropReason::kMissingField;
  post->id = *id;

  const auto times = Candidates(root, fields, PostField::kEventTime);
  if (times.empty()) return DropReason::kMissingField;
  const auto time = AsTime(*times.front());
  if (!time.has_value()) return DropReason::kWrongType;
  if (*time < kEarliestEventMs || *time >= kLatestEventMs) return DropReason::kAbsurdTime;
  if (append_time_ms >= 0 && *time > append_time_ms + kMaxAheadMs) return DropReason::kAbsurdTime;
  post->event_time_ms = *time;

  const auto texts = Candidates(root, fields, PostField::kText);
  if (texts.empty()) return DropReason::kMissingField;
  const auto text = AsString(*texts.front());
  if (!text.has_value()) return DropReason::kWrongType;
  post->text = *text;
  FillOptional(root, fields, post);
  return DropReason::kNone;
}

}  // namespace tocsin
