#include "operators/parse/json_index.h"

#include <simdjson.h>

#include <bit>

#include "absl/log/check.h"

namespace tocsin {
namespace {

// simdjson asks for padding because its later stages read strings past their end. The first stage of these kernels
// reads whole blocks only inside the record and takes the rest through a block of its own; a test runs each of them
// over records that end at a guard page.
bool ReadsOnlyTheRecord(std::string_view kernel) {
  return kernel == "icelake" || kernel == "haswell" || kernel == "westmere" || kernel == "arm64";
}

constexpr size_t kInitialCapacity = size_t{1} << 16;

}  // namespace

const size_t JsonIndex::kPadding = simdjson::SIMDJSON_PADDING;

JsonIndex::JsonIndex() {
  const simdjson::implementation* kernel = simdjson::get_active_implementation();
  needs_padding_ = !ReadsOnlyTheRecord(kernel->name());
  constexpr size_t kUnusedDepth = 1;  // of the second stage
  CHECK(kernel->create_dom_parser_implementation(kInitialCapacity, kUnusedDepth, stage_) == simdjson::SUCCESS)
      << "no memory for the parser, or a processor that simdjson does not know";
  capacity_ = kInitialCapacity;
}

JsonIndex::~JsonIndex() = default;

void JsonIndex::Reserve(size_t record_bytes) {
  if (record_bytes < capacity_) return;
  const size_t capacity = std::bit_ceil(record_bytes + 1);
  CHECK(stage_->set_capacity(capacity) == simdjson::SUCCESS) << "no memory for the positions of a record";
  capacity_ = capacity;
}

DropReason JsonIndex::Build(std::string_view record, size_t readable_padding) {
  Reserve(record.size());
  text_ = record.data();
  if (needs_padding_ && readable_padding < kPadding) {
    copy_.assign(record);
    copy_.append(kPadding, ' ');
    text_ = copy_.data();
  }
  const simdjson::error_code error =
      stage_->stage1(reinterpret_cast<const uint8_t*>(text_), record.size(), simdjson::stage1_mode::regular);
  if (error == simdjson::SUCCESS) {
    positions_ = stage_->structural_indexes.get();
    size_ = stage_->n_structural_indexes;
    return DropReason::kNone;
  }
  if (!simdjson::validate_utf8(record.data(), record.size())) return DropReason::kNotUtf8;
  return error == simdjson::EMPTY ? DropReason::kEmpty : DropReason::kNotJson;
}

}  // namespace tocsin
