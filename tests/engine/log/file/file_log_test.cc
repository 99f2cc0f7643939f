#include "engine/log/file/file_log.h"

#include <unistd.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <random>
#include <string>
#include <vector>

#include "absl/status/status_matchers.h"
#include "absl/strings/str_cat.h"
#include "gmock/gmock.h"
#include "gtest/gtest.h"

namespace tocsin {
namespace {

using absl_testing::IsOk;
using absl_testing::StatusIs;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Le;

class StartListener : public AssignmentListener {
 public:
  absl::StatusOr<std::vector<StartPosition>> OnAssigned(absl::Span<const AssignedPartition> partitions) override {
    assigned.assign(partitions.begin(), partitions.end());
    return std::vector<StartPosition>(partitions.size(), start);
  }
  void OnRevoked(bool /*lost*/) override { ++revoked; }

  StartPosition start;
  std::vector<AssignedPartition> assigned;
  int revoked = 0;
};

// The reference: what a line is, in the plainest words.
std::vector<std::string> NaiveLines(const std::string& content, size_t line_bytes_max, int64_t* cut_lines = nullptr) {
  std::vector<std::string> lines;
  std::string line;
  const auto end_line = [&] {
    if (!line.empty() && line.back() == '\r') line.pop_back();
    if (line.size() > line_bytes_max) {
      line.resize(line_bytes_max);
      if (cut_lines != nullptr) ++*cut_lines;
    }
    lines.push_back(line);
    line.clear();
  };
  for (const char c : content) {
    if (c == '\n') {
      end_line();
    } else {
      line.push_back(c);
    }
  }
  if (!line.empty()) end_line();
  return lines;
}

std::string Gzip(const std::string& content) {
  z_stream stream = {};
  constexpr int kGzip = 16 + MAX_WBITS;
  EXPECT_EQ(deflateInit2(&stream, 1, Z_DEFLATED, kGzip, 8, Z_DEFAULT_STRATEGY), Z_OK);
  std::string out(deflateBound(&stream, content.size()) + 64, '\0');
  std::string in = content;
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  EXPECT_EQ(deflate(&stream, Z_FINISH), Z_STREAM_END);
  out.resize(stream.total_out);
  deflateEnd(&stream);
  return out;
}

std::string Zstd(const std::string& content) {
  std::string out(ZSTD_compressBound(content.size()), '\0');
  const size_t size = ZSTD_compress(out.data(), out.size(), content.data(), content.size(), 1);
  EXPECT_EQ(ZSTD_isError(size), 0U);
  out.resize(size);
  return out;
}

// A pipe whose ends are closed when it goes.
struct Pipe {
  Pipe() { EXPECT_EQ(pipe(ends), 0); }
  ~Pipe() {
    CloseWriter();
    close(ends[0]);
  }
  Pipe(const Pipe&) = delete;
  Pipe& operator=(const Pipe&) = delete;
  void Write(std::string_view bytes) const {
    EXPECT_EQ(write(ends[1], bytes.data(), bytes.size()), static_cast<ssize_t>(bytes.size()));
  }
  void CloseWriter() {
    if (ends[1] >= 0) close(ends[1]);
    ends[1] = -1;
  }

