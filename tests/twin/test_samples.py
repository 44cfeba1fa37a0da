"""The real files that ship with the tests, from upload to twin: what each holds is there afterwards."""

from pathlib import Path

import make
import pytest
from django.utils import timezone

from backend.actor import acting_on
from twin.models import DaySummary, Record, Upload
from twin.series import store
from twin.services.reading import read_upload

SAMPLES = Path(__file__).parents[1] / "samples"
# In shapes of their own: expected facts, and what the demo's people are made of.
NO_UPLOADS = {"expected.json", "lifesnaps.csv"}

GARMIN_NIGHT = {
    "resp_rate": 1,
    "sleep_duration": 1,
    "sleep_stage_deep": 1,
    "sleep_stage_light": 1,
    "sleep_stage_rem": 1,
    "spo2": 1,
}

# Format, status, samples by kind, records by type; or the format and why the file is refused.
EXPECTED: dict[str, tuple] = {
    "apple_health/healthkit_to_sqlite.xml": ("apple_health", "partial", {"bmi": 1, "heart_rate": 1}, {}),
    "apple_health/healthkit_to_sqlite.zip": ("apple_health", "partial", {"bmi": 1, "heart_rate": 1}, {}),
    "apple_health/lifesnaps_p51.zip": (
        "apple_health",
        "stored",
        {"resting_heart_rate": 141, "sleep_duration": 37, "steps": 368},
        {},
    ),
    "apple_health/tdda_iphone6s.xml": ("apple_health", "partial", {"distance": 5, "steps": 10}, {}),
    "cgm_workbook/iPro.xlsx": ("cgm_workbook", "partial", {"glucose": 27, "glucose_cgm": 1969}, {}),
    "dexcom_clarity/cgmanalysis_Dexcom.txt": (
        "dexcom_clarity",
        "partial",
        {"glucose": 12, "glucose_cgm": 1411},
        {"activity": 1},
    ),
    "dexcom_clarity/cgmquantify_clarity.csv": ("dexcom_clarity", "partial", {"glucose_cgm": 2148}, {}),
    "fhir_r4/synthea_clemente_kreiger.json": (
        "fhir",
        "partial",
        {
            "bmi": 3,
            "dbp": 3,
            "hdl": 2,
            "height": 3,
            "hemoglobin": 2,
            "ldl": 2,
            "pain": 3,
            "platelets": 2,
            "sbp": 3,
            "total_cholesterol": 2,
            "triglycerides": 2,
            "weight": 3,
        },
        {"condition": 1, "immunization": 4, "observation": 21, "procedure": 1, "report": 4},
    ),
    "fhir_r4/us_core_Observation-10-minute-apgar-score.json": ("fhir", "stored", {}, {"observation": 1}),
    "fhir_r4/us_core_Observation-substance-use-status.json": ("fhir", "stored", {}, {"observation": 1}),
    "fhir_r4/us_core_Procedure-R4-defib-implant.json": ("fhir", "stored", {}, {"procedure": 1}),
    "fhir_r4/us_core_condition-duodenal-ulcer.json": ("fhir", "stored", {}, {"condition": 1}),
    "fhir_r4/us_core_medicationrequest-coded-oral-axid.json": ("fhir", "stored", {}, {"medication": 1}),
    "fhir_r4/us_core_medicationrequest-referenced-oral-axid.json": ("fhir", "stored", {}, {"medication": 1}),
    "fhir_r4/us_core_observation-cbc-platelets.json": ("fhir", "stored", {"platelets": 1}, {}),
    "fhir_r4/us_core_observation-occupation.json": ("fhir", "stored", {}, {"observation": 1}),
    "fhir_r4/us_core_observation-serum-bun.json": ("fhir", "stored", {}, {"observation": 1}),
    "fhir_r4/us_core_observation-serum-glucose.json": ("fhir", "stored", {"glucose": 1}, {}),
    "fhir_r4/us_core_observation-serum-sodium.json": ("fhir", "stored", {"sodium": 1}, {}),
    "fhir_r4/us_core_patient-example.json": ("fhir", "nothing_usable"),
    "fhir_stu3/google_synthea.bundle.json": ("fhir", "unsupported_version"),
    "fit/MonitoringFile.fit": ("fit", "partial", {"active_energy": 1, "steps": 80}, {}),
    "fit/Settings.fit": ("fit", "nothing_usable"),
    "fit/WeightScaleSingleUser.fit": ("fit", "stored", {"body_fat": 2, "weight": 2}, {}),
    "fit/activity-small-fenix2-run.fit": ("fit", "partial", {"heart_rate": 2808}, {"activity": 1}),
    "fit/compressed-speed-distance.fit": ("fit", "partial", {}, {"activity": 1}),
    "fit/developer-types-sample.fit": ("fit", "partial", {"heart_rate": 3424}, {"activity": 1}),
    "fit/garmin-fenix-5-bike.fit": ("fit", "partial", {"heart_rate": 19}, {"activity": 1}),
    "fit/garmin-fenix-5-run.fit": ("fit", "partial", {"heart_rate": 21}, {"activity": 1}),
    "fit/invalid_activity-filecrc.fit": ("fit", "partial", {}, {"activity": 1}),
    "fitbit/dailyActivity_merged.csv": ("fitbit", "several_people"),
    "fitbit/heartrate_seconds_merged.csv": ("fitbit", "stored", {"heart_rate": 1200}, {}),
    "fitbit/minutes.csv": ("fitbit", "stored", {"heart_rate": 667, "steps": 533}, {}),
    "fitbit/sleepDay_merged.csv": ("fitbit", "several_people"),
    "fitbit/takeout_resting_heart_rate-2024-03-01.json": ("fitbit", "stored", {"resting_heart_rate": 2}, {}),
    "fitbit/web_api_heart_intraday.json": ("fitbit", "partial", {"heart_rate": 5}, {}),
    "fitbit/web_api_sleep.json": ("fitbit", "stored", {"sleep_duration": 2}, {}),
    "fitbit/web_api_steps_intraday.json": ("fitbit", "stored", {"steps": 4}, {}),
    "fitbit/web_api_weight.json": ("fitbit", "stored", {"bmi": 4, "weight": 4}, {}),
    "fitbit/weightLogInfo_merged.csv": ("fitbit", "several_people"),
    "genetics/23andme_constructed.txt": ("genetics", "nothing_usable"),
    "genetics/23andme_panel.txt": ("genetics", "stored", {}, {"variant": 7}),
    "genetics/opensnp_23andMe_test.csv": ("genetics", "nothing_usable"),
    "genetics/snps_23andme.txt": ("genetics", "nothing_usable"),
    "genetics/snps_ancestry.txt": ("genetics", "nothing_usable"),
    "genetics/snps_livingdna.csv": ("genetics", "nothing_usable"),
    "ihealth/activity.json": ("ihealth", "partial", {"distance": 1, "steps": 2}, {}),
    "ihealth/bp.json": ("ihealth", "stored", {"dbp": 2, "heart_rate": 2, "sbp": 2}, {}),
    "ihealth/glucose.json": ("ihealth", "stored", {"glucose": 2}, {}),
    "ihealth/sleep.json": ("ihealth", "stored", {"sleep_duration": 3}, {}),
    "ihealth/spo2.json": ("ihealth", "stored", {"heart_rate": 2, "spo2": 2}, {}),
    "ihealth/weight.json": ("ihealth", "partial", {"bmi": 2, "body_fat": 1, "weight": 2}, {}),
    "garmin_connect/hr_daily_heart_rate_list_0.json": (
        "garmin_connect",
        "partial",
        {"heart_rate": 707, "resting_heart_rate": 1},
        {},
    ),
    "garmin_connect/hr_daily_heart_rate_list_1.json": (
        "garmin_connect",
        "partial",
        {"heart_rate": 604, "resting_heart_rate": 1},
        {},
    ),
    "garmin_connect/hr_daily_heart_rate_list_2.json": (
        "garmin_connect",
        "partial",
        {"heart_rate": 694, "resting_heart_rate": 1},
        {},
    ),
    "garmin_connect/sleep_sleep_data_list_0.json": ("garmin_connect", "stored", GARMIN_NIGHT, {}),
    "garmin_connect/sleep_sleep_data_list_1.json": ("garmin_connect", "stored", GARMIN_NIGHT, {}),
    "garmin_connect/sleep_sleep_data_list_2.json": ("garmin_connect", "stored", GARMIN_NIGHT, {}),
    "libreview/cgmanalysis_Libre.csv": ("libreview", "stored", {"glucose_cgm": 1337}, {}),
    "nightscout/entries.json": ("nightscout", "stored", {"glucose_cgm": 100}, {}),
    "nightscout/oref0_carbhistory.json": ("nightscout", "stored", {"carbs": 2}, {"treatment": 2}),
    "nightscout/oref0_glucose.json": ("nightscout", "stored", {"glucose_cgm": 6}, {}),
    "nightscout/treatments.json": (
        "nightscout",
        "stored",
        {"carbs": 41, "glucose": 8, "insulin": 63},
        {"activity": 2, "treatment": 727},
    ),
    "withings/activity.json": ("withings", "stored", {"active_energy": 4, "distance": 4, "steps": 4}, {}),
    "withings/body_measures.json": (
        "withings",
        "partial",
        {"dbp": 1, "heart_rate": 3, "height": 1, "sbp": 1, "temperature": 1, "weight": 2},
        {},
    ),
    "withings/intraday_activity.json": (
        "withings",
        "partial",
        {"active_energy": 4, "distance": 4, "steps": 4},
        {},
    ),
    "withings/sleep_measures.json": (
        "withings",
        "partial",
        {"sleep_duration": 2, "sleep_stage_light": 1, "sleep_stage_rem": 1},
        {},
    ),
    "withings/sleep_summary.json": (
        "withings",
        "stored",
        {"sleep_duration": 2, "sleep_stage_deep": 2, "sleep_stage_light": 2},
        {},
    ),
    "table/fitabase_minutes.csv": ("table", "partial", {"heart_rate": 1200}, {}),
    "table/glucose_azt1d_5.csv": ("table", "stored", {"glucose_cgm": 600}, {}),
    "table/glucose_bigideas_001.csv": ("table", "stored", {"glucose_cgm": 2561}, {}),
    "table/krone_weights.csv": ("table", "several_people"),
    "table/lifesnaps_p05_daily.csv": (
        "table",
        "partial",
        {
            "distance": 81,
            "heart_rate": 81,
            "resting_heart_rate": 76,
            "sleep_duration": 66,
            "spo2": 66,
            "steps": 81,
        },
        {},
    ),
    "table/mimic_numerics_3975656n.csv": ("table", "nothing_usable"),
    "unknown/heartpy_data.csv": ("", "unknown_format"),
    "unknown/heartpy_data2.csv": ("", "unknown_format"),
    "google_fit/data_sources.json": ("google_fit", "nothing_usable"),
    "google_fit/empty.json": ("google_fit", "nothing_usable"),
    "google_fit/merge-calories-expended.json": ("google_fit", "nothing_usable"),
    "google_fit/merge-heart-rate.json": ("google_fit", "stored", {"heart_rate": 2}, {}),
    "google_fit/merge-step-deltas.json": ("google_fit", "stored", {"steps": 4}, {}),
    "google_fit/merge-weight.json": ("google_fit", "stored", {"weight": 3}, {}),
    "health_connect/constructed_records.json": (
        "health_connect",
        "stored",
        {
            "dbp": 1,
            "glucose": 1,
            "heart_rate": 1378,
            "sbp": 1,
            "sleep_duration": 2,
            "sleep_stage_light": 1,
            "sleep_stage_rem": 1,
            "steps": 2,
            "weight": 1,
        },
        {},
    ),
    "open_mhealth/body-weight_3.0_invalid-unit.json": ("open_mhealth", "nothing_usable"),
    "open_mhealth/data-point_1.0_valid-data-point.json": ("open_mhealth", "stored", {}, {"activity": 1}),
    "open_mhealth/heart-rate_2.0_with-temporal-relationship-to-sleep.json": (
        "open_mhealth",
        "stored",
        {"heart_rate": 1},
        {},
    ),
    "open_mhealth/medication-prescription_2.0_valid-insulin-prescription.json": (
        "open_mhealth",
        "stored",
        {},
        {"medication": 1},
    ),
    "open_mhealth/schemas_test_data.zip": (
        "open_mhealth",
        "partial",
        {
            "glucose": 3,
            "glucose_fasting": 1,
            "heart_rate": 2,
            "height": 1,
            "sleep_duration": 3,
            "steps": 2,
            "weight": 3,
        },
        {"activity": 7, "medication": 18},
    ),
    "open_mhealth/total-sleep-time_1.0_valid-total-sleep-time.json": (
        "open_mhealth",
        "stored",
        {"sleep_duration": 1},
        {},
    ),
}
READABLE = [name for name, expected in EXPECTED.items() if len(expected) == 4]


