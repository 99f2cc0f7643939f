#!/usr/bin/env python3
"""Writes the Grafana dashboards beside it: crisis-room.json and engine.json.

    python3 -m venv V && V/bin/pip install -r tests/requirements.txt
    V/bin/python deploy/grafana/dashboards.py            # writes the two files
    V/bin/python deploy/grafana/dashboards.py --check    # exit code 1 if they are not what it would write

Both have a data source variable, and filter by job and instance; nothing of an installation is in them. Import them in
Grafana, or provision the folder. docs/METRICS.md describes the metrics.
"""

import argparse
import pathlib
import sys

from grafana_foundation_sdk.builders import bargauge, common, dashboard, prometheus, stat, statetimeline, table, timeseries
from grafana_foundation_sdk.cog.encoder import JSONEncoder
from grafana_foundation_sdk.models import common as common_model
from grafana_foundation_sdk.models import dashboard as model
from grafana_foundation_sdk.models import prometheus as prometheus_model

FOLDER = pathlib.Path(__file__).resolve().parent
SOURCE = model.DataSourceRef(type_val="prometheus", uid="${datasource}")
ENGINE = 'job=~"$job", instance=~"$instance"'
BRAND = ENGINE + ', brand=~"$brand"'


def query(expr, legend, instant=False):
    built = prometheus.Dataquery().expr(" ".join(expr.split())).legend_format(legend).datasource(SOURCE)
    if instant:
        return built.instant().format(prometheus_model.PromQueryFormat.TABLE)
    return built.range()


def dressed(panel, title, description, unit, queries, width, height, instant=False):
    """What every panel has. `queries` are pairs of expression and legend."""
    panel = panel.title(title).description(description).unit(unit).datasource(SOURCE).span(width).height(height)
    for number, (expr, legend) in enumerate(queries):
        panel = panel.with_target(query(expr, legend, instant).ref_id(chr(ord("A") + number)))
    return panel


def steps(*pairs):
    """Threshold steps from (value, colour), the first without a value."""
    return dashboard.ThresholdsConfig().mode(model.ThresholdsMode.ABSOLUTE).steps(
        [model.Threshold(value=value, color=color) for value, color in pairs])


def override(*pairs):
    return [model.DynamicConfigValue(id_val=name, value=value) for name, value in pairs]


def graph(title, description, unit, queries, width=12, height=8, least=0.0, most=None, lines=()):
    panel = dressed(timeseries.Panel(), title, description, unit, queries, width, height)
    panel = panel.line_width(1).fill_opacity(5).show_points(common_model.VisibilityMode.NEVER)
    panel = panel.tooltip(common.VizTooltipOptions().mode(common_model.TooltipDisplayMode.MULTI)
                          .sort(common_model.SortOrder.DESCENDING))
    panel = panel.legend(common.VizLegendOptions().display_mode(common_model.LegendDisplayMode.LIST)
                         .placement(common_model.LegendPlacement.BOTTOM).show_legend(True))
    if least is not None:
        panel = panel.min(least)
    if most is not None:
        panel = panel.max(most)
    if lines:
        panel = panel.thresholds(steps((None, "transparent"), *[(at, "red") for at in lines]))
        panel = panel.thresholds_style(common.GraphThresholdsStyleConfig().mode(
            common_model.GraphTresholdsStyleMode.DASHED))
    return panel


def number(title, description, unit, expr, legend="", width=4, height=4, thresholds=((None, "green"),)):
    panel = dressed(stat.Panel(), title, description, unit, [(expr, legend)], width, height)
    panel = panel.graph_mode(common_model.BigValueGraphMode.AREA).color_mode(common_model.BigValueColorMode.VALUE)
    panel = panel.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"])).no_value("0")
    return panel.thresholds(steps(*thresholds))


def variables(with_brand):
    found = [
        dashboard.DatasourceVariable("datasource").label("Data source").type("prometheus"),
        labels("job", "Job", "label_values(tocsin_build_info, job)"),
        labels("instance", "Instance", 'label_values(tocsin_build_info{job=~"$job"}, instance)'),
    ]
    if with_brand:
        found.append(labels("brand", "Brand", f"label_values(tocsin_brand_info{{{ENGINE}}}, brand)"))
    return found


