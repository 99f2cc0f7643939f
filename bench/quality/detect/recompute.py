#!/usr/bin/env python3
"""Recomputes signals from their own fields, as a reader with the JSON and docs/DETECTION.md would.

    recompute.py FILE...        NDJSON as `tocsin replay --signals` writes it

Every test (what was observed, its threshold, whether it passed), the score, the ratio and its interval, and the velocity.
Shares nothing with the engine's code: tails are sums of terms here. Where no watchlist gives thresholds of a brand's own.

Prints how much was recomputed; exits with 1 after naming up to ten differences.
"""

import json
import math
import sys

NORMAL_95 = 1.959963984540054
LEVELS = 5  # of negativity above none: a post's level divided by this is its measure
TOLERANCE = 1e-9  # of a probability: sums of terms in two orders
MARGIN = 0.05
# By test: what count is asked, V, and points over the usual share.
COUNTS = {"safety_or_breach_authors": None, "raise_second_network": None, "raise_call_to_action": None, "raise_high_reach": 1,
          "surge_mentions": 20}
VELOCITIES = {"velocity_10min": 3, "velocity_30min": 5, "velocity_60min": 5, "velocity_120min": 8, "velocity_calm": 1.5,
              "surge_velocity": 2}
MARGINS = {"negative_low_30min": 0.15, "negative_low_60min": 0.25, "negative_low_120min": 0.25}


def rounded(value):
    """Four decimals, halves away from zero."""
    return math.copysign(math.floor(abs(value) * 1e4 + 0.5) / 1e4, value) if value else 0.0


def tail(log_term, count, mean, last=math.inf):
    """P(X >= count), by the side that does not hold the mean."""
    def term(k):
        return math.exp(log_term(k))

    total = 0.0
    if count > mean:
        k = count
        while k <= last:
            each = term(k)
            total += each
            if each < 1e-18 * total:
                break
            k += 1
        return total
    for k in range(count - 1, -1, -1):
        each = term(k)
        total += each
        if each < 1e-18 * total:
            break
    return 1 - total


def negative_binomial_tail(count, mean, dispersion):
    if count <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    if dispersion <= 1.0001:
        return tail(lambda k: k * math.log(mean) - mean - math.lgamma(k + 1), count, mean)
    size = mean / (dispersion - 1)
    return tail(lambda k: (math.lgamma(k + size) - math.lgamma(size) - math.lgamma(k + 1) - size * math.log1p(mean / size)
                           - k * math.log1p(size / mean)), count, mean)


def binomial_tail(count, trials, share):
    if count <= 0:
        return 1.0
    if count > trials or share <= 0:
        return 0.0
    return tail(lambda k: (math.lgamma(trials + 1) - math.lgamma(k + 1) - math.lgamma(trials - k + 1) + k * math.log(share)
                           + (trials - k) * math.log1p(-share)), count, trials * share, trials)


def is_smallest(count, probability, tail_of):
    """Whether `count` is the smallest whose tail is at most `probability`."""
    return (tail_of(count) <= probability * (1 + TOLERANCE)
            and (count == 0 or tail_of(count - 1) > probability * (1 - TOLERANCE)))


def wilson_low(count, trials):
    if trials == 0:
        return 0.0
    z2, share = NORMAL_95 ** 2, count / trials
    half = NORMAL_95 * math.sqrt(share * (1 - share) / trials + z2 / (4 * trials * trials))
    return max(0.0, (share + z2 / (2 * trials) - half) / (1 + z2 / trials))


def wilson(count, trials):
    return wilson_low(count, trials), 1 - wilson_low(trials - count, trials)


