"""Signals without what the same posts may change: wall-clock fields, where a record stood, completeness, late and gap
counts (DESIGN, "What is promised")."""

import json

MAY_DIFFER = ("emitted_at", "topic", "partition", "offset", "completeness", "late_dropped", "gaps", "lag_ms", "stale")


def without(value):
    if isinstance(value, dict):
        return {key: without(inner) for key, inner in value.items() if key not in MAY_DIFFER}
    if isinstance(value, list):
        return [without(inner) for inner in value]
    return value


def comparable(signal):
    return json.dumps(without(signal), sort_keys=True)
