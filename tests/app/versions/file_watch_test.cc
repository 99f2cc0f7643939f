#include "app/versions/file_watch.h"

#include <unistd.h>

#include <cstdio>
#include <fstream>
#include <string>

#include "gtest/gtest.h"

namespace tocsin {
namespace {

class FileWatchTest : public testing::Test {
 protected:
  FileWatchTest() { Write("old.yaml", "brands"); }

  std::string Path(const std::string& name) const { return folder_ + "/" + name; }
  void Write(const std::string& name, const std::string& text) const { std::ofstream(Path(name)) << text; }

  const std::string folder_ = testing::TempDir();
};

TEST_F(FileWatchTest, TellsOfAChangeOnceAndOnlyWhenItIsAtRest) {
  FileWatch watch({Path("old.yaml")});
  EXPECT_FALSE(watch.Look());
  Write("old.yaml", "brands of");
  EXPECT_FALSE(watch.Look()) << "it may be half-written";
  Write("old.yaml", "brands of all kinds");
  EXPECT_FALSE(watch.Look());
  EXPECT_TRUE(watch.Look());
  EXPECT_FALSE(watch.Look());
}

TEST_F(FileWatchTest, SeesAnotherFileUnderTheSameName) {
  FileWatch watch({Path("old.yaml")});
  Write("new.yaml", "brands");
  ASSERT_EQ(std::rename(Path("new.yaml").c_str(), Path("old.yaml").c_str()), 0);
  EXPECT_FALSE(watch.Look());
  EXPECT_TRUE(watch.Look());
}

TEST_F(FileWatchTest, FollowsALinkToAnotherFile) {
  const std::string link = Path("link.yaml");
  Write("other.yaml", "brands");
  std::remove(link.c_str());
  ASSERT_EQ(symlink(Path("old.yaml").c_str(), link.c_str()), 0);
  FileWatch watch({link});
  ASSERT_EQ(std::remove(link.c_str()), 0);
  ASSERT_EQ(symlink(Path("other.yaml").c_str(), link.c_str()), 0);
  EXPECT_FALSE(watch.Look());
  EXPECT_TRUE(watch.Look());
}

TEST_F(FileWatchTest, WhatIsKnownIsNotTold) {
  FileWatch watch({Path("old.yaml")});
  Write("old.yaml", "brands of");
  EXPECT_FALSE(watch.Look());
  watch.Know();
  EXPECT_FALSE(watch.Look());
  Write("old.yaml", "brands of all kinds");
  EXPECT_FALSE(watch.Look());
  EXPECT_TRUE(watch.Look());
}

TEST_F(FileWatchTest, AFileThatIsGoneForAMomentIsOneChange) {
  Write("gone.yaml", "brands");
  FileWatch watch({Path("gone.yaml")});
  ASSERT_EQ(std::remove(Path("gone.yaml").c_str()), 0);
  EXPECT_FALSE(watch.Look());
  Write("gone.yaml", "brands once more");
  EXPECT_FALSE(watch.Look());
  EXPECT_TRUE(watch.Look());
  EXPECT_FALSE(watch.Look());
}

}  // namespace
}  // namespace tocsin