def labels(name, label, expr):
    return (dashboard.QueryVariable(name).label(label).query(expr).datasource(SOURCE).multi(True).include_all(True)
            .all_value(".*").refresh(model.VariableRefresh.ON_TIME_RANGE_CHANGED)
            .sort(model.VariableSort.ALPHABETICAL_ASC)
            .current(model.VariableOption(text="All", value="$__all", selected=True)))


def empty(title, uid, description, tags, other):
    return (dashboard.Dashboard(title).uid(uid).description(description).tags(["tocsin", *tags]).readonly()
            .timezone("browser").tooltip(model.DashboardCursorSync.CROSSHAIR).time("now-3h", "now").refresh("30s")
            .link(dashboard.DashboardLink(other).type(model.DashboardLinkType.DASHBOARDS).tags(["tocsin"])
                  .as_dropdown(False).include_vars(True).keep_time(True)))


LEVEL_COLOURS = ((None, "green"), (1, "yellow"), (2, "orange"), (3, "red"), (4, "dark-red"), (5, "purple"))


def crisis_room():
    board = empty("Tocsin: crisis room", "tocsin-crisis-room",
                  "Which brands are in trouble, how badly, since when, and whether they have answered.", ["brands"],
                  "Engine")
    for each in variables(with_brand=True):
        board = board.with_variable(each)
    for each in (crisis_now, crisis_course):
        board = each(board)
    return board.build()


def crisis_now(board):
    open_incidents = f"tocsin_incidents_open{{{ENGINE}}}"
    board = board.with_row(dashboard.Row("Now"))
    board = board.with_panel(number(
        "Open incidents", "Incidents from onset to resolution, of all brands, shown here or not.", "short",
        f"sum({open_incidents})", thresholds=((None, "green"), (1, "orange"), (5, "red"))))
    board = board.with_panel(number(
        "Confirmed", "Of those, the ones that two successive checks have confirmed.", "short",
        f'sum(tocsin_incidents_open{{{ENGINE}, state="confirmed"}})', thresholds=((None, "green"), (1, "red"))))
    board = board.with_panel(number(
        "Highest level", "1 watch, 2 confirmed, 3 crisis, 4 firestorm, 5 severe; 0 is calm.", "short",
        f"max(tocsin_brand_level{{{BRAND}}}) or vector(0)", thresholds=LEVEL_COLOURS))
    board = board.with_panel(number(
        "Brands with mentions", "Brands that were mentioned in the last five minutes of event time.", "short",
        f"sum(tocsin_brands_active{{{ENGINE}}})"))
    board = board.with_panel(number(
        "Brands not shown", "Brands left out of the brand panels by metrics.top_brands; those in trouble come first.",
        "short", f"sum(tocsin_brands_hidden{{{ENGINE}}})"))
    board = board.with_panel(number(
        "Signals in the last hour", "Crisis signals published: openings, level changes, updates, resolutions.", "short",
        f'sum(increase(tocsin_signals_total{{{ENGINE}, kind="crisis"}}[1h]))'))
    by_level = dressed(
        bargauge.Panel(), "Brands by level", "How many brands have an open incident of each level.", "short",
        [(f'count(tocsin_brand_level{{{BRAND}}} == {level}) or vector(0)', name) for level, name in
         ((1, "1 watch"), (2, "2 confirmed"), (3, "3 crisis"), (4, "4 firestorm"), (5, "5 severe"))], 8, 9)
    by_level = by_level.orientation(common_model.VizOrientation.HORIZONTAL).min(0).decimals(0)
    board = board.with_panel(by_level.reduce_options(common.ReduceDataOptions().calcs(["lastNotNull"])))
    return board.with_panel(incident_table())


