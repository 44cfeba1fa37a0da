"""The twin's commands: files in, series out, what is derived made anew, people to try it with."""

import csv
import json
import os
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path

import make
import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from backend.actor import acting_for_all, acting_on
from backend.models import Patient, User
from twin.demo import cast as people
from twin.demo import story
from twin.models import DaySummary, Forecast, GlucoseForecast, SeriesBlock, Snapshot, Source
from twin.services.demo import GLANCED_EVERY, GLANCES_AGO, LOOKED_AGO
from twin.services.reading import claim_upload, read_upload
from twin.state.habit import habit

CHECKOUT = Path(__file__).parents[2]
TABLE = """start,kind,value,unit,end,source
2026-03-01T08:00:00Z,weight,81.35,kg,,Scale
2026-03-02T08:00:00Z,weight,179.3,lb,,Scale
2026-03-01T08:00:00+01:00,steps,120,count,2026-03-01T08:10:00.5+01:00,"Pia's phone, old"
2026-03-01T08:00:00Z,weight,0,kg,,Scale
"""


@pytest.fixture
def table(tmp_path):
    path = tmp_path / "table.csv"
    path.write_text(TABLE)
    return path


def run(*command: object) -> str:
    out = StringIO()
    call_command(*map(str, command), stdout=out)
    return out.getvalue()


def imported(email: str, *files: Path) -> list[dict]:
    return [json.loads(line) for line in run("import", email, *files, "--json").splitlines()]


def test_import_as_json_tells_what_became_of_each_file(cast, table):
    assert imported("Pia@pollux.example", table) == [
        {
            "file": str(table),
            "format": "plain_csv",
            "status": "partial",
            "stored": {
                "steps": {
                    "count": 1,
                    "first": "2026-03-01T07:00:00Z",
                    "last": "2026-03-01T07:10:00.500Z",
                    "unit": "{steps}",
                },
                "weight": {
                    "count": 2,
                    "first": "2026-03-01T08:00:00Z",
                    "last": "2026-03-02T08:00:00Z",
                    "unit": "kg",
                },
            },
            "records": {},
            "known": 0,
            "problems": [{"code": "out_of_range", "count": 1, "example": "0.0 kg"}],
            "refusal": None,
        }
    ]


def test_import_of_known_samples_counts_them_as_known(cast, table, tmp_path):
    again = tmp_path / "again.csv"
    again.write_text(TABLE + "2026-03-03T08:00:00Z,weight,82,kg,,Scale\n")
    _, second = imported("pia@pollux.example", table, again)
    assert (second["known"], second["stored"]["weight"]["count"]) == (3, 1)
    assert list(second["stored"]) == ["weight"]


def test_import_for_people_reads_the_same_facts(cast, table):
    told = run("import", "pia@pollux.example", table)
    assert told.splitlines()[0] == "table.csv: partial (plain_csv)"
    assert "  weight: 2 stored, 2026-03-01T08:00:00Z to 2026-03-02T08:00:00Z" in told.splitlines()


def test_import_of_what_is_no_format_says_so(cast, tmp_path):
    path = tmp_path / "notes.txt"
    path.write_text("Dear diary")
    (facts,) = imported("pia@pollux.example", path)
    assert (facts["status"], facts["format"], facts["stored"]) == ("refused", "", {})
    assert facts["refusal"]["code"] == "unknown_format"


def test_import_waits_for_a_worker_that_was_quicker(transactional_db, table):
    user = make.make_user("pia")
    upload = make.make_upload(make.make_patient(user), table.read_bytes(), "table.csv")
    # A worker that dies at once: its lease runs out while the command waits.
    assert claim_upload(upload.id, now=timezone.now(), lease=timedelta(seconds=1)) is not None
    (facts,) = imported(user.email, table)
    assert facts["status"] == "partial"


