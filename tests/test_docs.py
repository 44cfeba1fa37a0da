"""What the code offers is in the docs; everything is found by introspection."""

import ast
import inspect
import json
import re
from collections.abc import Mapping
from dataclasses import astuple, fields
from datetime import date, timedelta
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, get_args

import pytest
from django.core.management import get_commands

from backend import live, supervisor, sync
from backend.checks import views
from backend.declared import METHODS
from backend.models import ChangeOp
from backend.ports import ports
from backend.rest import BulkBody
from backend.rules import TABLE, Need, Role
from reminders.screening import Status as Stands
from reminders.screening import shipped_rules
from reminders.timing import body as timing
from reminders.timing.codes import CODES
from reminders.timing.pattern import Unit
from twin import bridge
from twin.edits import Outcome as EditOutcome
from twin.forecast.daily import KALMAN_MIXTURE
from twin.forecast.explanation import PROPHET
from twin.forecast.plain import MEAN_OF_28_DAYS
from twin.intake import container, delimited, devices, formats, gathering, json_values, phone
from twin.intake.fhir.records import KEPT
from twin.intake.items import ProblemCode, RecordType, RefusalCode, RemarkCode
from twin.kinds import DATA, KINDS, DayRule, Kind
from twin.models import UploadStatus
from twin.models.alerts import ENDINGS
from twin.risk import catalogue, kidney_course, questionnaires, sepsis
from twin.risk.data import RISK, load
from twin.risk.given import Given
from twin.risk.result import Score
from twin.scores import news2
from twin.scores.asked import Asked, questions
from twin.scores.cgm import Group, Metrics
from twin.scores.genes import Standing, pharmacogenetics
from twin.serializers.samples import PhoneSeriesIn, PhoneSeriesOut, SamplesIn, SamplesOut
from twin.series.columns import Flag
from twin.series.overlay import Outcome
from twin.services.alarms import BOUNDS as ALARM_BOUNDS
from twin.services.devices import UNKNOWN_PATIENT
from twin.services.digest import LONGEST_RANGE
from twin.services.intake import MOST_SOURCES
from twin.services.samples import KEPT as BATCHES_KEPT
from twin.services.samples import MOST_PLACES, SUPPRESSED
from twin.services.scores import MOST_KEPT
from twin.services.stale_scores import SETTLE
from twin.warnings.actions import actions
from twin.warnings.early_signs import early_signs_file
from twin.warnings.finding import Severity
from twin.warnings.life import Status, Step
from twin.warnings.rule_file import current_rules
from twin.warnings.rules import Condition
from twin.warnings.sick_days import Act
from twin.warnings.suggestions import suggestions_file

CHECKOUT = Path(__file__).parent.parent
DOCS = CHECKOUT / "docs"
ROOMS = ("backend", "twin", "reminders", "messaging")
API = "api/v1/"


def rows_of(page: str) -> list[list[str]]:
    """The cells of every row of every table of a page."""
    lines = (DOCS / page).read_text(encoding="utf-8").splitlines()
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("|")]


def first_cells(page: str) -> set[str]:
    """What the rows of a page's tables begin with."""
    return {row[0].strip("`") for row in rows_of(page)}


def named_in(page: str) -> set[str]:
    """What stands between back quotes on a page."""
    return set(re.findall(r"`([^`\n]+)`", (DOCS / page).read_text(encoding="utf-8")))


def sentence_of(page: str, code: str) -> str:
    """What the one row of a code says of it."""
    (row,) = (row for row in rows_of(page) if row[0] == f"`{code}`")
    return row[1]


@pytest.mark.parametrize("name", [form.NAME for form in formats.FORMATS])
def test_docs_say_how_each_format_is_recognised(name: str) -> None:
    assert sentence_of("intake.md", name)


def test_docs_explain_each_problem_refusal_and_remark_in_one_sentence_each() -> None:
    explained = [row for row in rows_of("intake.md") if row[1].endswith(".")]
    codes = [*ProblemCode, *RefusalCode, *RemarkCode]
    assert sorted(row[0] for row in explained) == sorted(f"`{code}`" for code in codes)


def test_docs_name_each_resource_that_becomes_a_record_and_its_type() -> None:
    kept = " ".join(cell for row in rows_of("formats.md") for cell in row)
    assert [name for name in KEPT if name not in kept] == []
    assert set(RecordType) - named_in("formats.md") == set()