def incident_table():
    """One row for each open incident."""
    panel = dressed(
        table.Panel(), "Open incidents by brand",
        "Level, velocity against the expectation, negative share and time since onset of each open incident.", "short",
        [(f"max by (brand, name, owner) ((max by (brand) (tocsin_brand_level{{{BRAND}}}) > 0) * on (brand) "
          f"group_right () max by (brand, name, owner) (tocsin_brand_info{{{BRAND}}}))", ""),
         (f"60 * max by (brand) (tocsin_brand_mentions_per_second{{{BRAND}}}) "
          f"and on (brand) tocsin_brand_level{{{BRAND}}} > 0", ""),
         (f"60 * max by (brand) (tocsin_brand_expected_mentions_per_second{{{BRAND}}}) "
          f"and on (brand) tocsin_brand_level{{{BRAND}}} > 0", ""),
         (f"max by (brand) (tocsin_brand_negative_ratio{{{BRAND}}}) and on (brand) tocsin_brand_level{{{BRAND}}} > 0", ""),
         (f"time() - max by (brand) (tocsin_brand_incident_onset_timestamp_seconds{{{BRAND}}})", "")], 16, 9,
        instant=True)
    panel = panel.with_transformation(model.DataTransformerConfig(id_val="merge", options={}))
    panel = panel.with_transformation(model.DataTransformerConfig(id_val="organize", options={
        "excludeByName": {"Time": True},
        "indexByName": {"brand": 0, "name": 1, "owner": 2, "Value #A": 3, "Value #B": 4, "Value #C": 5, "Value #D": 6,
                        "Value #E": 7},
        "renameByName": {"brand": "Brand", "name": "Name", "owner": "Owner", "Value #A": "Level",
                         "Value #B": "Mentions/min", "Value #C": "Expected/min", "Value #D": "Negative",
                         "Value #E": "Since onset"}}))
    panel = panel.override_by_name("Level", override(("custom.cellOptions", {"type": "color-background"}), (
        "thresholds", {"mode": "absolute", "steps": [{"value": at, "color": color} for at, color in LEVEL_COLOURS]})))
    panel = panel.override_by_name("Negative", override(("unit", "percentunit"), ("decimals", 0)))
    panel = panel.override_by_name("Since onset", override(("unit", "s")))
    panel = panel.override_by_name("Mentions/min", override(("decimals", 1)))
    return panel.override_by_name("Expected/min", override(("decimals", 1)))


def crisis_course(board):
    board = board.with_row(dashboard.Row("Course"))
    timeline = dressed(
        statetimeline.Panel(), "Level of each brand",
        "1 watch, 2 confirmed, 3 crisis, 4 firestorm, 5 severe; brands whose level was 0 throughout are left out.", "short",
        [(f"max by (brand) (tocsin_brand_level{{{BRAND}}}) "
          f"and on (brand) max by (brand) (max_over_time(tocsin_brand_level{{{BRAND}}}[$__range])) > 0", "{{brand}}")], 24, 7)
    timeline = timeline.thresholds(steps(*LEVEL_COLOURS)).merge_values(True)
    timeline = timeline.color_scheme(dashboard.FieldColor().mode(model.FieldColorModeId.THRESHOLDS))
    board = board.with_panel(timeline.show_value(common_model.VisibilityMode.AUTO))
    velocity = graph(
        "Velocity against expectation",
        "Mentions a minute over five minutes; the band reaches up to two standard deviations above what the brand's own "
        "baseline expects. Choose one brand for a clear picture.", "short",
        [(f"60 * max by (brand) (tocsin_brand_mentions_per_second{{{BRAND}}})", "{{brand}}"),
         (f"60 * max by (brand) (tocsin_brand_expected_mentions_per_second{{{BRAND}}})", "{{brand}} expected"),
         (f"60 * max by (brand) (tocsin_brand_expected_high_mentions_per_second{{{BRAND}}})", "{{brand}} band")], 12, 10)
    velocity = velocity.override_by_regexp(".* expected", override(
        ("custom.lineStyle", {"fill": "dash", "dash": [6, 6]}), ("custom.fillOpacity", 0)))
    board = board.with_panel(velocity.override_by_regexp(".* band", override(
        ("custom.lineWidth", 0), ("custom.fillOpacity", 12), ("color", {"mode": "fixed", "fixedColor": "green"}))))
    ratio = graph(
        "Negative ratio with its interval",
        "Share of the classified mentions of five minutes that are negative, as classified; the 95 % interval of the true "
        "share, which allows for the classifier's errors and so need not hold the share as classified (classifiers miss "
        "negatives, so at a high share it lies above); and what is usual for the brand.", "percentunit",
        [(f"max by (brand) (tocsin_brand_negative_ratio{{{BRAND}}})", "{{brand}}"),
         (f"max by (brand) (tocsin_brand_negative_low_ratio{{{BRAND}}})", "{{brand}} low"),
         (f"max by (brand) (tocsin_brand_negative_high_ratio{{{BRAND}}})", "{{brand}} high"),
         (f"max by (brand) (tocsin_brand_expected_negative_ratio{{{BRAND}}})", "{{brand}} usual")], 12, 10, most=1.0)
    ratio = ratio.override_by_regexp(".* (low|high)", override(("custom.lineWidth", 1), ("custom.fillOpacity", 0), (
        "custom.lineStyle", {"fill": "dot", "dash": [2, 4]})))
    board = board.with_panel(ratio.override_by_regexp(".* usual", override(
        ("custom.lineStyle", {"fill": "dash", "dash": [6, 6]}), ("custom.fillOpacity", 0))))
    board = board.with_panel(graph(
        "Networks of open incidents", "Mentions since the onset, by brand and network: whether it spreads.", "short",
        [(f"max by (brand, network) (tocsin_brand_incident_mentions{{{BRAND}}})", "{{brand}} {{network}}")], 8))
    board = board.with_panel(graph(
        "Response time", "From the onset of the open incident to the brand's first own post; while there is none, until now.", "s",
        [(f"max by (brand) (tocsin_brand_response_seconds{{{BRAND}}}) "
          f"or time() - max by (brand) (tocsin_brand_incident_onset_timestamp_seconds{{{BRAND}}})", "{{brand}}")], 8))
    return board.with_panel(graph(
        "Unanswered for", "Time since the onset of open incidents that the brand has not answered by an own post.", "s",
        [(f"time() - max by (brand) (tocsin_brand_incident_onset_timestamp_seconds{{{BRAND}}}) "
          f"unless on (brand) max by (brand) (tocsin_brand_response_seconds{{{BRAND}}})", "{{brand}}")], 8))


