// tocsin train: trains, calibrates and evaluates the sentiment model.

#include "app/train/train.h"

#include <cstdio>
#include <memory>
#include <string>

#include "app/command/command.h"
#include "app/command/config_options.h"

namespace tocsin {

void AddTrainCommand(CLI::App* app, ChosenCommand* chosen) {
  auto options = std::make_shared<TrainOptions>();
  CLI::App* command = app->add_subcommand("train", "Trains the sentiment model, measures it and writes its file");
  command->add_option("--data", options->data_dir, "Folder with the labelled posts that docs/MODEL_CARD.md lists")
      ->required();
  command->add_option("--out", options->out_path, "Model file to write; replaced when the new one is complete")
      ->required();
  command->add_option("--seed", options->seed, "Equal seed, data and options give an equal file")
      ->capture_default_str();
  command->add_option("--epochs", options->epochs, "Passes over the data")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  command->callback([options, chosen] {
    chosen->run = [options] {
      options->report = [](std::string_view line) {
        std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
        std::fflush(stdout);
      };
      const absl::Status status = RunTrain(*options);
      return status.ok() ? kExitOk : Fail("train", status);
    };
  });
}

}  // namespace tocsin