@pytest.mark.parametrize(
    ("command", "complaint"),
    [
        (["import", "nobody@pollux.example", __file__], "Nobody has the address nobody@pollux.example."),
        (["import", "cleo@pollux.example", __file__], "cleo@pollux.example is not a patient."),
        (["import", "pia@pollux.example", "/nowhere.csv"], "/nowhere.csv is not a file."),
        (
            ["series", "nobody@pollux.example", "weight", "--csv"],
            "Nobody has the address nobody@pollux.example.",
        ),
        (["series", "cleo@pollux.example", "weight", "--csv"], "cleo@pollux.example is not a patient."),
        (
            ["series", "pia@pollux.example", "weight", "--csv", "--from", "May"],
            "Error: argument --from: May is no date or time in ISO 8601",
        ),
        (["rebuild", "nobody@pollux.example"], "Nobody has the address nobody@pollux.example."),
    ],
)
def test_command_with_an_impossible_argument_says_so_in_one_line(cast, command, complaint):
    with pytest.raises(CommandError) as error:
        run(*command)
    assert str(error.value) == complaint


def test_series_prints_what_was_stored_exactly(cast, table):
    imported("pia@pollux.example", table)
    assert run("series", "pia@pollux.example", "weight", "--csv") == (
        "start,end,value,unit,source\n"
        "2026-03-01T08:00:00Z,2026-03-01T08:00:00Z,81.35,kg,Scale\n"
        f"2026-03-02T08:00:00Z,2026-03-02T08:00:00Z,{179.3 * 0.45359237!r},kg,Scale\n"
    )
    assert run("series", "pia@pollux.example", "steps", "--csv").splitlines()[1] == (
        '2026-03-01T07:00:00Z,2026-03-01T07:10:00.500Z,120.0,{steps},"Pia\'s phone, old"'
    )


@pytest.mark.parametrize(
    ("edges", "count"),
    [
        (["--from", "2026-03-02"], 1),
        (["--to", "2026-03-02"], 1),
        (["--from", "2026-03-01T09:00:00+01:00", "--to", "2026-03-02T08:00:00Z"], 1),
        (["--from", "2026-03-01T08:00:01Z", "--to", "2026-03-02T08:00:00Z"], 0),
    ],
)
def test_series_within_edges_holds_its_start_and_not_its_end(cast, table, edges, count):
    imported("pia@pollux.example", table)
    printed = run("series", "pia@pollux.example", "weight", "--csv", *edges)
    assert len(list(csv.DictReader(StringIO(printed)))) == count


def test_series_can_be_imported_again_and_is_known(cast, table, tmp_path):
    imported("pia@pollux.example", table)
    rows = csv.DictReader(StringIO(run("series", "pia@pollux.example", "weight", "--csv")))
    path = tmp_path / "weight.csv"
    path.write_text(
        "start,end,value,unit,source,kind\n" + "".join(",".join([*row.values(), "weight\n"]) for row in rows)
    )
    (facts,) = imported("pia@pollux.example", path)
    assert (facts["status"], facts["known"], facts["stored"]) == ("stored", 2, {})