def rate(metric, by, extra=""):
    return f"sum by ({by}) (rate({metric}{{{ENGINE}{extra}}}[$__rate_interval]))"


def quantiles(metric):
    return [(f"histogram_quantile({q}, sum by (le) (rate({metric}_bucket{{{ENGINE}}}[$__rate_interval])))", f"p{name}")
            for q, name in ((0.5, 50), (0.95, 95), (0.99, 99))]


def engine():
    board = empty("Tocsin: engine", "tocsin-engine",
                  "Does it read everything, in time, exactly once; and what does it cost?", ["engine"], "Crisis room")
    for each in variables(with_brand=False):
        board = board.with_variable(each)
    for each in (engine_now, engine_throughput, engine_time, engine_delivery, engine_cost):
        board = each(board)
    return board.build()


def engine_now(board):
    board = board.with_row(dashboard.Row("Now"))
    board = board.with_panel(number("Posts", "Posts read a second, all workers.", "cps",
                                    f"sum(rate(tocsin_posts_consumed_total{{{ENGINE}}}[$__rate_interval]))"))
    board = board.with_panel(number(
        "Lag", "Age of the last post read where more are waiting; the worst partition. 0: at the end.", "s",
        f"max(tocsin_ingest_lag_seconds{{{ENGINE}}})", thresholds=((None, "green"), (60, "orange"), (300, "red"))))
    board = board.with_panel(number(
        "Watermark behind", "Wall clock less the lowest watermark: how old what the detector sees is.", "s",
        f"max(tocsin_watermark_lag_seconds{{{ENGINE}}})", thresholds=((None, "green"), (60, "orange"), (300, "red"))))
    board = board.with_panel(number(
        "Completeness", "Source partitions that the watermark vouches for, of all.", "percentunit",
        f"sum(tocsin_sources_complete{{{ENGINE}}}) / sum(tocsin_sources{{{ENGINE}}} > 0)",
        thresholds=((None, "red"), (0.8, "orange"), (1, "green"))))
    board = board.with_panel(number(
        "Gaps", "Gaps in what was read, in the time shown: must be 0.", "short",
        f"sum(increase(tocsin_audit_gaps_total{{{ENGINE}}}[$__range]))",
        thresholds=((None, "green"), (1, "red"))))
    return board.with_panel(number(
        "Worker restarts", "Workers that ended with an error in the time shown.", "short",
        f"sum(increase(tocsin_worker_restarts_total{{{ENGINE}}}[$__range]))", thresholds=((None, "green"), (1, "orange"))))


