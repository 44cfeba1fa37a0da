"""Glucose sensors: the exports of their makers, and Nightscout."""

import json
import zipfile
from collections import Counter
from itertools import chain

import numpy as np
from lxml import etree
from manifest import Comparison, Facts, Found, Series

from facts.comparing import Comparisons, held, same, unkept


def clarity(found: Found, facts: Facts) -> Comparisons:
    sensor = found.of("glucose_cgm")
    kinds = {"EGV": len(sensor), "Calibration": found.count("glucose")}
    kinds |= found.examples("unsupported_resource") | {"Exercise": len(found.records)}
    yield from same(
        facts,
        egv=len(sensor),
        numeric=sum(sensor.columns.flags is None or not flag & 12 for flag in _flags(sensor)),
        event_types={name: count for name, count in kinds.items() if count},
        first_local=sensor.first,
        last_local=sensor.last,
        first=sensor.values[0],
        last=sensor.values[-1],
        min=min(sensor.values),
        max=max(sensor.values),
        mean=sensor.mean,
        text_values={},
    )
    yield held(facts["rows"], found, "rows")


def _flags(series: Series) -> list[int]:
    flags = series.columns.flags
    return [0] * len(series) if flags is None else flags.tolist()


def libreview(found: Found, facts: Facts) -> Comparisons:
    glucose = found.of("glucose_cgm")
    yield from same(
        facts,
        historic=len(glucose),
        first_local=glucose.first,
        last_local=glucose.last,
        first=glucose.values[0],
        last=glucose.values[-1],
        mean=glucose.mean,
    )
    yield from unkept(facts, "record_types")
    yield held(facts["rows"], found, "rows")


_CELL = "{http://schemas.openxmlformats.org/spreadsheetml/2006/main}"


def ipro(found: Found, facts: Facts) -> Comparisons:
    with zipfile.ZipFile(found.path) as book:
        sheet, texts = (
            etree.fromstring(book.read(f"xl/{name}.xml")) for name in ("worksheets/sheet1", "sharedStrings")
        )
    # Those that hold a space show nothing; a cell names its text by number.
    blanks = {None, *(str(place) for place, text in enumerate(texts) if not "".join(text.itertext()).strip())}
    height, header = facts["shape"][0], len(facts["header_rows"])
    rows = [
        {str(cell.get("r")).rstrip("0123456789") for cell in row if cell.findtext(f"{_CELL}v") not in blanks}
        for row in list(sheet.iter(f"{_CELL}row"))[header:height]
    ]
    count = Counter(chain.from_iterable(rows))
    yield Comparison("BG Reading", count["F"], found.count("glucose"))
    yield Comparison("ISIG Value", count["H"], found.examples("unknown_kind")["ISIG Value"])
    yield Comparison("Sensor Glucose", count["I"], found.count("glucose_cgm"))
    yield held(sum(count[column] for column in "FHIJ") + sum(not {*"FHIJ"} & row for row in rows), found)


def nightscout_entries(found: Found, facts: Facts) -> Comparisons:
    if "sgv" not in facts:
        yield from nightscout_treatments(found, facts)
        return
    sensor = found.of("glucose_cgm")
    yield from same(
        facts,
        sgv=len(sensor),
        types={"sgv": len(sensor)},
        first_utc=sensor.first.replace(microsecond=0),
        last_utc=sensor.last.replace(microsecond=0),
        min=min(sensor.values),
        max=max(sensor.values),
        mean=sensor.mean,
        newest=sensor.values[int(np.argmax(sensor.columns.start))],
        sgv_below_39_are_error_codes=found.counted("error_code"),
        duplicate_dates=sensor.repeated,
    )
    yield from unkept(facts, "directions")
    yield held(facts["documents"], found, "documents")


def nightscout_treatments(found: Found, facts: Facts) -> Comparisons:
    documents = json.loads(found.path.read_text(encoding="utf-8"))
    carbs, insulin = found.series.get("carbs"), found.series.get("insulin")
    starts = [record.start for record in found.records if record.start]
    yield from same(
        facts,
        documents=len(found.records),
        types=dict(
            Counter(
                record.body.get("type") or record.body.get("eventType") or "null" for record in found.records
            )
        ),
        carbs_entries=found.count("carbs"),
        carbs_total_g=carbs.sum if carbs else 0,
        bolus_entries=found.count("insulin"),
        bolus_total_u=insulin.sum if insulin else 0,
        first_created=min(starts).replace(microsecond=0),
        last_created=max(starts).replace(microsecond=0),
    )
    amounts = sum(bool(one.get(name)) for one in documents for name in ("carbs", "insulin"))
    amounts += sum("glucose" in one and one.get("glucoseType") != "Sensor" for one in documents)
    yield held(facts["documents"] + amounts, found)
