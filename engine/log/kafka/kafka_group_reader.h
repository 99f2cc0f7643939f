// A member of a Kafka consumer group, as a GroupReader.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "engine/log/kafka/kafka_batches.h"
#include "engine/log/kafka/kafka_client.h"
#include "engine/log/kafka/kafka_options.h"
#include "engine/log/log.h"

namespace tocsin {

// librdkafka calls back from within a fetch, when messages of the old assignment may already be in the array. So the
// callback only notes what has to be done; Poll throws the array away and then does it, and until it has, librdkafka
// delivers nothing more. What was thrown away was not delivered, so no position has moved.
//
// Beyond GroupReader's contract: a named member that is closed keeps its partitions until session.timeout.ms (static
// membership), so that a restart under the same name moves nothing. Poll returns Aborted when another client has joined
// under the same name.
class KafkaGroupReader final : public GroupReader {
 public:
  static absl::StatusOr<std::unique_ptr<KafkaGroupReader>> Create(const KafkaOptions& options,
                                                                  const Log::GroupOptions& group);
  // Leaves the group without telling a listener.
  ~KafkaGroupReader() override;

  absl::Status Poll(absl::Duration max_wait, AssignmentListener& listener, std::vector<RecordBatch>* batches) override;
  GroupGeneration Generation() const override { return generation_; }
  absl::Status Pause(int32_t slot) override;
  absl::Status Resume(int32_t slot) override;
  int64_t Lag(int32_t slot) const override;
  int64_t QueuedBytes() const override { return queued_bytes_; }
  absl::Status Close(AssignmentListener& listener) override;

  // For measurements of what this log doesn't offer (bench/kafka/plain_run). The reader owns it.
  rd_kafka_t* client() const { return client_->get(); }

 private:
  struct Rebalance {
    bool assigns = false;
    std::vector<TopicPartition> partitions;  // of an assignment
  };

  explicit KafkaGroupReader(const KafkaOptions& options) : options_(options), batches_(options) {}

  void OnRebalance(rd_kafka_resp_err_t event, const rd_kafka_topic_partition_list_t& partitions);
  absl::Status ApplyRebalances(AssignmentListener& listener);
  absl::Status Assign(const std::vector<TopicPartition>& partitions, AssignmentListener& listener);
  absl::Status Revoke(AssignmentListener& listener);
  absl::StatusOr<Offset> Resolve(const TopicPartition& partition, const StartPosition& start);
  absl::Status CheckSlot(int32_t slot) const;
  // Tells the listener, if it was told of an assignment. `lost`: nothing may be committed any more.
  void TakeBack(AssignmentListener& listener, bool lost);
  absl::Status Fail(absl::Status status);
  void LeaveGroup();

  KafkaOptions options_;  // constant after construction
  std::unique_ptr<KafkaClient> client_;
  KafkaQueue queue_;
  KafkaBatches batches_;
  GroupGeneration generation_;
  std::vector<Rebalance> rebalances_;  // noted by the callback, in order
  bool interrupted_ = false;           // some are noted
  bool assigned_ = false;              // the listener has been told of an assignment and of no revocation since
  bool closing_ = false;
  int64_t queued_bytes_ = 0;  // as the last statistics said
  absl::Status failure_;      // sticky: after the first error of a Poll nothing more is delivered
};

}  // namespace tocsin