def engine_throughput(board):
    board = board.with_row(dashboard.Row("Throughput"))
    board = board.with_panel(graph(
        "Posts by outcome", "Every record read is one of these.", "cps",
        [(rate("tocsin_posts_matched_total", "job"), "matched"), (rate("tocsin_posts_unmatched_total", "job"), "unmatched"),
         (rate("tocsin_posts_official_total", "job"), "official"), (rate("tocsin_dead_letters_total", "job"), "dead")]))
    board = board.with_panel(graph(
        "Bytes", "Values read from the posts topics, and blocks written to the mentions topic.", "Bps",
        [(rate("tocsin_posts_consumed_bytes_total", "instance"), "{{instance}} read"),
         (rate("tocsin_blocks_written_bytes_total", "instance"), "{{instance}} written")]))
    board = board.with_panel(graph(
        "Dead letters by reason", "Records that could not be used; docs/INPUT.md has the reasons.", "cps",
        [(rate("tocsin_dead_letters_total", "reason"), "{{reason}}")], 8))
    board = board.with_panel(graph(
        "Rows", "Mention rows: counted, dropped as duplicates, added late, dropped as too late.", "cps",
        [(rate("tocsin_rows_applied_total", "job"), "counted"), (rate("tocsin_rows_duplicate_total", "job"), "duplicates"),
         (rate("tocsin_rows_late_added_total", "job"), "late, added"),
         (rate("tocsin_rows_late_dropped_total", "job"), "too late")], 8))
    return board.with_panel(graph(
        "Outputs", "Brand metrics, signals and snapshots written.", "cps",
        [(rate("tocsin_metric_records_total", "job"), "brand metrics"), (rate("tocsin_signals_total", "kind"), "{{kind}} signals"),
         (rate("tocsin_snapshots_total", "job"), "snapshots")], 8))


def engine_time(board):
    board = board.with_row(dashboard.Row("Time"))
    board = board.with_panel(graph(
        "Lag in seconds", "Age of the last record read where more are waiting; the worst partition of each worker.", "s",
        [(f"max by (worker) (tocsin_ingest_lag_seconds{{{ENGINE}}})", "{{worker}}"),
         (f"max by (worker) (tocsin_detect_lag_seconds{{{ENGINE}}})", "{{worker}}")], 8, lines=(300,)))
    board = board.with_panel(graph(
        "Lag in records", "Posts, and blocks of the mentions topic, that wait to be read.", "short",
        [(f"sum by (worker) (tocsin_ingest_lag_records{{{ENGINE}}})", "{{worker}}"),
         (f"sum by (worker) (tocsin_detect_lag_records{{{ENGINE}}})", "{{worker}}")], 8))
    board = board.with_panel(graph(
        "Watermark behind the clock", "How old, in event time, what the detector decides on is.", "s",
        [(f"max by (worker) (tocsin_watermark_lag_seconds{{{ENGINE}}})", "{{worker}}")], 8, least=None, lines=(300,)))
    return board.with_panel(graph(
        "Source partitions", "Known to the watermark, and vouched for by it. Apart: a feed is silent, slow or without an owner.",
        "short",
        [(f"max by (worker) (tocsin_sources{{{ENGINE}}})", "{{worker}} known"),
         (f"min by (worker) (tocsin_sources_complete{{{ENGINE}}})", "{{worker}} complete")], 24, 6))


