#include "bench/kafka/bare_consumer/measured_run.h"

#include <sys/resource.h>

#include <cstdio>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/time/clock.h"

namespace tocsin {
namespace {

double Seconds(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

rusage Usage() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage;
}

double CpuSeconds() {
  const rusage usage = Usage();
  return Seconds(usage.ru_utime) + Seconds(usage.ru_stime);
}

absl::Status SetFlag(std::string_view name, const std::string& value, BenchFlags& flags) {
  bool good = true;
  if (name == "--bootstrap") {
    flags.kafka.properties.emplace_back("bootstrap.servers", value);
  } else if (name == "--topics") {
    flags.topics = absl::StrSplit(value, ',');
  } else if (name == "--fields") {
    flags.fields = absl::StrSplit(value, ',');
  } else if (name == "--set") {
    const std::pair<std::string, std::string> property = absl::StrSplit(value, absl::MaxSplits('=', 1));
    flags.kafka.properties.push_back(property);
  } else if (name == "--queue-bytes") {
    good = absl::SimpleAtoi(value, &flags.kafka.queue_bytes);
  } else if (name == "--poll-records") {
    good = absl::SimpleAtoi(value, &flags.kafka.poll_records);
  } else if (name == "--records") {
    good = absl::SimpleAtoi(value, &flags.records);
  } else if (name == "--partitions") {
    good = absl::SimpleAtoi(value, &flags.partitions);
  } else if (name == "--bytes") {
    good = absl::SimpleAtoi(value, &flags.bytes);
  } else if (name == "--rate") {
    good = absl::SimpleAtoi(value, &flags.rate);
  } else if (name == "--brands") {
    good = absl::SimpleAtoi(value, &flags.brands);
  } else if (name == "--beside") {
    flags.beside = value;
  } else {
    return absl::InvalidArgumentError(absl::StrCat("unknown flag: ", name));
  }
  return good ? absl::OkStatus() : absl::InvalidArgumentError(absl::StrCat("not a number: ", name, " ", value));
}

}  // namespace

absl::StatusOr<BenchFlags> ParseBenchFlags(int argc, char** argv) {
  BenchFlags flags;
  for (int i = 1; i + 1 < argc; i += 2) {
    absl::Status status = SetFlag(argv[i], argv[i + 1], flags);
    if (!status.ok()) return status;
  }
  if (argc % 2 == 0 || flags.topics.empty() || flags.kafka.properties.empty()) {
    return absl::InvalidArgumentError("usage: --bootstrap HOST:PORT --topics A,B [--set PROPERTY=VALUE]...");
  }
  return flags;
}

absl::StatusOr<std::vector<TopicPartition>> PartitionsOf(Log& log, const std::vector<std::string>& topics) {
  std::vector<TopicPartition> partitions;
  for (const std::string& topic : topics) {
    absl::StatusOr<int32_t> count = log.PartitionCount(topic);
    if (!count.ok()) return count.status();
    for (int32_t i = 0; i < *count; ++i) partitions.push_back({topic, i});
  }
  return partitions;
}

MeasuredRun::MeasuredRun() : start_(absl::Now()), cpu_start_s_(CpuSeconds()) {}

std::string MeasuredRun::Json(std::string_view program, int64_t records, int64_t bytes, int64_t field_bytes) const {
  constexpr double kKilobytesPerMegabyte = 1024;
  const double wall_s = absl::ToDoubleSeconds(absl::Now() - start_);
  const double cpu_s = CpuSeconds() - cpu_start_s_;
  return absl::StrFormat(
      R"({"program":"%s","records":%d,"bytes":%d,"field_bytes":%d,"wall_s":%.3f,"cpu_s":%.3f,"records_per_cpu_s":%.0f,)"
      R"("max_rss_mb":%.1f})",
      program, records, bytes, field_bytes, wall_s, cpu_s, static_cast<double>(records) / cpu_s,
      static_cast<double>(Usage().ru_maxrss) / kKilobytesPerMegabyte);
}

int Report(const absl::Status& status) {
  if (status.ok()) return 0;
  std::fprintf(stderr, "%s\n", status.ToString().c_str());
  return 1;
}

}  // namespace tocsin
