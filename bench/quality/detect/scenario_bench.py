#!/usr/bin/env python3
"""What Tocsin makes of labelled scenarios, beside rules that products publish.

Each scenario file is generated and replayed with the shipped model and settings, in several seeds. A case is a brand
with its events: a crisis is found if an incident of the brand is provisional, or confirmed, between onset and end; a
decoy (surge, spam, copied text, reposts, sector rise) must not be confirmed. Everything else is quiet: an alarm there is
false. Minutes count from the moment at which the rate passes three times the brand's mean. The rules decide every five
minutes about the last hour, on the product's own brand metrics:

  12 h       the hour has twice the mean hour of the 12 before
  24 h       the hour has twice the mean hour of the 24 before
  3 sigma    the hour is three standard deviations over the 24 hours before
  negative   more than half of the hour's classified mentions, at least 10, are negative

    scenario_bench.py --tocsin BIN [--seeds N] [--first-seed N] [--texts [LANGUAGE=]FILE]... [--keep RUNS] [--plots DIR] [--strict]
                      [--no-rules] [FILE...]

Every signal is recomputed from its own fields (recompute.py); one that differs ends the bench.

With --texts posts are made of labelled texts (docs/GENERATE.md) instead of phrases, which the model classifies better.

Prints Markdown: docs/DETECTION.md holds it. RUNS takes the result of each run, a JSON line; what it holds already is not
run again, and all of it is in the tables. --plots draws what they say into DIR, as SVG, and needs matplotlib. --no-rules leaves out the products' rules, which take half of the time.
--strict exits with 1 if a crisis of two mentions a minute or more that rises to five times the usual or more is not
confirmed, or any decoy is.
"""

import argparse
import collections
import datetime
import glob
import json
import os
import statistics
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)

import recompute  # noqa: E402  beside this file

SCENARIOS = os.path.join(os.path.dirname(HERE), "scenarios")
RULES = ("12 h", "24 h", "3 sigma", "negative")
DETECTORS = ("provisional", "confirmed") + RULES
DAY_S, HOUR_S, BIN_S = 86400, 3600, 300
FIRST_MINUTE, LAST_MINUTE = -30, 90  # of the plot
TAIL_S = 6 * HOUR_S  # an event's power-law tail may last for days; behind this it is quiet
CONFIG = """\
deployment: bench
kafka: {{bootstrap.servers: unused}}
sources:
{sources}
watchlist: watchlist.yaml
"""
HOURLY = "windows: {slide: 5m, sizes: [1h]}\nmetrics: {every: 5m}\n"


def seconds(text):
    return datetime.datetime.fromisoformat(text.replace("Z", "+00:00")).timestamp()


class Case:
    """A brand's overlapping events."""

    def __init__(self, scenario, brand, per_minute, event):
        self.scenario, self.brand, self.per_minute = scenario, brand, per_minute
        self.kind = event["kind"]
        self.begin, self.end = seconds(event["onset"]), end_of(event)
        self.factor, self.rise_s = event["factor"], event["rise_s"]
        self.passes_three = self.begin + self.rise_s * (min(1, 2 / (self.factor - 1)) if self.factor > 1 else 1)
        self.first = {}  # detector: when it first alarmed within, null: never

    def takes(self, event):
        if not (seconds(event["onset"]) < self.end and end_of(event) > self.begin):
            return False
        if self.kind == "crisis" or event["kind"] != "crisis":
            self.end = max(self.end, end_of(event))
            self.begin = min(self.begin, seconds(event["onset"]))
            return True
        return False

    def label(self):
        if self.kind == "crisis":
            return (f"crisis, {self.per_minute:.1f} a minute, x {self.factor:.0f} in {self.rise_s / 60:.0f} min"
                    f" ({self.scenario})")
        return f"{self.kind} ({self.scenario})"


def end_of(event):
    return min(seconds(event["end"]), seconds(event["peak_end"]) + TAIL_S)


def cases_of(scenario, truth):
    rates = {brand["id"]: brand["per_minute"] for brand in truth["brands"]}
    cases = []
    # Crises first, so that what floods a crisis belongs to it.
    for event in sorted(truth["events"], key=lambda each: (each["kind"] != "crisis", each["onset"])):
        for brand in event["brands"]:
            if not any(case.brand == brand and case.takes(event) for case in cases):
                cases.append(Case(scenario, brand, rates[brand], event))
    return cases


