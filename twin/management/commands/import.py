"""`manage.py import EMAIL FILE...`: takes files in for a patient, by the same road as an upload."""

import json
from pathlib import Path
from time import sleep
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from backend.access import access_patient
from backend.actor import acting_for
from backend.models import User
from backend.rules import Need
from twin.management.patients import patient_user
from twin.models import FINISHED, Upload
from twin.services.reading import read_upload
from twin.services.uploads import receive_upload

LOOK_AGAIN = 0.5  # seconds


class Command(BaseCommand):
    help = "Imports files for a patient and reports what became of them."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("patient_email")
        parser.add_argument("files", nargs="+", type=Path)
        parser.add_argument("--json", action="store_true", help="one JSON object a file")

    def handle(self, *_args: Any, patient_email: str, files: list[Path], json: bool, **_options: Any) -> None:
        user = patient_user(patient_email)
        for file in files:
            if not file.is_file():
                raise CommandError(f"{file} is not a file.")
        for file in files:
            upload = self._import(user, file)
            self.stdout.write(_json(file, upload) if json else _text(file, upload))

    def _import(self, user: User, file: Path) -> Upload:
        now = timezone.now()
        with acting_for(user.id), file.open("rb") as stream:
            access = access_patient(user, "me", Need.ACT, what="import")
            upload, _ = receive_upload(access=access, stream=stream, name=file.name, now=now)
        # The server's worker may be quicker, and may die: whoever finishes it, this waits for it.
        while upload.status not in FINISHED:
            if read_upload(upload.id, now=timezone.now()) is None:
                sleep(LOOK_AGAIN)
            with acting_for(user.id):
                upload.refresh_from_db()
        return upload


def _facts(file: Path, upload: Upload) -> dict[str, Any]:
    report = upload.report
    samples = report["samples"].values()
    kept = {
        kind: {
            "count": row["stored"] + row["replaced"],
            "first": row["first"],
            "last": row["last"],
            "unit": row["unit"],
        }
        for kind, row in report["samples"].items()
        if row["stored"] or row["replaced"]
    }
    return {
        "file": str(file),
        "format": upload.format,
        "status": upload.status,
        "stored": kept,
        "records": report["records"],
        "known": sum(row["known"] for row in samples),
        "problems": [
            {name: row[name] for name in ("code", "count", "example")} for row in report["problems"]
        ],
        "refusal": report["refusal"],
    }


def _json(file: Path, upload: Upload) -> str:
    return json.dumps(_facts(file, upload), ensure_ascii=False)


def _text(file: Path, upload: Upload) -> str:
    facts = _facts(file, upload)
    lines = [f"{file.name}: {facts['status']} ({facts['format'] or 'no known format'})"]
    if facts["refusal"]:
        lines.append(f"  {facts['refusal']['message']}")
    lines += [
        f"  {kind}: {row['count']} stored, {row['first']} to {row['last']}"
        for kind, row in facts["stored"].items()
    ]
    lines += [f"  {type_}: {row['stored']} stored" for type_, row in facts["records"].items()]
    lines += [f"  {row['code']}: {row['count']}, such as {row['example']}" for row in facts["problems"]]
    return "\n".join(lines)
