// Turns planned posts into records: who writes, in which language, what, in which shape.
//
// Everything follows from the planned post alone, so a duplicate has the bytes of the first. Not thread-safe. Keeps a
// reference to the scenario.
#pragma once

#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "app/generate/labelled_texts.h"
#include "app/generate/network_posts.h"
#include "app/generate/planned_post.h"
#include "app/generate/scenario.h"
#include "app/generate/texts.h"

namespace tocsin {

class Composer {
 public:
  Composer(const Scenario& scenario, std::shared_ptr<const LabelledTexts> texts);

  // The record, valid until the next call.
  std::string_view Compose(const PlannedPost& planned);

  // Of the post that was composed last.
  PostLanguage language() const { return post_.language; }
  std::string_view Id(const PlannedPost& planned);  // as its preset reads it; valid until the next call

 private:
  // An account as it looks: the same number always has the same.
  struct Account {
    int64_t followers = 0;
    std::string created, created_twitter;
  };
  void MakeAccounts();
  PostLanguage PickLanguage(double place) const;
  void ComposeText(const PlannedPost& planned, PostShape shape);

  const Scenario& scenario_;
  const Texts texts_;
  std::vector<Account> accounts_, new_accounts_;   // looks, of which there are fewer than authors
  std::vector<std::array<std::string, 3>> names_;  // of each brand: name, handle with '@', hashtag
  PostFields post_;
  RecordWriting writing_;
  RecordBuffer id_;
};

}  // namespace tocsin