def test_series_into_a_closed_pipe_is_quiet(transactional_db):
    user = make.make_user("pia")
    patient = make.make_patient(user)
    read_upload(make.make_upload(patient, make.minutes_csv(5_000)).id, now=timezone.now())
    command = [sys.executable, "manage.py", "series", user.email, "heart_rate", "--csv"]
    with subprocess.Popen(
        command, cwd=CHECKOUT, env=os.environ, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline() == b"start,end,value,unit,source\n"
        process.stdout.close()
        assert process.stderr.read() == b""


def test_rebuild_brings_back_what_was_derived(cast, table):
    imported("pia@pollux.example", table)
    with acting_on(cast.pia_patient.id):
        before = list(DaySummary.objects.order_by("kind", "day").values_list("kind", "day", "value"))
        DaySummary.objects.all().delete()
        Snapshot.objects.all().delete()
    assert run("rebuild", "pia@pollux.example") == "1 of 1\n"
    with acting_on(cast.pia_patient.id):
        assert list(DaySummary.objects.order_by("kind", "day").values_list("kind", "day", "value")) == before
        assert Snapshot.objects.count() == 1


def test_rebuild_without_addresses_takes_everybody(cast):
    assert run("rebuild").splitlines()[-1] == "2 of 2"


def people_and_data() -> tuple[int, int, int]:
    with acting_for_all():
        return User.objects.count(), Patient.objects.count(), SeriesBlock.objects.count()


def test_demo_killed_halfway_and_run_again_is_whole_and_again_changes_nothing(transactional_db):
    command = [sys.executable, "manage.py", "demo"]
    with subprocess.Popen(command, cwd=CHECKOUT, env=os.environ, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        lines = (line for line in process.stdout if line.startswith(b"Adding"))
        next(lines)
        next(lines)
        process.kill()
    half = people_and_data()
    assert 0 < half[1] < len(people.PATIENTS)
    told = run("demo")
    whole = people_and_data()
    assert whole[1] == len(people.PATIENTS)
    assert people.MARIA.email in told
    assert run("demo").count("Adding") == 0
    assert people_and_data() == whole
    with acting_for_all():
        assert set(Snapshot.objects.values_list("patient_id", flat=True)) == set(
            Patient.objects.values_list("id", flat=True)
        )
        watch = Source.objects.get(patient__name=people.MARIA.name, name=story.source("watch"))
        assert timezone.now() - watch.last_sync_at < timedelta(minutes=10)
        assert habit(watch.spoke_on).usual == 1
        looked_at = Forecast.objects.filter(
            patient__name=people.MARIA.name, kind="sbp", shown_at__isnull=False
        )
        assert looked_at.count() == len(LOOKED_AGO)
        assert all(one.made_at.date() <= one.through + timedelta(days=1) for one in looked_at)
        glanced_at = GlucoseForecast.objects.filter(patient__name=people.MARIA.name, shown_at__isnull=False)
        assert GLANCES_AGO // GLANCED_EVERY >= glanced_at.count() > 3
        assert all(one.made_at - one.at < timedelta(minutes=21) for one in glanced_at)


def test_warnings_check_reads_a_file_and_names_every_fault_with_its_line(tmp_path):
    assert run("warnings", "check").endswith("levels.\n")
    path = tmp_path / "rules.json"
    path.write_text(
        (CHECKOUT / "twin/data/warnings.json").read_text().replace('"direction": "low"', '"direction": "?"')
    )
    with pytest.raises(CommandError) as refused:
        run("warnings", "check", path)
    lines = str(refused.value).splitlines()
    assert len(lines) > 1
    assert all(line.startswith(f"{path}, line ") for line in lines)
    with pytest.raises(CommandError, match="cannot be read"):
        run("warnings", "check", tmp_path / "none.json")
    path.write_bytes(b"\xff")
    with pytest.raises(CommandError, match="no text"):
        run("warnings", "check", path)


def test_warnings_replay_says_what_rules_would_have_raised(cast, tmp_path):
    now = timezone.now()
    lines = [f"{(now - timedelta(hours=hours)).isoformat()},glucose,50,mg/dL,,Meter" for hours in (40, 30)]
    path = tmp_path / "glucose.csv"
    path.write_text("\n".join(["start,kind,value,unit,end,source", *lines]))
    imported("pia@pollux.example", path)
    other = tmp_path / "rules.json"
    rules = (CHECKOUT / "twin/data/warnings.json").read_text()
    other.write_text(rules.replace('"below": 54', '"below": 40'))
    told = run("warnings", "replay", "--patient", cast.pia_patient.id, "--rules", other, "--days", 9)
    rows = {line.split("  ")[0]: line.split()[-2:] for line in told.splitlines()}
    assert rows["urgent per patient-week"][1] == "0.00"
    assert float(rows["urgent per patient-week"][0]) > 0
    assert rows["glucose_low"][0] == rows["glucose_low"][1]
    with pytest.raises(CommandError, match="There is no patient"):
        run("warnings", "replay", "--patient", "00000000-0000-0000-0000-000000000000")
