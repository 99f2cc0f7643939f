#include "app/pipeline/config_reload.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "app/logging/logging.h"
#include "operators/parse/event_time.h"

namespace tocsin {
namespace {

std::string IdText(uint64_t id) { return absl::StrCat(absl::Hex(id, absl::kZeroPad16)); }

std::string EffectiveText(int64_t effective_ms) {
  return effective_ms == kFromTheBeginning ? "from the beginning" : FormatEventTime(effective_ms);
}

// Lines of `ours` that `theirs` does not have: what a restart would change.
std::string Differing(const std::string& ours, const std::string& theirs) {
  std::vector<std::string> left = absl::StrSplit(theirs, '\n');
  std::vector<std::string> lines;
  for (std::string_view line : absl::StrSplit(ours, '\n')) {
    const auto found = std::find(left.begin(), left.end(), line);
    if (found == left.end()) {
      lines.emplace_back(line);
    } else {
      left.erase(found);
    }
  }
  constexpr size_t kShown = 5;
  if (lines.size() > kShown) lines.resize(kShown);
  return absl::StrJoin(lines, "; ");
}

}  // namespace

ConfigReload::ConfigReload(std::shared_ptr<const PipelineSettings> settings, Load load, ConfigPublisher* publisher,
                           ConfigVersions* versions, AppMetrics* metrics)
    : settings_(std::move(settings)),
      load_(std::move(load)),
      publisher_(publisher),
      versions_(versions),
      metrics_(metrics),
      files_version_(settings_->config_version) {}

absl::StatusOr<PublishResult> ConfigReload::Publish(const PipelineSettings& settings, PublishOccasion occasion) {
  ConfigText text{CanonicalText(*settings_->config), settings_->model->checksum(),
                  settings.watchlist->canonical_text()};
  const uint64_t version =
      ConfigVersion(*settings_->config, *settings.watchlist, *settings_->model, settings_->task.monitor.calibration);
  // What was just compiled is needed as soon as it is published.
  versions_->Keep(text.watchlist, settings.watchlist);
  return publisher_->Publish(version, text, occasion);
}

absl::Status ConfigReload::Start() {
  const absl::StatusOr<PublishResult> result = Publish(*settings_, PublishOccasion::kStart);
  if (!result.ok()) return result.status();
  if (result->superseded) {
    LogEvent(LogLevel::kWarning,
             "the files are those of the last start, and another configuration has been published since: that one "
             "counts; a reload (SIGHUP) publishes this process's own again",
             {{"files_version", IdText(files_version_)}, {"version", IdText(result->newest.config_version)}});
  }
  ReportNewest();
  return absl::OkStatus();
}

void ConfigReload::Reload(bool asked) {
  if (!load_) return;
  const absl::StatusOr<std::shared_ptr<const PipelineSettings>> loaded = load_();
  if (!loaded.ok()) {
    metrics_->Reloaded(ReloadResult::kRefused);
    LogEvent(LogLevel::kError, "the changed configuration is refused, the old one goes on",
             {{"reason", std::string(loaded.status().message())}});
    return;
  }
  const PipelineSettings& settings = **loaded;
  const std::string now = CanonicalText(*settings.config);
  const std::string running = CanonicalText(*settings_->config);
  if (now != running || settings.model->checksum() != settings_->model->checksum()) {
    LogEvent(LogLevel::kWarning, "only the watchlist changes while the service runs: restart it for the rest",
             {{"changed", now != running ? Differing(now, running) : "sentiment.model"}});
  }
  const uint64_t files_version =
      ConfigVersion(*settings_->config, *settings.watchlist, *settings_->model, settings_->task.monitor.calibration);
  // Touched, or commented: nothing that another process may have published since is undone by that.
  const bool same = std::exchange(files_version_, files_version) == files_version;
  if (same && !asked) return metrics_->Reloaded(ReloadResult::kUnchanged);
  const absl::StatusOr<PublishResult> result = Publish(settings, PublishOccasion::kReload);
  if (!result.ok()) {
    metrics_->Reloaded(ReloadResult::kFailed);
    files_version_ = 0;  // the next look or signal tries again
    LogEvent(LogLevel::kError,
             "the changed configuration could not be published, the old one goes on; SIGHUP tries again",
             {{"reason", result.status().ToString()}});
    return;
  }
  metrics_->Reloaded(result->published ? ReloadResult::kPublished : ReloadResult::kUnchanged);
  if (!result->published) LogEvent(LogLevel::kInfo, "configuration reloaded: nothing has changed", {});
  ReportNewest();
}

void ConfigReload::ReportNewest() {
  const std::shared_ptr<const ConfigHistory> history = versions_->History();
  if (history->versions.empty()) return;
  const PublishedConfig& newest = history->versions.back();
  if (newest.version.id == reported_id_) return;
  reported_id_ = newest.version.id;
  metrics_->SetConfigVersion(IdText(newest.version.config_version), newest.version.effective_ms);
  LogEvent(
      LogLevel::kInfo, "configuration in the log",
      {{"version", IdText(newest.version.config_version)},
       {"effective", EffectiveText(newest.version.effective_ms)},
       {"effective_ms",
        newest.version.effective_ms == kFromTheBeginning ? std::string() : absl::StrCat(newest.version.effective_ms)},
       {"published_by", newest.process}});
  const std::string own = CanonicalText(*settings_->config);
  if (newest.text.configuration == own && newest.text.model == settings_->model->checksum()) return;
  LogEvent(
      LogLevel::kWarning,
      "the published configuration differs from this process's own in more than the watchlist, of which alone it "
      "is followed: give all processes the same files",
      {{"differs", newest.text.configuration == own ? "sentiment.model" : Differing(newest.text.configuration, own)}});
}

}  // namespace tocsin
