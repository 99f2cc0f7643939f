#include "app/worker/dead_letters.h"

#include <openssl/evp.h>

#include <array>
#include <optional>

#include "absl/strings/escaping.h"
#include "absl/strings/str_cat.h"

namespace tocsin {
namespace {

std::string Sha256Hex(std::string_view bytes) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned int size = 0;
  if (EVP_Digest(bytes.data(), bytes.size(), digest.data(), &size, EVP_sha256(), nullptr) != 1) return "";
  return absl::BytesToHexString(std::string(reinterpret_cast<const char*>(digest.data()), size));
}

}  // namespace

void DeadLetters::Add(const TopicPartition& source, const Record& record, std::string_view reason,
                      std::string_view field, absl::Time now) {
  if (now - second_ >= absl::Seconds(1)) {
    second_ = now;
    in_second_ = 0;
  }
  Letter& letter = letters_.emplace_back();
  letter.topic = source.topic;
  letter.partition = absl::StrCat(source.partition);
  letter.key = absl::StrCat(source.topic, "/", source.partition);
  letter.offset = absl::StrCat(record.offset);
  letter.length = absl::StrCat(record.value.size());
  letter.reason = reason;
  letter.field = field;
  letter.has_value = record.has_value;
  letter.reference_only = ++in_second_ > per_second_;
  if (letter.reference_only) {
    letter.has_value = false;
  } else {
    if (record.value.size() > kMaxDeadLetterBytes) letter.sha256 = Sha256Hex(record.value);
    letter.value.assign(record.value.substr(0, kMaxDeadLetterBytes));
  }
  bytes_ += letter.value.size() + sizeof(Letter);
}

absl::Status DeadLetters::WriteTo(Writer* writer, std::string_view topic) const {
  std::vector<Header> headers;
  for (const Letter& letter : letters_) {
    headers.assign({{"error", letter.reason},
                    {"topic", letter.topic},
                    {"partition", letter.partition},
                    {"offset", letter.offset},
                    {"length", letter.length}});
    if (!letter.field.empty()) headers.push_back({"field", letter.field});
    if (!letter.sha256.empty()) headers.push_back({"sha256", letter.sha256});
    if (letter.reference_only) headers.push_back({"reference_only", "true"});
    OutputRecord record;
    record.topic = topic;
    record.key = letter.key;
    if (letter.has_value) record.value = letter.value;
    record.headers = headers;
    if (absl::Status status = writer->Write(record); !status.ok()) return status;
  }
  return absl::OkStatus();
}

void DeadLetters::Clear() {
  letters_.clear();
  bytes_ = 0;
}

}  // namespace tocsin