def run(folder, *command):
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise SystemExit(f"scenario_bench: {' '.join(command)}\n{done.stderr}")


def replay(tocsin, folder, truth, name, settings, *outputs):
    sources, inputs = [], []
    for stream in truth["streams"]:
        sources.append(f"  - {{topics: [{stream['topic']}], preset: {stream['preset']}, start: earliest,"
                       f" out_of_orderness: {max(2000, stream['disorder_ms'])}ms}}")
        base = "posts.ndjson" if len(truth["streams"]) == 1 else f"posts.ndjson.{stream['name']}"
        parts = len(stream["partition_records"])
        for path in [base] if parts == 1 else [f"{base}.{part}" for part in range(parts)]:
            inputs += ["--input", f"{stream['topic']}={path}"]
    with open(os.path.join(folder, name), "w", encoding="utf-8") as file:
        file.write(CONFIG.format(sources="\n".join(sources)) + settings)
    run(folder, tocsin, "replay", "--config", name, *inputs, *outputs, "--flush")


def alarms_of_tocsin(folder):
    """{detector: {brand: [times]}}: each incident once as provisional (or more), once as confirmed."""
    alarms = {"provisional": collections.defaultdict(list), "confirmed": collections.defaultdict(list)}
    seen = set()
    with open(os.path.join(folder, "signals.ndjson"), encoding="utf-8") as lines:
        for line in lines:
            data = json.loads(line)["data"]
            if data["kind"] != "crisis":
                continue
            states = ("provisional", "confirmed") if data["state"] == "confirmed" else (data["state"],)
            for state in states:
                if state in alarms and (data["incident_id"], state) not in seen:
                    seen.add((data["incident_id"], state))
                    alarms[state][data["brand_id"]].append(seconds(data["times"]["window_end"]))
    return alarms