LIMITS = {
    "files in an archive": f"{container.MOST_MEMBERS:,}, with a directory of 4 MiB",
    "an archive unpacked": f"{container.MOST_BYTES // 1024**3} GiB, streamed",
    f"unpacked to packed, for a member of more than {container.RATIO_COUNTS_FROM // 1024**2} MiB": (
        f"{container.MOST_RATIO} (a real `export.xml` reaches 50)"
    ),
    "one JSON value": (
        f"{json_values.LARGEST // 1024**2} MiB, {json_values.MOST_PARTS:,} parts, "
        f"{json_values.DEEPEST} levels deep"
    ),
    "a line of a table": f"{delimited.LONGEST_LINE // 1024} KiB",
    "samples that a reader holds": f"{gathering.BATCH:,}, then it hands them on",
}


@pytest.mark.parametrize("what", LIMITS)
def test_docs_name_the_limits_that_hold(what: str) -> None:
    assert [row[1] for row in rows_of("intake.md") if row[0] == what] == [LIMITS[what]]


PHONE_LIMITS = {
    "samples in a batch": f"{phone.MOST_SAMPLES:,}",
    "series in a batch": f"{phone.MOST_SERIES:,}",
    "a body, also unpacked": f"{BulkBody.most_bytes // 1024**2} MiB",
    "sources of a patient": f"{MOST_SOURCES:,}",
}


@pytest.mark.parametrize("what", PHONE_LIMITS)
def test_docs_name_the_limits_of_a_phones_batch(what: str) -> None:
    assert [row[1] for row in rows_of("sync.md") if row[0] == what] == [PHONE_LIMITS[what]]


def test_docs_name_each_part_of_a_phones_batch_and_of_its_answer() -> None:
    parts = {*SamplesIn().fields, *PhoneSeriesIn().fields, *SamplesOut().fields, *PhoneSeriesOut().fields}
    page = (DOCS / "sync.md").read_text(encoding="utf-8")
    assert [part for part in parts if not re.search(rf"[`\"]{part}[`\"]", page)] == []
    assert f"{MOST_PLACES:,} in all" in page
    assert f"{BATCHES_KEPT.days} days" in page


def kind_row(kind: Kind) -> list[str]:
    possible, usual = (f"{low:.9g} to {high:.9g}" for low, high in (kind.hard, kind.soft))
    forecast = "yes" if kind.forecast else "no"
    named = [f"`{kind.code}`", kind.title, f"`{kind.unit}`"]
    return [*named, possible, usual, kind.daily.value, kind.topic, forecast]


def test_docs_show_the_catalogue_as_it_is() -> None:
    shown = [row for row in rows_of("kinds.md") if row[0].strip("`") in KINDS]
    assert shown == [kind_row(kind) for kind in KINDS.values()]


def test_docs_explain_each_outcome_and_flag_and_column() -> None:
    assert {outcome.name.lower() for outcome in Outcome} - named_in("series.md") == set()
    flags = next(row[1] for row in rows_of("series.md") if row[0] == "`flags`")
    assert [int(number) for number in re.findall(r"\d+", flags)] == [flag.value for flag in Flag]


def test_docs_explain_each_day_rule() -> None:
    assert set(DayRule) - first_cells("state.md") == set()


def test_docs_name_each_model_of_a_forecast() -> None:
    assert {KALMAN_MIXTURE, MEAN_OF_28_DAYS, PROPHET} - named_in("forecasting.md") == set()


def test_docs_show_how_old_a_measurement_may_be_and_each_level_of_news2() -> None:
    page = " ".join((DOCS / "early-warning-scores.md").read_text(encoding="utf-8").split())
    oldest = {one.parameter: one.oldest.total_seconds() / 3600 for one in news2._table().measured}
    assert oldest == {"pulse": 2, "resp_rate": 4, "spo2": 4, "temperature": 8, "sbp": 12}
    said = "pulse 2 hours, respiratory rate and oxygen saturation 4, temperature 8, blood pressure 12"
    assert said in page
    levels = [level.code for level, *_ in news2._table().levels]
    assert [row[0] for row in rows_of("early-warning-scores.md") if row[0].strip("`") in levels] == [
        f"`{code}`" for code in reversed(levels)
    ]


def test_docs_show_which_genes_are_told_and_from_which_variants() -> None:
    rows = {row[0].strip("`"): row[1] for row in rows_of("early-warning-scores.md")}
    told = {
        row["gene"]: {variant["rsid"] for variant in row["variants"]} for row in pharmacogenetics()["genes"]
    }
    assert {gene: set(re.findall(r"rs\d+", rows[gene])) for gene in told} == told
    assert set(pharmacogenetics()["not_told"]) | set(Standing) <= named_in("early-warning-scores.md")