  int ends[2] = {-1, -1};
};

class FileLogTest : public testing::Test {
 protected:
  void SetUp() override {
    const auto* info = testing::UnitTest::GetInstance()->current_test_info();
    folder_ = std::filesystem::path(testing::TempDir()) / absl::StrCat("file_log_", info->name(), "_", getpid());
    std::filesystem::create_directories(folder_);
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string WriteFile(const std::string& name, const std::string& content) const {
    std::string path = folder_ / name;
    std::ofstream(path, std::ios::binary) << content;
    return path;
  }

  static std::unique_ptr<FileLog> Open(std::vector<FileInput> inputs, const FileLogOptions& options = {}) {
    absl::StatusOr<std::unique_ptr<FileLog>> log = FileLog::Create(std::move(inputs), options);
    EXPECT_THAT(log.status(), IsOk());
    return *std::move(log);
  }

  static std::unique_ptr<GroupReader> Reader(FileLog& log, std::vector<std::string> topics = {"posts"}) {
    absl::StatusOr<std::unique_ptr<GroupReader>> reader = log.OpenGroupReader({"group", "", std::move(topics)});
    EXPECT_THAT(reader.status(), IsOk());
    return *std::move(reader);
  }

  // Reads all of a log of one file; `*lines` has what came before an error.
  static absl::Status ReadAll(FileLog& log, std::vector<std::string>* lines, const StartPosition& start = {}) {
    StartListener listener;
    listener.start = start;
    const std::unique_ptr<GroupReader> reader = Reader(log);
    Offset expected = start.offset;
    std::vector<RecordBatch> batches;
    for (;;) {
      absl::Status status = reader->Poll(absl::ZeroDuration(), listener, &batches);
      if (!status.ok()) return status;
      for (const RecordBatch& batch : batches) {
        for (const Record& record : batch.records) {
          EXPECT_EQ(record.offset, expected++);
          EXPECT_TRUE(record.has_value);
          unsigned sum = 0;
          for (size_t i = 0; i < kRecordPadding; ++i) {
            sum += static_cast<unsigned char>(record.value.data()[record.value.size() + i]);
          }
          padding_sum_ += sum;
          lines->emplace_back(record.value);
        }
        EXPECT_EQ(batch.next_offset, expected);
        if (batch.end_of_partition) return absl::OkStatus();
      }
    }
  }

  std::filesystem::path folder_;
  static inline unsigned padding_sum_ = 0;  // so that reading the padding is not optimised away
};

TEST_F(FileLogTest, LinesAreRecordsNumberedFromZero) {
  auto log = Open({{"posts", WriteFile("a", "one\ntwo\r\n\nfour")}});
  std::vector<std::string> lines;
  EXPECT_THAT(ReadAll(*log, &lines), IsOk());
  EXPECT_THAT(lines, ElementsAre("one", "two", "", "four"));
}

TEST_F(FileLogTest, AnEmptyFileIsAtItsEndOnce) {
  auto log = Open({{"posts", WriteFile("a", "")}});
  StartListener listener;
  auto reader = Reader(*log);
  std::vector<RecordBatch> batches;
  ASSERT_THAT(reader->Poll(absl::ZeroDuration(), listener, &batches), IsOk());
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_TRUE(batches[0].end_of_partition);
  EXPECT_THAT(batches[0].records, IsEmpty());
  EXPECT_EQ(reader->Lag(0), 0);
  ASSERT_THAT(reader->Poll(absl::ZeroDuration(), listener, &batches), IsOk());
  EXPECT_THAT(batches, IsEmpty());
}

// Goal: any content, however compressed, gives the lines of the naive reference.
// Method: seeded content of short, empty and huge lines, CR, NUL and compression magic anywhere; buffers far smaller
// than the lines, so that every boundary is met; plain, in random gzip members, in random zstd frames.
TEST_F(FileLogTest, AgreesWithNaiveSplittingOnRandomContent) {
  std::mt19937_64 random(7);
  const auto below = [&random](size_t limit) { return static_cast<size_t>(random() % limit); };
  for (int round = 0; round < 120; ++round) {
    FileLogOptions options;
    options.buffer_bytes = 1 + below(300);
    options.line_bytes_max = below(2) == 0 ? 50 + below(300) : 6'000;
    options.batch_records_max = 1 + below(10);
    std::string content;
    // Never a format's magic at the start: it would be believed.
    if (below(8) != 0) content = below(2) == 0 ? "\n" : "{";
    const size_t line_count = content.empty() ? 0 : below(40);
    for (size_t i = 0; i < line_count; ++i) {
      const size_t size = below(8) == 0   ? below(5000)
                          : below(4) == 0 ? options.line_bytes_max - 2 + below(5)
                                          : below(60);
      for (size_t k = 0; k < size; ++k) content.push_back("ab\r\0(\x1f\x8b{"[below(8)]);
      content += below(4) == 0 ? "\r\n" : "\n";
    }
    if (below(2) == 0 && !content.empty()) content.pop_back();
    std::string gzip;
    std::string zstd;
    for (size_t at = 0; at < content.size();) {
      const size_t size = std::min(content.size() - at, 1 + below(3000));
      gzip += Gzip(content.substr(at, size));
      zstd += Zstd(content.substr(at, size));
      at += size;
    }
    int64_t cut_lines = 0;
    const std::vector<std::string> expected = NaiveLines(content, options.line_bytes_max, &cut_lines);
    for (const std::string& stored : {content, gzip, zstd}) {
      auto log = Open({{"posts", WriteFile("f", stored)}}, options);
      std::vector<std::string> lines;
      ASSERT_THAT(ReadAll(*log, &lines), IsOk());
      ASSERT_EQ(lines, expected) << "round " << round;
      EXPECT_EQ(log->cut_lines(), cut_lines);
      EXPECT_EQ(log->Progress().bytes_read, log->Progress().bytes_total);
      EXPECT_EQ(log->Progress().records, static_cast<int64_t>(expected.size()));
    }
  }
}

TEST_F(FileLogTest, AFileThatIsCutOffIsDataLossAfterItsWholeLines) {
  std::string content;
  std::mt19937_64 random(11);
  while (content.size() < 20'000) absl::StrAppend(&content, random(), "\n");
  const std::vector<std::string> whole = NaiveLines(content, content.size());
  for (const std::string& stored : {Gzip(content), Zstd(content)}) {
    for (size_t size = 5; size < stored.size(); size += 997) {
      const std::string path = WriteFile("f", stored.substr(0, size));
      auto log = Open({{"posts", path}});
      std::vector<std::string> lines;
      EXPECT_THAT(ReadAll(*log, &lines), StatusIs(absl::StatusCode::kDataLoss,
                                                  AllOf(HasSubstr(path), HasSubstr(absl::StrCat("byte=", size)))));
      ASSERT_LE(lines.size(), whole.size());
      EXPECT_TRUE(std::equal(lines.begin(), lines.end(), whole.begin()));
    }
  }
}

TEST_F(FileLogTest, DamagedCompressionIsDataLossAndNeverOtherLines) {
  std::string content;
  std::mt19937_64 random(13);
  while (content.size() < 50'000) absl::StrAppend(&content, random(), "\n");
  const std::string stored = Gzip(content);
  for (size_t at = 20; at < stored.size(); at += 1009) {
    std::string damaged = stored;
    damaged[at] = static_cast<char>(damaged[at] ^ 0x10);
    auto log = Open({{"posts", WriteFile("f", damaged)}});
    std::vector<std::string> lines;
    EXPECT_THAT(ReadAll(*log, &lines), StatusIs(absl::StatusCode::kDataLoss)) << at;
  }
}

TEST_F(FileLogTest, ZerosBehindTheLastGzipMemberAreIgnored) {
  auto log = Open({{"posts", WriteFile("f", Gzip("one\n") + std::string(600, '\0'))}});
  std::vector<std::string> lines;
  EXPECT_THAT(ReadAll(*log, &lines), IsOk());
  EXPECT_THAT(lines, ElementsAre("one"));
}

TEST_F(FileLogTest, AZstdFileMayBeginWithASkippableFrame) {
  const std::string skippable("\x50\x2a\x4d\x18\x04\x00\x00\x00skip", 12);
  auto log = Open({{"posts", WriteFile("f", skippable + Zstd("one\ntwo\n"))}});
  std::vector<std::string> lines;
  EXPECT_THAT(ReadAll(*log, &lines), IsOk());
  EXPECT_THAT(lines, ElementsAre("one", "two"));
}

TEST_F(FileLogTest, ALineThatIsTooLongIsCutAndTheNextOnesAreWhole) {
  FileLogOptions options;
  options.line_bytes_max = 100;
  options.buffer_bytes = 64;
  const std::string content =
      absl::StrCat("a\n", std::string(100, 'b'), "\r\n", std::string(101, 'c'), "\n", std::string(100'000, 'd'), "\ne");
  auto log = Open({{"posts", WriteFile("f", content)}}, options);
  std::vector<std::string> lines;
  EXPECT_THAT(ReadAll(*log, &lines), IsOk());
  EXPECT_THAT(lines, ElementsAre("a", std::string(100, 'b'), std::string(100, 'c'), std::string(100, 'd'), "e"));
  EXPECT_EQ(log->cut_lines(), 2);
}

// Goal: memory follows the options and the longest line, never the file.
TEST_F(FileLogTest, BuffersStayBoundedWhateverTheFileHolds) {
  constexpr size_t kInputBytes = size_t{256} << 10;
  FileLogOptions options;
  options.buffer_bytes = size_t{64} << 10;
  options.line_bytes_max = size_t{1} << 20;
  std::string content;
  for (int i = 0; i < 3; ++i) {
    content += std::string(size_t{4} << 20, 'x') + "\n";
    for (int k = 0; k < 50'000; ++k) content += "a short line of text\n";
  }
  auto log = Open({{"posts", WriteFile("f", Zstd(content))}}, options);
  StartListener listener;
  auto reader = Reader(*log);
  std::vector<RecordBatch> batches;
  size_t held_max = 0;
  size_t records = 0;
  for (bool ended = false; !ended;) {
    ASSERT_THAT(reader->Poll(absl::ZeroDuration(), listener, &batches), IsOk());
    held_max = std::max(held_max, log->held_bytes());
    for (const RecordBatch& batch : batches) {
      records += batch.records.size();
      ended = ended || batch.end_of_partition;
    }
  }
  EXPECT_EQ(records, 3U * 50'001);
  EXPECT_THAT(held_max, Le(options.line_bytes_max + kInputBytes + 1024));
  EXPECT_THAT(log->held_bytes(), Le(options.buffer_bytes + kInputBytes + 1024));
}

TEST_F(FileLogTest, ReadsOnFromAnOffset) {
  const std::string path = WriteFile("f", "0\n1\n2\n3\n");
  FileLogOptions options;
  options.batch_records_max = 1;
  auto log = Open({{"posts", path}}, options);
  std::vector<std::string> lines;
  EXPECT_THAT(ReadAll(*log, &lines, {StartPosition::Kind::kOffset, 2}), IsOk());
  EXPECT_THAT(lines, ElementsAre("2", "3"));
  lines.clear();
  EXPECT_THAT(ReadAll(*log, &lines, {StartPosition::Kind::kOffset, 4}), IsOk());
  EXPECT_THAT(lines, IsEmpty());
  EXPECT_THAT(ReadAll(*log, &lines, {StartPosition::Kind::kOffset, 5}),
              StatusIs(absl::StatusCode::kOutOfRange, HasSubstr(path)));
}

TEST_F(FileLogTest, EachFileIsAPartitionOfItsTopicAndReadersShareThem) {
  FileLogOptions options;
  options.readers = 2;
  auto log =
      Open({{"posts", WriteFile("a", "a\n")}, {"reviews", WriteFile("b", "b\n")}, {"posts", WriteFile("c", "c\n")}},
           options);
  EXPECT_EQ(*log->PartitionCount("posts"), 2);
  EXPECT_EQ(*log->PartitionCount("reviews"), 1);
  EXPECT_THAT(log->PartitionCount("other"), StatusIs(absl::StatusCode::kNotFound));
  auto first = Reader(*log, {"posts", "reviews"});
  auto second = Reader(*log, {"posts", "reviews"});
  EXPECT_THAT(log->OpenGroupReader({"group", "", {"posts", "reviews"}}),
              StatusIs(absl::StatusCode::kFailedPrecondition));
  StartListener first_listener;
  StartListener second_listener;
  std::vector<RecordBatch> batches;
  ASSERT_THAT(first->Poll(absl::ZeroDuration(), first_listener, &batches), IsOk());
  ASSERT_EQ(first_listener.assigned.size(), 2U);
  EXPECT_EQ(first_listener.assigned[0].partition, (TopicPartition{"posts", 0}));
  EXPECT_EQ(first_listener.assigned[1].partition, (TopicPartition{"posts", 1}));
  ASSERT_EQ(batches.size(), 2U);
  EXPECT_EQ(batches[0].records[0].value, "a");
  EXPECT_EQ(batches[1].records[0].value, "c");
  ASSERT_THAT(second->Poll(absl::ZeroDuration(), second_listener, &batches), IsOk());
  ASSERT_EQ(second_listener.assigned.size(), 1U);
  EXPECT_EQ(second_listener.assigned[0].partition, (TopicPartition{"reviews", 0}));
  ASSERT_THAT(second->Close(second_listener), IsOk());
  EXPECT_EQ(second_listener.revoked, 1);
  EXPECT_THAT(log->OpenGroupReader({"group", "", {"posts", "reviews"}}), IsOk());
}

TEST_F(FileLogTest, PauseStopsOneFileAndResumeLosesNothing) {
  auto log = Open({{"posts", WriteFile("a", "a1\na2\n")}, {"posts", WriteFile("b", "b1\n")}});
  StartListener listener;
  auto reader = Reader(*log);
  std::vector<RecordBatch> batches;
  ASSERT_THAT(reader->Pause(0), IsOk());
  EXPECT_THAT(reader->Pause(2), StatusIs(absl::StatusCode::kInvalidArgument));
  ASSERT_THAT(reader->Poll(absl::ZeroDuration(), listener, &batches), IsOk());
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_EQ(batches[0].slot, 1);
  ASSERT_THAT(reader->Resume(0), IsOk());
  ASSERT_THAT(reader->Poll(absl::ZeroDuration(), listener, &batches), IsOk());
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_EQ(batches[0].records.size(), 2U);
}

TEST_F(FileLogTest, StandardInputGivesWholeLinesAsTheyComeAndMayNeverEnd) {
  Pipe input;
  FileLogOptions options;
  options.stdin_fd = input.ends[0];
  auto log = Open({{"posts", "-"}}, options);
  EXPECT_EQ(log->Progress().bytes_total, -1);
  StartListener listener;
  auto reader = Reader(*log);
  std::vector<RecordBatch> batches;
  ASSERT_THAT(reader->Poll(absl::ZeroDuration(), listener, &batches), IsOk());
  EXPECT_THAT(batches, IsEmpty());
  input.Write("one\ntw");
  ASSERT_THAT(reader->Poll(absl::Seconds(10), listener, &batches), IsOk());
  ASSERT_EQ(batches.size(), 1U);
  ASSERT_EQ(batches[0].records.size(), 1U);
  EXPECT_EQ(batches[0].records[0].value, "one");
  EXPECT_FALSE(batches[0].end_of_partition);
  input.Write("o");
  ASSERT_THAT(reader->Poll(absl::ZeroDuration(), listener, &batches), IsOk());
  EXPECT_THAT(batches, IsEmpty());
  input.CloseWriter();
  ASSERT_THAT(reader->Poll(absl::Seconds(10), listener, &batches), IsOk());
  ASSERT_EQ(batches.size(), 1U);
  EXPECT_EQ(batches[0].records[0].value, "two");
  EXPECT_TRUE(batches[0].end_of_partition);
  reader.reset();
  auto again = Reader(*log);
  EXPECT_THAT(again->Poll(absl::ZeroDuration(), listener, &batches), StatusIs(absl::StatusCode::kFailedPrecondition));
}

TEST_F(FileLogTest, CompressedStandardInputIsToldFromItsFirstBytes) {
  Pipe input;
  FileLogOptions options;
  options.stdin_fd = input.ends[0];
  auto log = Open({{"posts", "-"}}, options);
  StartListener listener;
  auto reader = Reader(*log);
  std::vector<RecordBatch> batches;
  std::vector<std::string> lines;
  for (const char byte : Zstd("(one\ntwo\n")) {
    input.Write(std::string_view(&byte, 1));
    ASSERT_THAT(reader->Poll(absl::ZeroDuration(), listener, &batches), IsOk());
    for (const RecordBatch& batch : batches) {
      for (const Record& record : batch.records) lines.emplace_back(record.value);
    }
  }
  EXPECT_THAT(lines, ElementsAre("(one", "two"));
}

TEST_F(FileLogTest, FilesThatCannotBeReadAreToldAtOnce) {
  const std::string missing = folder_ / "missing";
  EXPECT_THAT(FileLog::Create({{"posts", missing}}), StatusIs(absl::StatusCode::kNotFound, HasSubstr(missing)));
  EXPECT_THAT(FileLog::Create({{"posts", folder_}}), StatusIs(absl::StatusCode::kInvalidArgument));
  EXPECT_THAT(FileLog::Create({{"posts", "-"}, {"posts", "-"}}), StatusIs(absl::StatusCode::kInvalidArgument));
}

TEST_F(FileLogTest, CanOnlyBeReadByAGroup) {
  auto log = Open({{"posts", WriteFile("a", "a\n")}});
  EXPECT_THAT(log->OpenWriter("w"), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(log->OpenPartitionReader({}), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(log->Offsets({"posts", 0}), StatusIs(absl::StatusCode::kFailedPrecondition));
  EXPECT_THAT(log->EnsureTopics({TopicSpec{"posts", 1, -1, {}}}, true), IsOk());
  auto committed = log->CommittedOffsets("group", {{"posts", 0}});
  ASSERT_THAT(committed.status(), IsOk());
  EXPECT_EQ((*committed)[0].committed, std::nullopt);
}

}  // namespace
}  // namespace tocsin
