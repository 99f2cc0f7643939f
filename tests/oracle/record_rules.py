"""Which records are posts, by a reading of docs/INPUT.md of its own over Python's json: what bad input is held against.

Strict where the page lets the engine be lax (literals, numbers and escapes of values that nobody maps, and which kind of
bracket closes what): skeleton_holds tells those apart from real differences. Preset twitter_v1. Standard library only.
"""

import datetime
import json
import re

MAX_DEPTH = 64
EARLIEST_MS, LATEST_MS = 946_684_800_000, 4_102_444_800_000
AHEAD_MS = 60_000
WHITE = b" \t\n\r"
# A backslash outside strings belongs to a malformed literal, and so does a quote behind it.
PLAIN = re.compile(rb'(?:[^"{}\[\]\\]|\\["\\]|\\)+')
STRING = re.compile(rb'"(?:[^"\\\x00-\x1f]|\\.)*"', re.DOTALL)
MONTHS = {name: number for number, name in enumerate(
    "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), 1)}
OFFSET = r"(?: ?([Zz]|[+-]\d\d:?\d\d))?"
RFC3339 = re.compile(r"(\d{4})-(\d\d)-(\d\d)[Tt ](\d\d):(\d\d):(\d\d)(?:\.(\d+))?" + OFFSET, re.ASCII)
TWITTER = re.compile(r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun) (\w{3}) (\d\d) (\d\d):(\d\d):(\d\d) ([+-]\d{4}) (\d{4})", re.ASCII)
EPOCH_NUMBER = re.compile(r"(-?)(\d{1,17})(?:\.(\d+))?", re.ASCII)
EPOCH = datetime.datetime(1970, 1, 1)
TEXTS = (("retweeted_status", "extended_tweet", "full_text"), ("retweeted_status", "full_text"),
         ("retweeted_status", "text"), ("extended_tweet", "full_text"), ("full_text",), ("text",))


class Number(str):
    """A number as it is written."""


def first_pairs(pairs):
    """Of a key given twice the first counts."""
    found = {}
    for key, value in pairs:
        found.setdefault(key, value)
    return found


def no_constant(name):
    raise ValueError(name)


DECODER = json.JSONDecoder(object_pairs_hook=first_pairs, parse_int=Number, parse_float=Number, parse_constant=no_constant)


def depth_and_hold(record):
    """Greatest depth of brackets outside strings, and whether strings close and brackets balance around one object."""
    depth = deepest = at = 0
    holds = True
    stripped = record.strip(WHITE)
    while at < len(stripped):
        plain = PLAIN.match(stripped, at)
        if plain:
            at = plain.end()
            continue
        byte = stripped[at:at + 1]
        if byte == b'"':
            string = STRING.match(stripped, at)
            if not string:
                return deepest, False
            at = string.end()
            continue
        depth += 1 if byte in b"{[" else -1
        deepest = max(deepest, depth)
        at += 1
        if depth <= 0 and at < len(stripped):
            holds = False
    return deepest, holds and depth == 0 and stripped.startswith(b"{") and stripped[-1:] in (b"}", b"]")


def skeleton_holds(record):
    return depth_and_hold(record)[1]


def offset_minutes(text):
    """0 for none or Z; None if it is no offset."""
    if not text or text in "Zz":
        return 0
    hours, minutes = int(text[1:3]), int(text[-2:])
    if hours > 23 or minutes > 59:
        return None
    return (-1 if text[0] == "-" else 1) * (hours * 60 + minutes)


def civil_ms(year, month, day, hour, minute, second, offset):
    if offset is None or second > 60:
        return None
    try:
        moment = datetime.datetime(year, month, day, hour, minute, min(second, 59))
    except ValueError:
        return None
    seconds = (moment - EPOCH) // datetime.timedelta(seconds=1) + (1 if second == 60 else 0)
    return (seconds - offset * 60) * 1000


def time_ms(value):
    """Epoch milliseconds; None if it is no time."""
    if not isinstance(value, str) or not value:
        return None
    match = TWITTER.fullmatch(value)
    if match and match.group(1) in MONTHS:
        month, day, hour, minute, second, offset, year = match.groups()
        return civil_ms(int(year), MONTHS[month], int(day), int(hour), int(minute), int(second), offset_minutes(offset))
    match = RFC3339.fullmatch(value)
    if match:
        numbers = [int(each) for each in match.groups()[:6]]
        whole = civil_ms(*numbers, offset_minutes(match.group(8)))
        return None if whole is None else whole + int((match.group(7) or "0")[:3].ljust(3, "0"))
    match = EPOCH_NUMBER.fullmatch(value)
    if not match:
        return None
    whole = int(match.group(2))
    ms = whole // 1000 if whole >= 10**14 else whole
    if whole < 10**11:
        ms = whole * 1000 + int((match.group(3) or "0")[:3].ljust(3, "0"))
    return -ms if match.group(1) else ms


def first_there(record, paths):
    for path in paths:
        value = record
        for key in path:
            value = value.get(key) if isinstance(value, dict) else None
        if value is not None:
            return value
    return None


def fields_reason(record, append_ms):
    ident = first_there(record, (("id_str",), ("id",)))
    if ident is None or (isinstance(ident, str) and not isinstance(ident, Number) and not ident):
        return "missing_field"
    if not isinstance(ident, str) or (isinstance(ident, Number) and not ident.isdigit()):
        return "wrong_type"
    when = first_there(record, (("timestamp_ms",), ("created_at",)))
    if when is None:
        return "missing_field"
    ms = time_ms(when)
    if ms is None:
        return "wrong_type"
    if not EARLIEST_MS <= ms < LATEST_MS or (append_ms is not None and ms > append_ms + AHEAD_MS):
        return "absurd_time"
    text = first_there(record, TEXTS)
    if text is None:
        return "missing_field"
    return "" if isinstance(text, str) and not isinstance(text, Number) else "wrong_type"


def reason_of(record, max_bytes=1 << 20, append_ms=None):
    """Why the record can't be used; "" if it can. None is a tombstone."""
    if record is None or not record.strip(WHITE):
        return "empty"
    if len(record) > max_bytes:
        return "too_large"
    try:
        text = record.decode("utf-8")
    except UnicodeDecodeError:
        return "not_utf8"
    try:
        value = DECODER.decode(text)
    except RecursionError:
        return "too_deep"
    except ValueError:
        return "not_json"
    if not isinstance(value, dict):
        return "not_json"
    if depth_and_hold(record)[0] > MAX_DEPTH:
        return "too_deep"
    return fields_reason(value, append_ms)


def may_differ(record, expected, found):
    """Whether the engine may say `found` ("": a post) where this module, being stricter, says `expected`."""
    if expected == "not_json":
        # Wrong only where nobody looks; or too deep before it is wrong.
        return skeleton_holds(record) or found == "too_deep" and depth_and_hold(record)[0] > MAX_DEPTH
    return expected == "too_deep" and found == "not_json"