def test_docs_name_each_metric_of_a_glucose_sensor_and_each_group_with_targets() -> None:
    about_readings = {"start", "end", "count", "low", "high", "interval_minutes", "is_sufficient"}
    metrics = {field.name for field in fields(Metrics)} - about_readings
    assert metrics | set(Group) <= named_in("early-warning-scores.md")


def test_docs_show_each_rule_of_sick_days_and_how_many_pages_name_it() -> None:
    words = {2: "two pages", 3: "three pages"}
    acts = {
        Act.NEVER_STOP: "never stop alone",
        Act.ASK_TO_PAUSE: "ask whether to pause",
        Act.ASK_TO_CHANGE: "ask whether the dose changes",
    }
    shown = {tuple(row) for row in rows_of("early-warning-scores.md") if row[-1] in words.values()}
    rules = json.loads((DATA / "sick_days.json").read_text(encoding="utf-8"))["rules"]
    assert shown == {
        (f"`{rule['id']}`", acts[Act(rule["act"])], words[len(rule["said_by"])]) for rule in rules
    }


def test_docs_list_each_early_sign_with_its_source() -> None:
    rows = [
        [
            f"`{row['code']}`",
            row["title"],
            row["without"].replace("_", " "),
            row["source"],
            row["verification"],
        ]
        for row in early_signs_file()["signs"]
    ]
    assert [row for row in rows_of("suggestions.md") if row in rows] == rows


def test_docs_list_each_suggestion_and_effect_with_its_source() -> None:
    data = suggestions_file()
    rules = [
        [f"`{row['id']}`", str(row["rank"]), ", ".join(row["groups"]), row["title"], row["source"]]
        for row in data["rules"]
    ]
    effects = [
        [f"`{code}`", f"{row['mean']:g}", "{:g} to {:g}".format(*row["ci95"]) if row["ci95"] else "not given"]
        for code, row in data["effects"].items()
    ]
    assert [row[:5] for row in rows_of("suggestions.md") if row[:5] in rules] == rules
    assert [row[:3] for row in rows_of("suggestions.md") if row[:3] in effects] == effects


def variables() -> set[str]:
    """Every environment variable that the code reads: through backend.env, or by itself in the supervisor."""
    found = set(re.findall(r"\.(?:get|pop)\(\"([A-Z_]+)\"", inspect.getsource(supervisor)))
    for room in ROOMS:
        for path in (CHECKOUT / room).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                match node:
                    case ast.Call(
                        func=ast.Attribute(value=ast.Name(id="env"), attr=reader),
                        args=[ast.Constant(value=str(name)), *_],
                    ):
                        found |= (
                            {name, f"{name}_FILE"}
                            if reader in {"secret", "signing_key", "service_account", "broker"}
                            else {name}
                        )
    return found


def test_docs_name_each_environment_variable_and_command() -> None:
    read = variables()
    assert {"DATABASE_URL", "DATABASE_OWNER_URL", "SECRET_KEY_FILE", "PORT"} <= read
    ours = {name for name, room in get_commands().items() if room in ROOMS}
    rows = re.findall(r"`(?:manage[.]py )?(\w+)[^`]*`", " ".join(row[0] for row in rows_of("deployment.md")))
    assert sorted(rows) == sorted(read | ours)


def test_docs_list_exactly_the_routes_of_the_api() -> None:
    routes = {
        (method.upper(), re.sub(r"<\w+:(\w+)>", r"{\1}", route.removeprefix(API)))
        for route, view in views()
        if route.startswith(API)
        for method in METHODS
        if hasattr(view, method)
    }
    methods = {method.upper() for method in METHODS}
    documented = {(row[0], row[1].strip("`")) for row in rows_of("api.md") if row[0] in methods}
    assert documented == routes


def test_docs_name_the_limits_of_the_bridge_and_each_answer_of_its_own() -> None:
    text = " ".join((DOCS / "devices.md").read_text(encoding="utf-8").split())
    for limit in (
        f"{devices.LARGEST // 1024} KiB",
        f"message_size_limit {devices.LARGEST}",
        f"{bridge.LARGEST_PACKET // 1024**2} MiB",
        f"within {bridge.GATHERED_FOR} s, at most {bridge.GATHERED:,} messages",
        f"holds at most {bridge.MOST_WAITING:,} messages",
        f"about {bridge.MOST_WAITING_BYTES // 1024**2} MiB",
        f"lasts {bridge.SESSION_KEPT.days} days",
        f"At most {bridge.MOST_LEFT_OUT} parts",
        f"`{bridge.CLIENT_ID}`",
    ):
        assert limit in text
    codes = {ProblemCode.MALFORMED, SUPPRESSED, UNKNOWN_PATIENT.code, bridge.FAILED.code}
    assert codes <= first_cells("devices.md")