def hourly_metrics(folder, begin, end):
    """{brand: [(mentions, negative, classified) of the hour at each five minutes from begin on]}"""
    bins = int((end - begin) // BIN_S) + 1
    series = collections.defaultdict(lambda: [(0, 0, 0)] * bins)
    with open(os.path.join(folder, "metrics.ndjson"), encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            if record["window_s"] != HOUR_S:
                continue
            place = round((seconds(record["window_end"]) - begin) / BIN_S)
            if 0 <= place < bins:
                negative = record["negative"]
                series[record["brand_id"]][place] = (record["mentions"], negative,
                                                     negative + record["neutral"] + record["positive"])
    return series


def alarms_of_rules(series, begin):
    """As alarms_of_tocsin, but every five minutes at which the rule holds, after a day."""
    alarms = {rule: collections.defaultdict(list) for rule in RULES}
    for brand, hours in series.items():
        for place in range(25 * 12, len(hours)):
            mentions, negative, classified = hours[place]
            past = [hours[place - back * 12][0] for back in range(1, 25)]
            mean = statistics.fmean(past)
            holds = {
                "12 h": mentions > 0 and mentions >= 2 * statistics.fmean(past[:12]),
                "24 h": mentions > 0 and mentions >= 2 * mean,
                "3 sigma": mentions > mean + 3 * statistics.pstdev(past, mean),
                "negative": classified >= 10 and 2 * negative > classified,
            }
            for rule, held in holds.items():
                if held:
                    alarms[rule][brand].append(begin + place * BIN_S)
    return alarms


class Totals:
    def __init__(self):
        self.cases = []
        self.false_alarms = collections.Counter()
        self.quiet_days = 0.0
        self.signals = 0  # recomputed

    def add_run(self, kept):
        for fields in kept["cases"]:
            case = Case.__new__(Case)
            case.__dict__.update(fields)
            self.cases.append(case)
        self.false_alarms.update(kept["false_alarms"])
        self.quiet_days += kept["quiet_days"]
        self.signals += kept.get("signals", 0)

    def to_keep(self):
        return {"cases": [vars(case) for case in self.cases], "false_alarms": dict(self.false_alarms),
                "quiet_days": self.quiet_days, "signals": self.signals}

    def add(self, cases, alarms, brands, begin, end):
        self.cases += cases
        by_brand = collections.defaultdict(list)
        for case in cases:
            by_brand[case.brand].append(case)
            for detector, times in alarms.items():
                within = [time for time in times[case.brand] if case.begin <= time <= case.end]
                case.first[detector] = min(within, default=None)
        for brand in brands:
            busy = sum(min(case.end, end) - max(case.begin, begin + DAY_S) for case in by_brand[brand])
            self.quiet_days += max(0, end - begin - DAY_S - busy) / DAY_S
            for detector, times in alarms.items():
                last = -DAY_S
                for time in sorted(times[brand]):
                    # One alarm a day at most counts, whatever the rule's own cooldown.
                    if time >= last + DAY_S and time > begin + DAY_S and not any(
                            case.begin <= time <= case.end + HOUR_S for case in by_brand[brand]):
                        last = time
                        self.false_alarms[detector] += 1

    def print(self, runs, detectors):
        crises = [case for case in self.cases if case.kind == "crisis"]
        decoys = [case for case in self.cases if case.kind != "crisis"]
        kinds = {(case.brand, case.label()) for case in self.cases}
        print(f"{len(kinds)} labelled cases, {runs} runs: {len(crises)} crises, {len(decoys)} decoys, "
              f"{self.quiet_days:.0f} quiet brand-days. {self.signals} signals were recomputed from their own fields.\n")
        print("| | " + " | ".join(detectors) + " |\n|---" * 1 + "|---" * len(detectors) + "|")
        print_row("crises found", [share(crises, each) for each in detectors])
        print_row("minutes after 3x, median / p90", [minutes(crises, each) for each in detectors])
        print_row("decoys alarmed about", [share(decoys, each) for each in detectors])
        print_row("false alarms per 1,000 quiet brand-days",
                  [f"{1000 * self.false_alarms[each] / max(self.quiet_days, 1e-9):.0f}" for each in detectors])
        for title, cases in (("crisis", crises), ("decoy", decoys)):
            print(f"\n| {title} | " + " | ".join(detectors) + " |\n|---" * 1 + "|---" * len(detectors) + "|")
            groups = collections.defaultdict(list)
            for case in cases:
                groups[case.label()].append(case)
            for label, group in sorted(groups.items()):
                print_row(label, [share(group, each) + (f", {minutes(group, each)}" if title == "crisis" else "")
                                  for each in detectors])


def share(cases, detector):
    return f"{sum(case.first[detector] is not None for case in cases)} of {len(cases)}"


def minutes(cases, detector):
    delays = sorted((case.first[detector] - case.passes_three) / 60 for case in cases if case.first[detector] is not None)
    if not delays:
        return "-"
    return f"{statistics.median(delays):.0f} / {delays[min(len(delays) - 1, int(0.9 * len(delays)))]:.0f}"


def print_row(label, cells):
    print(f"| {label} | " + " | ".join(cells) + " |")


def plot(totals, detectors, folder):
    """found.svg: the share of the crises found by a minute; alarms.svg: what was alarmed about that is no crisis."""
    import matplotlib  # pylint: disable=import-outside-toplevel  # for --plots alone
    matplotlib.use("svg")
    matplotlib.rcParams.update({"svg.hashsalt": "tocsin", "svg.fonttype": "none", "font.size": 9})
    from matplotlib import pyplot  # pylint: disable=import-outside-toplevel
    os.makedirs(folder, exist_ok=True)
    crises = [case for case in totals.cases if case.kind == "crisis"]
    decoys = [case for case in totals.cases if case.kind != "crisis"]

    def save(figure, name):
        figure.tight_layout()
        figure.savefig(os.path.join(folder, name), metadata={"Date": None})
        pyplot.close(figure)

    figure, axes = pyplot.subplots(figsize=(6.4, 3.4))
    for detector in detectors:
        delays = [(case.first[detector] - case.passes_three) / 60 for case in crises if case.first[detector] is not None]
        by_minute = range(FIRST_MINUTE, LAST_MINUTE + 1)
        axes.step(by_minute, [100 * sum(delay <= minute for delay in delays) / max(1, len(crises)) for minute in by_minute],
                  where="post", label=detector, linewidth=2 if detector in DETECTORS[:2] else 1)
    axes.set(xlim=(FIRST_MINUTE, LAST_MINUTE), ylim=(0, 102), xlabel="minutes after the rate passed three times the usual",
             ylabel=f"% of {len(crises)} crises found")
    axes.legend(loc="lower right", frameon=False)
    save(figure, "found.svg")

    figure, (left, right) = pyplot.subplots(1, 2, figsize=(6.4, 2.6), sharey=True)
    left.barh(detectors, [100 * sum(case.first[each] is not None for case in decoys) / max(1, len(decoys)) for each in detectors])
    left.set(xlim=(0, 100), xlabel=f"% of {len(decoys)} decoys alarmed about")
    left.invert_yaxis()
    right.barh(detectors, [1000 * totals.false_alarms[each] / max(totals.quiet_days, 1e-9) for each in detectors])
    right.set(xlabel=f"false alarms per 1,000 brand-days\n({totals.quiet_days:.0f} quiet ones seen)")
    save(figure, "alarms.svg")


def measure(tocsin, scenario, seed, texts, with_rules):
    totals = Totals()
    with tempfile.TemporaryDirectory() as folder:
        run(folder, tocsin, "generate", "--scenario", scenario, "--seed", str(seed), "--post-bytes", "900", "--output",
            "posts.ndjson", "--watchlist", "watchlist.yaml", "--truth", "truth.json", *texts)
        with open(os.path.join(folder, "truth.json"), encoding="utf-8") as file:
            truth = json.load(file)
        begin, end = seconds(truth["start"]), seconds(truth["end"])
        replay(tocsin, folder, truth, "shipped.yaml", "", "--signals", "signals.ndjson")
        totals.signals, _, differences = recompute.differences_of(os.path.join(folder, "signals.ndjson"))
        if differences:
            raise SystemExit("scenario_bench: " + "\n".join(differences[:10]))
        alarms = alarms_of_tocsin(folder)
        if with_rules:
            replay(tocsin, folder, truth, "hourly.yaml", HOURLY, "--metrics", "metrics.ndjson")
            alarms.update(alarms_of_rules(hourly_metrics(folder, begin, end), begin))
        name = os.path.splitext(os.path.basename(scenario))[0]
        totals.add(cases_of(name, truth), alarms, [brand["id"] for brand in truth["brands"]], begin, end)
    return {"scenario": name, "seed": seed, **totals.to_keep()}


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tocsin", required=True)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--first-seed", type=int, default=1)
    parser.add_argument("--texts", metavar="[LANGUAGE=]FILE", action="append", default=[])
    parser.add_argument("--keep", metavar="RUNS")
    parser.add_argument("--plots", metavar="DIR")
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--no-rules", action="store_true")
    parser.add_argument("scenarios", nargs="*", metavar="FILE", help="default: all of bench/quality/scenarios")
    arguments = parser.parse_args()
    tocsin = os.path.abspath(arguments.tocsin)
    texts = []
    for each in arguments.texts:
        language, equals, path = each.rpartition("=")
        texts += ["--texts", language + equals + os.path.abspath(path)]
    runs = {}
    if arguments.keep and os.path.exists(arguments.keep):
        with open(arguments.keep, encoding="utf-8") as file:
            runs = {(kept["scenario"], kept["seed"]): kept for kept in map(json.loads, file)}
    for seed in range(arguments.first_seed, arguments.first_seed + arguments.seeds):
        for scenario in arguments.scenarios or sorted(glob.glob(os.path.join(SCENARIOS, "*.yaml"))):
            key = (os.path.splitext(os.path.basename(scenario))[0], seed)
            if key in runs:
                continue
            runs[key] = measure(tocsin, os.path.abspath(scenario), seed, texts, not arguments.no_rules)
            print(f"{key[0]} seed {seed}", file=sys.stderr)
            if arguments.keep:
                with open(arguments.keep, "a", encoding="utf-8") as file:
                    file.write(json.dumps(runs[key]) + "\n")
    totals = Totals()
    for key in sorted(runs):
        totals.add_run(runs[key])
    detectors = DETECTORS[:2] if arguments.no_rules else DETECTORS
    totals.print(len(runs), detectors)
    if arguments.plots:
        plot(totals, detectors, arguments.plots)
    if not arguments.strict:
        return 0
    missed = [case.label() for case in totals.cases
              if case.kind == "crisis" and case.per_minute >= 2 and case.factor >= 5 and case.first["confirmed"] is None]
    called = [case.label() for case in totals.cases if case.kind != "crisis" and case.first["confirmed"] is not None]
    for label in missed:
        print(f"not found: {label}", file=sys.stderr)
    for label in called:
        print(f"called a crisis: {label}", file=sys.stderr)
    return 1 if missed or called else 0


if __name__ == "__main__":
    sys.exit(main())
