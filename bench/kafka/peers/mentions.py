"""What bytewax does: posts of a topic to mentions of brands in sliding windows, by two processes of one worker each.

    python -m bytewax.run bench/kafka/peers/mentions.py -i 0 -a 'HOST:PORT;HOST:PORT'   in PEER_...: BOOTSTRAP, TOPIC, WATCHLIST, FOLDER
"""

import datetime
import os
import re
import threading
import time

import ahocorasick
import bytewax.operators as op
import bytewax.operators.windowing as windowing
import orjson
from bytewax.connectors.kafka import KafkaSource
from bytewax.dataflow import Dataflow
from bytewax.outputs import DynamicSink, StatelessSinkPartition

UTC = datetime.timezone.utc
ALIGN = datetime.datetime(2026, 1, 1, tzinfo=UTC)
SIZE_S, SLIDE_S = 60, 5
# A clock belongs to a key and stands at its latest mention; partitions of a backlog are read at different paces.
WAIT = datetime.timedelta(seconds=600)
WORD = re.compile(r"\w+")
NEGATIVE = frozenset(
    "awful horrible terrible hate worst ashamed mess broken angry scam never useless disgusting rude refund fraud furious liars boycott "
    "shame affreux déteste honte nul pire cassé arnaque colère jamais inutile orribile odio vergogna peggiore rotto truffa rabbia mai "
    "pessimo".split())
posts_read = 0


def automaton():
    tree = ahocorasick.Automaton()
    with open(os.environ["PEER_WATCHLIST"], encoding="utf-8") as lines:
        for line in lines:
            brand, *aliases = line.rstrip("\n").split("\t")
            for alias in aliases:
                tree.add_word(alias, (brand, len(alias)))
    tree.make_automaton()
    return tree


AUTOMATON = automaton()


def is_word(character):
    return character == "_" or character.isalnum()


def mentions(messages):
    """(brand, (time, 1 if negative)) of each mention in a batch of records."""
    global posts_read
    found = []
    for message in messages:
        post = orjson.loads(message.value)
        text = post["text"].lower()
        brands = None
        for last, (brand, length) in AUTOMATON.iter(text):
            first, behind = last + 1 - length, last + 1
            if (first and is_word(text[first - 1])) or (behind < len(text) and is_word(text[behind])):
                continue
            brands = brands or set()
            brands.add(brand)
        if brands:
            at = datetime.datetime.fromtimestamp(int(post["timestamp_ms"]) / 1000, UTC)
            negative = 0 if NEGATIVE.isdisjoint(WORD.findall(text)) else 1
            found.extend((brand, (at, negative)) for brand in brands)
    posts_read += len(messages)
    return found


def add(counts, mention):
    counts[0] += 1
    counts[1] += mention[1]
    return counts


def merged(left, right):
    return [left[0] + right[0], left[1] + right[1]]


class Lines(StatelessSinkPartition):
    def __init__(self, path):
        self.out = open(path, "w", encoding="utf-8")

    def write_batch(self, items):
        first = int(ALIGN.timestamp()) + SIZE_S
        self.out.writelines(f"{brand}\t{first + window * SLIDE_S}\t{counts[0]}\t{counts[1]}\n" for brand, (window, counts) in items)

    def close(self):
        self.out.close()


class LineSink(DynamicSink):
    def build(self, step_id, worker_index, worker_count):
        return Lines(os.path.join(os.environ["PEER_FOLDER"], f"out.{worker_index}"))


def report():
    while True:
        print("posts", posts_read, flush=True)
        time.sleep(0.1)


threading.Thread(target=report, daemon=True).start()
flow = Dataflow("mentions")
source = KafkaSource([os.environ["PEER_BOOTSTRAP"]], [os.environ["PEER_TOPIC"]], tail=False, batch_size=5000)
keyed = op.flat_map_batch("match", op.input("posts", flow, source), mentions)
clock = windowing.EventClock(lambda mention: mention[0], WAIT)
windower = windowing.SlidingWindower(datetime.timedelta(seconds=SIZE_S), datetime.timedelta(seconds=SLIDE_S), ALIGN)
counted = windowing.fold_window("count", keyed, clock, windower, lambda: [0, 0], add, merged, ordered=False)
op.output("lines", counted.down, LineSink())