def test_docs_name_each_status_of_an_upload() -> None:
    page = (DOCS / "api.md").read_text(encoding="utf-8")
    assert [status for status in UploadStatus if status.value not in page] == []


def test_docs_name_what_is_synced_and_within_which_limits() -> None:
    assert ports.synced.keys() <= first_cells("sync.md")
    text = (DOCS / "sync.md").read_text(encoding="utf-8")
    assert f"at most {sync.PAGE} changes and about {sync.MOST_BYTES // 1_000_000} MB of bodies" in text
    assert f"from the first to the last, at most {LONGEST_RANGE.days}" in text


def test_docs_explain_each_outcome_of_an_edit() -> None:
    assert set(EditOutcome) <= first_cells("sync.md")


def test_docs_name_what_the_socket_takes() -> None:
    assert set(live.COMMANDS) - first_cells("live.md") == set()
    needs = {name: command.need for name, command in live.COMMANDS.items() if command.need is not None}
    told = {row[0].strip("`"): row[-1] for row in rows_of("live.md")}
    assert [name for name, need in needs.items() if f"the need `{need}`" not in told[name]] == []


def test_docs_name_what_the_socket_says() -> None:
    source = inspect.getsource(live)
    events = set(re.findall(r'"type": "(\w+)"', source))
    codes = set(re.findall(r'(?:Refusal\(|"code": )"(\w+)"', source))
    assert {"hello", "reply", "error", "changes", "progress", "heartbeat", "ended"} <= events
    assert (events | codes) - first_cells("live.md") == set()
    assert set(ports.live_views) | set(ChangeOp.values) <= named_in("live.md")


def test_docs_name_each_close_code_of_the_socket() -> None:
    used = {getattr(live, name) for name in re.findall(r"\.close\(([A-Z_]+)\)", inspect.getsource(live))}
    by_protocol = {1009}  # what the server itself says to a frame that it does not read
    told = {int(cell) for cell in first_cells("live.md") if cell.isdigit()}
    assert told == used | by_protocol


def test_docs_name_the_limits_of_the_socket() -> None:
    limits = {int(limit) for limit in astuple(live.LIMITS)}
    assert limits <= {int(number) for number in re.findall(r"\d+", (DOCS / "live.md").read_text("utf-8"))}


def test_docs_show_who_may_do_what_as_the_table_says() -> None:
    header, *rows = [row for row in rows_of("access.md") if len(row) == 1 + len(Role)]
    allowed = {
        cell.split("`")[1]: {role for role, answer in zip(header[1:], answers, strict=True) if answer != "no"}
        for cell, *answers in rows
        if "`" in cell
    }
    assert allowed == {need.value: {role.value for role in TABLE[need]} for need in Need}


def test_docs_explain_each_status_step_severity_and_bound_of_an_alert() -> None:
    first = " ".join(row[0] for row in rows_of("alerts.md"))
    named = {*Status, *Step, *Severity, *ALARM_BOUNDS}
    assert [name for name in named if f"`{name}`" not in first] == []
    assert set(ENDINGS) - named_in("alerts.md") == set()


def test_docs_name_each_field_and_code_of_a_timing() -> None:
    page = named_in("reminders.md")
    assert set(timing.FIELDS) <= first_cells("reminders.md")
    assert {*timing.OF_REPEAT, *CODES, *get_args(Unit)} - page == set()


def test_docs_credit_each_file_of_data() -> None:
    credited = {Path(name).name.split(".")[0] for name in named_in("data-credits.md")}
    folders = (CHECKOUT / "tests" / "samples", CHECKOUT / "twin" / "demo" / "data")
    files = {path for folder in folders for path in folder.rglob("*") if path.is_file()}
    # What a file of others is known to hold, and which columns were taken from it, is our own word.
    foreign = {path for path in files if path.name not in ("MANIFEST.json", "README.md")}
    uncredited = {
        path for path in foreign if not any(fnmatch(path.name.split(".")[0], name) for name in credited)
    }
    assert foreign
    assert uncredited == set()