def engine_delivery(board):
    board = board.with_row(dashboard.Row("Delivery"))
    board = board.with_panel(graph("Ingest transactions", "From begin to commit of a flush.", "s",
                                   quantiles("tocsin_ingest_transaction_duration_seconds"), 8))
    board = board.with_panel(graph("Detect transactions", "Metrics, signals, snapshots and offsets in one.", "s",
                                   quantiles("tocsin_detect_commit_duration_seconds"), 8))
    board = board.with_panel(graph("Flushes", "A flush of ingest, its look at the configuration included.", "s",
                                   quantiles("tocsin_ingest_flush_duration_seconds"), 8))
    board = board.with_panel(graph(
        "Audit", "Repeats are what crashes leave, and harmless; everything else must be 0.", "cps",
        [(rate("tocsin_audit_repeats_total", "job"), "repeats"), (rate("tocsin_audit_gaps_total", "job"), "gaps"),
         (rate("tocsin_audit_torn_total", "job"), "torn"),
         (rate("tocsin_recovery_differences_total", "job"), "recoveries that differ")], 8))
    board = board.with_panel(graph(
        "Rebalances and restarts", "Assignments received, and workers that ended with an error, in each hour.", "short",
        [(f"sum(increase(tocsin_ingest_rebalances_total{{{ENGINE}}}[1h]))", "ingest assignments"),
         (f"sum(increase(tocsin_detect_rebalances_total{{{ENGINE}}}[1h]))", "detect assignments"),
         (f"sum(increase(tocsin_worker_restarts_total{{{ENGINE}}}[1h]))", "restarts")], 8))
    return board.with_panel(graph(
        "Snapshot margin",
        "How long the mentions log reaches back beyond what a recovery needs, at the rate of blocks of the last hour. At 30 "
        "days, the top of the scale, it may be more, or the log has lost nothing yet.", "s",
        [(f"clamp_max(tocsin_snapshot_margin_blocks{{{ENGINE}}} / (rate(tocsin_blocks_read_total{{{ENGINE}}}[1h]) "
          f"/ tocsin_detect_assigned_partitions{{{ENGINE}}}), 30 * 86400)", "{{worker}}")], 8, least=None))


def engine_cost(board):
    board = board.with_row(dashboard.Row("Cost"))
    board = board.with_panel(graph(
        "CPU", "Cores used by each process.", "short",
        [(rate("process_cpu_seconds_total", "instance"), "{{instance}}")], 8))
    board = board.with_panel(graph(
        "Busy", "Share of the time that a worker spends between polls; at 1 it can take no more.", "percentunit",
        [(rate("tocsin_ingest_busy_seconds_sum", "worker"), "{{worker}}"),
         (rate("tocsin_detect_busy_seconds_sum", "worker"), "{{worker}}")], 8))
    board = board.with_panel(graph(
        "Memory", "Resident memory of each process, and what windows, deduplication and baselines take of it.", "bytes",
        [(f"process_resident_memory_bytes{{{ENGINE}}}", "{{instance}} resident"),
         (f"sum by (instance) (tocsin_detect_state_bytes{{{ENGINE}}})", "{{instance}} state")], 8))
    board = board.with_panel(graph(
        "Queues", "Bytes fetched and waiting, and rows held for the flush.", "bytes",
        [(f"sum by (worker) (tocsin_ingest_queue_bytes{{{ENGINE}}})", "{{worker}} queue"),
         (f"sum by (worker) (tocsin_detect_queue_bytes{{{ENGINE}}})", "{{worker}} queue"),
         (f"sum by (worker) (tocsin_ingest_pending_bytes{{{ENGINE}}})", "{{worker}} rows")], 12))
    return board.with_panel(graph(
        "Partitions", "Source and mentions partitions that each worker owns.", "short",
        [(f"max by (worker) (tocsin_ingest_assigned_partitions{{{ENGINE}}})", "{{worker}}"),
         (f"max by (worker) (tocsin_detect_assigned_partitions{{{ENGINE}}})", "{{worker}}")], 12))


BOARDS = {"crisis-room.json": crisis_room, "engine.json": engine}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("--check", action="store_true", help="write nothing; exit code 1 if a file differs")
    arguments = parser.parse_args()
    stale = []
    for name, make in BOARDS.items():
        text = JSONEncoder(sort_keys=True, indent=2).encode(make()) + "\n"
        path = FOLDER / name
        if arguments.check:
            if not path.exists() or path.read_text(encoding="utf-8") != text:
                stale.append(name)
        else:
            path.write_text(text, encoding="utf-8")
    for name in stale:
        print(f"{name} is not what dashboards.py makes: run it again", file=sys.stderr)
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