class Check:
    """Of one signal."""

    def __init__(self, data):
        self.data, self.differences = data, []
        self.ready = data["quality"]["baseline"] == "ready"

    def equal(self, what, said, found):
        same = said == found or (said is not None and found is not None and abs(said - found) < 1e-9)
        if not same:
            self.differences.append(f"{self.data.get('incident_id')} {self.data['sequence']}: {what} is {said}, recomputed {found}")

    def true(self, what, holds):
        if not holds:
            self.differences.append(f"{self.data.get('incident_id')} {self.data['sequence']}: {what}")

    def since_onset(self, name):
        return next(test["count"] for test in self.data["tests"] if test["name"] == name)

    def left_to_sector(self):
        """What of the share is the sector's where the brand does not stand out by volume."""
        stands_out = [test["passed"] for test in self.data["tests"] if test["name"] == "velocity_over_sector"]
        return max(0.0, self.data["sector"]["negative_shift"]) if stands_out and not stands_out[0] else 0.0

    def authors(self, test):
        least = 8 if self.ready else 30
        chance = 1 / test["one_in"]
        count = int(test["threshold"])

        def of(k):
            return negative_binomial_tail(k, test["expected"], test["dispersion"])

        if count == least:
            self.true(f"{test['name']}: {count} is not the least", of(count) <= chance * (1 + TOLERANCE))
        else:
            self.true(f"{test['name']}: {count} is not the threshold", count > least and is_smallest(count, chance, of))
        return test["observed"], test["threshold"]

    def share(self, test):
        count = int(test["threshold"])
        self.true(f"{test['name']}: {count} is not the threshold",
                  is_smallest(count, 1 / test["one_in"], lambda k: binomial_tail(k, test["trials"], test["baseline_share"])))
        self.equal(f"{test['name']}: expected", test["expected"], rounded(test["trials"] * test["baseline_share"]))
        return test["count"], test["threshold"]

    def velocity(self, test):
        observed = rounded(test["count"] / (test["window_s"] / 60) / test["expected"])
        if test["name"] == "velocity_over_sector":
            return observed, rounded(2 * max(1.0, self.data["sector"]["ratio"]))
        factor = 2 if test["name"] != "velocity_calm" and test["name"] != "surge_velocity" and not self.ready else 1
        return observed, rounded(VELOCITIES[test["name"]] * factor)

    def low(self, test):
        margin = MARGINS.get(test["name"], MARGIN)
        if test["name"] == "negative_low_over_sector":
            margin += max(0.0, self.data["sector"]["negative_shift"])
        if test["name"] == "negative_low_since_opening":
            margin += self.left_to_sector()
        return rounded(wilson_low(test["count"], test["trials"])), rounded(test["baseline_share"] + margin)

    def balance(self, test):
        negative, n = self.since_onset("negative_low_since_onset"), test["trials"]
        difference = test["count"] / max(1, n)
        both = (2 * negative - test["count"]) / max(1, n)
        observed = rounded(difference - NORMAL_95 * math.sqrt(max(0.0, both - difference ** 2) / max(1, n)))
        return observed, rounded(test["expected"] + MARGIN)

    def number(self, test):
        """Counts that need no more than they say."""
        name, authors = test["name"], None
        if name == "negative_authors_since_onset":
            return test["observed"], 20 if self.ready else 40
        for other in self.data["tests"]:
            if other["name"] == "negative_authors_since_onset":
                authors = int(other["observed"])
        asked = COUNTS[name]
        if asked is None:
            percent = 20 if name == "safety_or_breach_authors" else 10
            asked = max(5, -(-authors * percent // 100))
        return test["observed"], asked

    def score(self, test):
        variance = max(test["dispersion"] * test["expected"], (test["expected"] + 1) / 4)
        self.equal("score", self.data["velocity"]["score"], test["observed"])
        return rounded((test["count"] - test["expected"]) / math.sqrt(variance)), 3.84

    def silence(self, test):
        spread = test["dispersion"]
        an_hour = test["expected"] * (1 if spread <= 1.0001 else math.log(spread) / (spread - 1))
        return rounded(test["window_s"] / 3600), rounded(max(1.0, math.log(test["one_in"]) / an_hour))

    def low_volume(self, test):
        bound = math.floor(0.4 * test["expected"]) + 1
        count = int(test["threshold"])
        below = [1 - negative_binomial_tail(k, test["expected"], test["dispersion"]) <= 1 / test["one_in"] for k in (count + 1, count + 2)]
        self.true("volume_24h: not the threshold", count == bound or (count < bound and below[0] and not below[1]))
        return test["count"], test["threshold"]

    def test(self, test):
        name = test["name"]
        if name == "negative_authors":
            observed, threshold = self.authors(test)
        elif name in ("negative_share", "negative_share_since_opening", "surge_negative_share"):
            observed, threshold = self.share(test)
        elif name.startswith("velocity") or name == "surge_velocity":
            observed, threshold = self.velocity(test)
        elif name.startswith("negative_low"):
            observed, threshold = self.low(test)
        elif name == "negative_balance_since_onset":
            observed, threshold = self.balance(test)
        elif name == "surge_score":
            observed, threshold = self.score(test)
        elif name in ("silence", "silence_over"):
            observed, threshold = self.silence(test)
        elif name == "volume_24h":
            observed, threshold = self.low_volume(test)
        elif name in COUNTS or name == "negative_authors_since_onset":
            observed, threshold = self.number(test)
        else:
            # Completeness of the feed: two counts of the same signal.
            observed, threshold = test["observed"], test["threshold"]
        self.equal(f"{name}: observed", test["observed"], observed)
        self.equal(f"{name}: threshold", test["threshold"], threshold)
        self.true(f"{name}: passed is wrong", test["passed"] == (observed < threshold if test["below"] else observed >= threshold))

    def ratio(self):
        sentiment = self.data["sentiment"]
        negative, classified = sentiment["negative"], sentiment["negative"] + sentiment["neutral"] + sentiment["positive"]
        self.equal("volume", self.data["volume"]["mentions"], classified + sentiment["unclassified"])
        if classified == 0 or sentiment["negative_ratio"] is None:
            return
        self.equal("negative_ratio", sentiment["negative_ratio"], rounded(negative / classified))
        if sentiment["rated"]:
            return  # two intervals in one: the C++ test has them
        low, high, corrected = wilson(negative, classified) + (None,)
        if sentiment["calibration"] is not None:
            low, high, corrected = self.invert(sentiment, negative, classified)
        self.equal("low", sentiment["low"], rounded(low))
        self.equal("high", sentiment["high"], rounded(high))
        self.equal("corrected", sentiment["corrected"], None if corrected is None else rounded(corrected))

    @staticmethod
    def invert(sentiment, negative, n):
        """docs/DETECTION.md, "The published ratio"."""
        calibration = sentiment["calibration"]
        own = calibration["kind"] == "own"
        t, f = calibration["of_negative"], calibration["of_other"]
        d = t["mean"] - f["mean"]
        mean = (sentiment["negativity"] / LEVELS if own else negative) / n
        mean = min(max(mean, f["mean"]), t["mean"])
        estimate = min(1.0, max(0.0, (mean - f["mean"]) / d))
        z2, over = NORMAL_95 ** 2, mean - f["mean"]
        # (over - p d)^2 = z^2 ((p vt + (1 - p) vf + p (1 - p) d^2) / n + p^2 et + (1 - p)^2 ef), for p.
        a = d * d + z2 * (d * d / n - t["error"] - f["error"])
        b = -2 * over * d - z2 * ((t["variance"] - f["variance"] + d * d) / n - 2 * f["error"])
        c = over * over - z2 * (f["variance"] / n + f["error"])
        low, high = 0.0, 1.0
        if a > 0 and b * b >= 4 * a * c:
            root = math.sqrt(b * b - 4 * a * c)
            low, high = (-b - root) / (2 * a), (-b + root) / (2 * a)
            low, high = min(max(low, 0.0), estimate), min(max(high, estimate), 1.0)
        return low, high, estimate if own else None

    def all(self):
        for test in self.data["tests"]:
            self.test(test)
        self.ratio()
        velocity = self.data["velocity"]
        if velocity["ratio"] is not None:
            self.equal("velocity", velocity["ratio"], rounded(velocity["per_minute"] / velocity["expected"]))
        if velocity["score"] is not None and self.data["status"] != "exercise":  # a drill has no tests
            self.true("a score without what it is made of", any(test["name"] == "surge_score" for test in self.data["tests"]))
        return self.differences


def differences_of(path):
    """(signals, tests, what differs) of a file."""
    signals, tests, differences = 0, 0, []
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            data = json.loads(line)["data"]
            signals += 1
            tests += len(data["tests"])
            differences += Check(data).all()
    return signals, tests, differences


def main():
    if len(sys.argv) < 2 or sys.argv[1] in ("-h", "--help"):
        print(__doc__.strip())
        return 0 if len(sys.argv) > 1 else 2
    signals, tests, differences = 0, 0, []
    for path in sys.argv[1:]:
        found = differences_of(path)
        signals, tests, differences = signals + found[0], tests + found[1], differences + found[2]
    for line in differences[:10]:
        print(f"recompute: {line}", file=sys.stderr)
    print(f"{signals} signals with {tests} tests recomputed from their own fields, {len(differences)} differences")
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