@pytest.mark.parametrize("page", sorted(path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")))
def test_docs_link_to_what_is_there(page: str) -> None:
    text = (DOCS / page).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)#]+)", text) if "://" not in target]
    assert [target for target in targets if not (DOCS / page).parent.joinpath(target).exists()] == []


def score_row(score: Score) -> list[str]:
    wants = "; ".join(score.missing)
    return [f"`{score.code}`", score.title, wants, score.source, score.verification]


def every_score() -> list[Score]:
    nothing = Given({})
    asked = [
        questionnaires.score(code, [None] * load(code)["items"], None, "") for code in questionnaires.CODES
    ]
    course = kidney_course.course([], date(2026, 1, 1)).slope
    return [*catalogue.scores(nothing), course, *asked, sepsis.score(nothing)]


def test_docs_list_each_score_with_what_it_wants_and_what_stands_behind_it() -> None:
    scores = every_score()
    shown = {row[0]: row for row in rows_of("scores.md") if len(row) == 5}
    assert [shown[f"`{score.code}`"] for score in scores] == [score_row(score) for score in scores]


def range_row(name: str, row: Mapping[str, Any]) -> list[str]:
    least, most = row.get("min"), row.get("max")
    unit = f" {row['unit']}" if row.get("unit") else ""
    span = "none stated" if least is None else f"{least:g} to {most:g}{unit}"
    return [f"`{name}.json`", f"`{row['name']}`", span]


def test_docs_show_the_range_of_each_number_that_a_score_wants() -> None:
    numbers = [
        range_row(name, row)
        for name in ("prevent", "score2", "ckd_epi_2021", "fib4", "bmi")
        for row in load(name)["inputs"]
        if row.get("type") is None and "values" not in row
    ]
    assert [row for row in rows_of("scores.md") if row in numbers] == numbers


def test_docs_show_how_old_each_input_may_be() -> None:
    days = load("ages")["days"]
    rows = [row for row in rows_of("scores.md") if len(row) == 3 and row[0].strip("`") in days]
    shown = {row[0].strip("`"): row[2] for row in rows}
    assert shown == {code: "no limit" if limit is None else f"{limit:,}" for code, limit in days.items()}


def question_row(one: Asked) -> list[str]:
    hours = 0 if one.holds is None else one.holds / timedelta(hours=1)
    return [
        f"`{one.code}`",
        one.name,
        ", ".join(f"`{choice.code}`" for choice in one.choices) or "yes or no",
        one.topic,
        "a clinician" if one.clinicians_only else "anybody who may act",
        "no limit" if not hours else f"{hours:g} hours" if hours <= 24 else f"{hours / 24:,.0f} days",
    ]


def test_docs_show_what_scores_ask_and_how_long_an_answer_counts() -> None:
    rows = [question_row(one) for one in questions().values()]
    assert [row for row in rows_of("scores.md") if row in rows] == rows


def test_docs_say_how_many_earlier_scores_are_kept_and_how_soon_they_follow() -> None:
    page = (DOCS / "scores.md").read_text(encoding="utf-8")
    assert f"the newest {MOST_KEPT}" in page
    assert SETTLE.total_seconds() == 10
    assert "ten seconds after readings" in page


def test_docs_show_the_points_with_which_scores_compare() -> None:
    points = load("handling")["comparisons"]["points"]
    shown = {row[0].strip("`"): row[1:] for row in rows_of("scores.md") if len(row) == 4}
    for point in points:
        to = "no" if point["to"] is False else f"{point['to']:g}"
        assert shown[point["input"]] == [to, point["source"], point["verification"]]


def test_docs_name_each_file_of_scores() -> None:
    assert {path.name for path in RISK.iterdir()} - named_in("scores.md") == set()


def test_docs_list_each_level_of_a_rule_and_each_action_with_who_says_so() -> None:
    levels = [
        [f"`{level.id}`", f"`{rule.id}`", level.severity.value, level.title, level.source, level.verification]
        for rule in current_rules().rules
        for level in rule.levels
    ]
    rows = [[f"`{one.id}`", one.source, one.verification] for one in actions().values()]
    first = {row[0] for row in [*levels, *rows]}
    assert [row for row in rows_of("warnings.md") if row[0] in first and len(row) == 6] == levels
    assert [row for row in rows_of("warnings.md") if row[0] in first and len(row) == 3] == rows
    assert set(Condition) <= first_cells("warnings.md")


def test_docs_list_each_rule_of_screening_with_who_says_so() -> None:
    rules = [
        [f"`{rule.id}`", rule.title, rule.source, str(rule.year), rule.verification]
        for rule in shipped_rules().rules
    ]
    assert [row for row in rows_of("screening.md") if len(row) == 5][2:] == rules
    assert set(Stands) <= first_cells("screening.md")