def read(name: str, patient) -> Upload:
    path = SAMPLES / name
    upload = make.make_upload(patient, path.read_bytes(), path.name)
    read_upload(upload.id, now=timezone.now())
    with acting_on(patient.id):
        return Upload.objects.get(id=upload.id)


def test_every_sample_is_expected():
    files = {str(path.relative_to(SAMPLES)) for path in SAMPLES.glob("*/*") if path.name not in NO_UPLOADS}
    assert files == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_sample_becomes_what_it_holds(db, name):
    patient = make.make_patient()
    upload = read(name, patient)
    with acting_on(patient.id):
        samples: dict[str, int] = {}
        for extent in store.extents(patient.id):
            samples[extent.kind] = samples.get(extent.kind, 0) + extent.count
        types = list(Record.objects.values_list("type", flat=True))
        summed_up = set(DaySummary.objects.values_list("kind", flat=True))
    records = {type_: types.count(type_) for type_ in sorted(set(types))}
    if len(EXPECTED[name]) == 2:
        assert (upload.format, upload.report["refusal"]["code"]) == EXPECTED[name]
        assert (upload.status, samples, records) == ("refused", {}, {})
        return
    assert (upload.format, upload.status, samples, records) == EXPECTED[name]
    assert {kind: tally["stored"] for kind, tally in upload.report["samples"].items()} == samples
    assert {type_: tally["stored"] for type_, tally in upload.report["records"].items()} == records
    assert summed_up == set(samples)


@pytest.mark.parametrize("name", READABLE)
def test_sample_with_other_bytes_around_it_is_known(db, name):
    """The same items in another file: nothing is stored twice."""
    patient = make.make_patient()
    first = read(name, patient)
    with acting_on(patient.id):
        # The row forgets whose bytes it had, so that they come as new.
        Upload.objects.filter(id=first.id).update(sha256="0" * 64)
    second = read(name, patient)
    assert second.id != first.id
    tallies = [*second.report["samples"].values(), *second.report["records"].values()]
    assert sum(tally["stored"] + tally["replaced"] for tally in tallies) == 0
    assert sum(tally["known"] for tally in tallies) == sum(
        tally["stored"] + tally["known"]
        for tally in [*first.report["samples"].values(), *first.report["records"].values()]
    )
