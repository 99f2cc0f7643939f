#include "bench/match/contenders.h"

#ifdef TOCSIN_BENCH_HYPERSCAN
#include <hs/hs.h>
#endif
#ifdef TOCSIN_BENCH_RE2
#include <re2/re2.h>
#include <re2/set.h>
#endif

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "bench/match/aho_corasick.h"
#include "bench/match/literal_query.h"
#include "operators/match/matcher.h"

namespace tocsin::bench {
namespace {

class TocsinContender : public Contender {
 public:
  static std::unique_ptr<Contender> Make(const Workload& workload, std::string* why) {
    std::vector<QueryNode> queries(workload.cases.size());
    std::vector<Matcher::Source> sources;
    QueryError error;
    for (size_t i = 0; i < queries.size(); ++i) {
      if (!ParseQuery(workload.cases[i].Query(), &queries[i], &error)) {
        *why = error.what;
        return nullptr;
      }
      sources.push_back({&queries[i], {}, false, nullptr});
    }
    auto made = std::make_unique<TocsinContender>();
    made->matcher_ = std::make_unique<Matcher>(sources);
    return made;
  }

  void Match(std::string_view post, std::string_view, std::vector<uint32_t>* matches) override {
    Post record;
    record.text = post;
    record.language = "en";
    matcher_->Match(record, &scratch_, &found_);
    matches->clear();
    for (const BrandMatch& match : found_) matches->push_back(match.brand);
  }
  size_t MemoryBytes() const override { return matcher_->MemoryBytes(); }

 private:
  std::unique_ptr<Matcher> matcher_;
  MatchScratch scratch_;
  std::vector<BrandMatch> found_;
};

class AhoCorasickContender : public Contender {
 public:
  static std::unique_ptr<Contender> Make(const Workload& workload, std::string*) {
    return std::make_unique<AhoCorasickContender>(workload);
  }
  explicit AhoCorasickContender(const Workload& workload) : queries_(workload.cases), automaton_(queries_.literals()) {}

  void Match(std::string_view post, std::string_view spaced, std::vector<uint32_t>* matches) override {
    queries_.Begin();
    automaton_.Search(spaced, [this](uint32_t literal) { queries_.Found(literal); });
    queries_.Finish(post, matches);
  }
  size_t MemoryBytes() const override { return automaton_.MemoryBytes(); }

 private:
  LiteralQueries queries_;
  AhoCorasick automaton_;
};

#ifdef TOCSIN_BENCH_HYPERSCAN
class HyperscanContender : public Contender {
 public:
  static std::unique_ptr<Contender> Make(const Workload& workload, std::string* why) {
    auto made = std::make_unique<HyperscanContender>(workload);
    const std::vector<std::string>& literals = made->queries_.literals();
    std::vector<const char*> texts;
    std::vector<size_t> sizes;
    std::vector<unsigned> ids;
    const std::vector<unsigned> flags(literals.size(), HS_FLAG_SINGLEMATCH);
    for (const std::string& literal : literals) {
      texts.push_back(literal.c_str());
      sizes.push_back(literal.size());
      ids.push_back(static_cast<unsigned>(ids.size()));
    }
    hs_compile_error_t* error = nullptr;
    if (hs_compile_lit_multi(texts.data(), flags.data(), ids.data(), sizes.data(),
                             static_cast<unsigned>(literals.size()), HS_MODE_BLOCK, nullptr, &made->database_,
                             &error) != HS_SUCCESS) {
      *why = absl::StrCat("does not compile: ", error->message);
      hs_free_compile_error(error);
      return nullptr;
    }
    if (hs_alloc_scratch(made->database_, &made->scratch_) != HS_SUCCESS) {
      *why = "no scratch memory";
      return nullptr;
    }
    return made;
  }

  explicit HyperscanContender(const Workload& workload) : queries_(workload.cases) {}
  ~HyperscanContender() override {
    hs_free_scratch(scratch_);
    hs_free_database(database_);
  }
  HyperscanContender(const HyperscanContender&) = delete;
  HyperscanContender& operator=(const HyperscanContender&) = delete;

  void Match(std::string_view post, std::string_view spaced, std::vector<uint32_t>* matches) override {
    queries_.Begin();
    // NOLINTNEXTLINE(google-runtime-int): Hyperscan's own signature.
    const auto on_match = [](unsigned id, unsigned long long, unsigned long long, unsigned, void* self) {
      static_cast<HyperscanContender*>(self)->queries_.Found(id);
      return 0;
    };
    hs_scan(database_, spaced.data(), static_cast<unsigned>(spaced.size()), 0, scratch_, on_match, this);
    queries_.Finish(post, matches);
  }
  size_t MemoryBytes() const override {
    size_t size = 0;
    hs_database_size(database_, &size);
    return size;
  }

 private:
  LiteralQueries queries_;
  hs_database_t* database_ = nullptr;
  hs_scratch_t* scratch_ = nullptr;
};
#endif

#ifdef TOCSIN_BENCH_RE2
class Re2Contender : public Contender {
 public:
  static constexpr size_t kMaxQueries = 1'000;
  static constexpr int64_t kMaxBytes = int64_t{2} << 30;

  static std::unique_ptr<Contender> Make(const Workload& workload, std::string* why) {
    if (workload.cases.size() > kMaxQueries) {
      *why = absl::StrCat("not tried with more than ", kMaxQueries);
      return nullptr;
    }
    auto made = std::make_unique<Re2Contender>(workload);
    for (const std::string& literal : made->queries_.literals()) made->set_.Add(literal, nullptr);
    if (!made->set_.Compile()) {
      *why = "does not compile";
      return nullptr;
    }
    return made;
  }
  explicit Re2Contender(const Workload& workload) : queries_(workload.cases), set_(MakeOptions(), RE2::UNANCHORED) {}

  void Match(std::string_view post, std::string_view spaced, std::vector<uint32_t>* matches) override {
    queries_.Begin();
    set_.Match(re2::StringPiece(spaced.data(), spaced.size()), &found_);
    for (const int id : found_) queries_.Found(static_cast<uint32_t>(id));
    queries_.Finish(post, matches);
  }
  size_t MemoryBytes() const override { return 0; }

 private:
  static RE2::Options MakeOptions() {
    RE2::Options options;
    options.set_literal(true);
    options.set_max_mem(kMaxBytes);
    return options;
  }

  LiteralQueries queries_;
  RE2::Set set_;
  std::vector<int> found_;
};
#endif

}  // namespace

std::vector<ContenderKind> Contenders() {
  return {
      {"tocsin", &TocsinContender::Make},
      {"aho-corasick", &AhoCorasickContender::Make},
#ifdef TOCSIN_BENCH_HYPERSCAN
      {"hyperscan", &HyperscanContender::Make},
#endif
#ifdef TOCSIN_BENCH_RE2
      {"re2-set", &Re2Contender::Make},
#endif
  };
}

}  // namespace tocsin::bench
