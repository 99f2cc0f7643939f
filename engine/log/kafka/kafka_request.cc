#include "engine/log/kafka/kafka_request.h"

#include <array>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "engine/base/clock.h"
#include "engine/log/kafka/kafka_error.h"

namespace tocsin {

absl::StatusOr<KafkaEvent> AskKafka(KafkaClient* client, absl::Duration timeout, rd_kafka_admin_op_t operation,
                                    std::string_view what,
                                    absl::FunctionRef<void(rd_kafka_AdminOptions_t*, rd_kafka_queue_t*)> send) {
  constexpr int kGraceMs = 1000;
  const int timeout_ms = KafkaMilliseconds(timeout);
  std::array<char, 512> text{};
  KafkaQueue queue(rd_kafka_queue_new(client->get()));
  KafkaAdminOptions options(rd_kafka_AdminOptions_new(client->get(), operation));
  const rd_kafka_resp_err_t error =
      rd_kafka_AdminOptions_set_request_timeout(options.get(), timeout_ms, text.data(), text.size());
  absl::Status status = KafkaStatus(error, what, text.data());
  if (!status.ok()) return status;
  send(options.get(), queue.get());
  KafkaEvent event(rd_kafka_queue_poll(queue.get(), timeout_ms + kGraceMs));
  rd_kafka_poll(client->get(), 0);
  if (event == nullptr) return client->Explain(absl::UnavailableError(absl::StrCat(what, ": no answer in time")));
  status = KafkaStatus(rd_kafka_event_error(event.get()), what,
                       rd_kafka_event_error(event.get()) == 0 ? "" : rd_kafka_event_error_string(event.get()));
  if (!status.ok()) return client->Explain(status);
  return event;
}

namespace {

// Between two requests: a partition that was just created, or whose leader moves, is known in the metadata before its
// leader answers, and librdkafka does not retry that.
constexpr absl::Duration kPause = absl::Milliseconds(50);

absl::StatusOr<Offset> AskOffset(KafkaClient* client, absl::Duration timeout, const TopicPartition& partition,
                                 int64_t spec, std::string_view what) {
  KafkaPartitions list(rd_kafka_topic_partition_list_new(1));
  rd_kafka_topic_partition_list_add(list.get(), partition.topic.c_str(), partition.partition)->offset = spec;
  absl::StatusOr<KafkaEvent> event = AskKafka(
      client, timeout, RD_KAFKA_ADMIN_OP_LISTOFFSETS, what, [&](rd_kafka_AdminOptions_t* options, auto* queue) {
        KafkaError ignored(
            rd_kafka_AdminOptions_set_isolation_level(options, RD_KAFKA_ISOLATION_LEVEL_READ_UNCOMMITTED));
        rd_kafka_ListOffsets(client->get(), list.get(), options, queue);
      });
  if (!event.ok()) return event.status();
  size_t count = 0;
  const rd_kafka_ListOffsetsResultInfo_t** infos =
      rd_kafka_ListOffsets_result_infos(rd_kafka_event_ListOffsets_result(event->get()), &count);
  if (count != 1) return absl::InternalError(absl::StrCat(what, ": not one answer"));
  const rd_kafka_topic_partition_t* found = rd_kafka_ListOffsetsResultInfo_topic_partition(infos[0]);
  absl::Status status = KafkaStatus(found->err, what);
  if (!status.ok()) return status;
  // Of a partition whose leader did not answer librdkafka may report neither an offset nor an error.
  if (found->offset == RD_KAFKA_OFFSET_INVALID) return absl::UnavailableError(absl::StrCat(what, ": no answer"));
  return found->offset;
}

}  // namespace

absl::StatusOr<Offset> ListKafkaOffset(KafkaClient* client, absl::Duration timeout, const TopicPartition& partition,
                                       int64_t spec, std::string_view what) {
  SystemClock clock;
  const absl::Time deadline = clock.Now() + timeout;
  absl::StatusOr<Offset> offset = AskOffset(client, timeout, partition, spec, what);
  while (absl::IsUnavailable(offset.status())) {
    absl::SleepFor(kPause);
    const absl::Duration left = deadline - clock.Now();
    if (left <= absl::ZeroDuration()) break;
    offset = AskOffset(client, left, partition, spec, what);
  }
  return offset;
}

absl::StatusOr<OffsetRange> QueryKafkaOffsets(const KafkaClient& client, const TopicPartition& partition,
                                              absl::Duration timeout, std::string_view what) {
  SystemClock clock;
  const absl::Time deadline = clock.Now() + timeout;
  OffsetRange range;
  for (absl::Duration left = timeout;;) {
    const rd_kafka_resp_err_t error = rd_kafka_query_watermark_offsets(
        client.get(), partition.topic.c_str(), partition.partition, &range.begin, &range.end, KafkaMilliseconds(left));
    if (error == RD_KAFKA_RESP_ERR_NO_ERROR) return range;
    if (IsKafkaTransient(error)) {
      absl::SleepFor(kPause);
      left = deadline - clock.Now();
      if (left > absl::ZeroDuration()) continue;
    }
    return KafkaStatus(error, absl::StrCat(what, ": topic=", partition.topic, " partition=", partition.partition));
  }
}

}  // namespace tocsin
