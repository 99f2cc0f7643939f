// tocsin train: trains, calibrates and evaluates the sentiment model.

#include "app/train/train.h"

#include <cstdio>
#include <memory>
#include <string>

#include "app/command/command.h"
#include "app/command/config_options.h"
#include "app/train/calibration.h"
#include "app/train/cross_validation.h"

namespace tocsin {
namespace {

struct TrainFlags {
  TrainOptions train;
  CalibrateOptions calibrate;
  std::string model;
  bool evaluate = false;
};

void PrintLine(std::string_view line) {
  std::printf("%.*s\n", static_cast<int>(line.size()), line.data());
  std::fflush(stdout);
}

absl::Status RunChosen(const TrainFlags& flags) {
  if (!flags.calibrate.posts_path.empty()) {
    CalibrateOptions options = flags.calibrate;
    options.model_path = flags.model;
    options.out_path = flags.train.out_path;
    options.report = PrintLine;
    return RunCalibrate(options);
  }
  if (flags.evaluate) {
    EvaluateOptions options;
    options.data_dir = flags.train.data_dir;
    options.words_path = flags.train.words_path;
    options.model_path = flags.model;
    options.fit.seed = flags.train.seed;
    options.fit.epochs = flags.train.epochs;
    options.report = PrintLine;
    return RunEvaluate(options);
  }
  TrainOptions options = flags.train;
  options.report = PrintLine;
  return RunTrain(options);
}

}  // namespace

void AddTrainCommand(CLI::App* app, ChosenCommand* chosen) {
  auto flags = std::make_shared<TrainFlags>();
  CLI::App* command = app->add_subcommand(
      "train", "Trains the sentiment model, measures it and writes its file; or calibrates or evaluates one");
  CLI::Option* const data =
      command
          ->add_option("--data", flags->train.data_dir, "Folder with the labelled posts that docs/MODEL_CARD.md lists")
          ->type_name("DIR");
  CLI::Option* const words = command
                                 ->add_option("--words", flags->train.words_path,
                                              "Words of known tone, app/train/tone_words.txt; without: the posts alone")
                                 ->type_name("FILE");
  CLI::Option* const out = command
                               ->add_option("--out", flags->train.out_path,
                                            "Model or calibration to write; replaced when the new one is complete")
                               ->type_name("FILE");
  CLI::Option* const calibrate =
      command
          ->add_option("--calibrate", flags->calibrate.posts_path,
                       "Labelled posts of your own (label 0, 1 or 2, tab, text; 300 are advised): writes the "
                       "calibration of the ratio for them, which sentiment.calibration names")
          ->type_name("FILE");
  CLI::Option* const evaluate = command->add_flag("--evaluate", flags->evaluate, "Measures a model; writes nothing");
  CLI::Option* const model =
      command->add_option("--model", flags->model, "Model to calibrate or evaluate; without: the one in the binary")
          ->type_name("FILE");
  command->add_option("--lang", flags->calibrate.language, "Language of the labelled posts; without: each is guessed")
      ->needs(calibrate);
  command
      ->add_option("--watchlist", flags->calibrate.watchlist_path,
                   "Judges the posts as mentions of its brands, with its lexicon; posts that mention none are left out")
      ->type_name("FILE")
      ->needs(calibrate);
  command
      ->add_option("--name", flags->calibrate.name, "Name of the calibration, as published; without: that of the file")
      ->needs(calibrate);
  command->add_option("--seed", flags->train.seed, "Equal seed, data and options give an equal file")
      ->capture_default_str();
  command->add_option("--epochs", flags->train.epochs, "Passes over the data")
      ->check(CLI::Range(1, 1'000))
      ->capture_default_str();
  calibrate->excludes(data)->excludes(words)->excludes(evaluate);
  evaluate->excludes(out);
  command->final_callback([data, out, calibrate, evaluate, model] {
    if (evaluate->count() == 0 && out->count() == 0) throw CLI::RequiredError("--out");
    if (calibrate->count() == 0 && data->count() == 0) throw CLI::RequiredError("--data");
    if (model->count() > 0 && calibrate->count() == 0 && evaluate->count() == 0) {
      throw CLI::RequiresError("--model", "--calibrate or --evaluate");
    }
  });
  command->callback([flags, chosen] {
    chosen->run = [flags] {
      const absl::Status status = RunChosen(*flags);
      return status.ok() ? kExitOk : Fail("train", status);
    };
  });
}

}  // namespace tocsin
