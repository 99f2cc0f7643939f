#include "app/worker/publisher.h"

#include <optional>
#include <utility>

#include "absl/time/time.h"
#include "app/worker/dead_letters.h"

namespace tocsin {

absl::Status WriteRefusedAction(const RefusedAction& refused, std::string_view topic, Writer* writer) {
  Record record;
  record.value = refused.text;
  record.has_value = true;
  record.offset = refused.offset;
  DeadLetters letter(/*per_second=*/1);
  letter.Add(refused.source, record, ActionErrorName(refused.error), /*field=*/{}, absl::UnixEpoch());
  return letter.WriteTo(writer, topic);
}

absl::Status LogPublisher::Publish(const DetectOutput& output, Writer* writer) {
  OutputRecord record;
  record.key = output.brand_id;
  if (output.kind == DetectOutput::Kind::kMetric) {
    record.topic = topics_.brand_metrics;
    record.value = output.metric;
    return writer->Write(record);
  }
  if (output.kind == DetectOutput::Kind::kRefusedAction) {
    return WriteRefusedAction(*output.refused, topics_.dead_letters, writer);
  }
  const Signal& signal = *output.signal;
  const std::optional<int64_t> emitted_at_ms = absl::ToUnixMillis(clock_->Now());
  const std::string data = RenderSignalData(signal, emitted_at_ms);
  const std::vector<std::pair<std::string, std::string>> named = CloudEventHeaders(signal);
  std::vector<Header> headers;
  headers.reserve(named.size());
  for (const auto& [name, value] : named) headers.push_back({name, value});
  record.topic = topics_.signals;
  record.value = data;
  record.headers = headers;
  if (absl::Status status = writer->Write(record); !status.ok()) return status;
  if (signal.incident_id.empty()) return absl::OkStatus();
  // What is open now: the last signal of each incident.
  record.topic = topics_.incidents;
  record.key = signal.incident_id;
  if (absl::Status status = writer->Write(record); !status.ok()) return status;
  if (!signal.post_crisis.has_value()) return absl::OkStatus();
  const std::string post_crisis = RenderPostCrisis(signal);
  record.topic = topics_.post_crisis;
  record.value = post_crisis;
  record.headers = {};
  return writer->Write(record);
}

}  // namespace tocsin
