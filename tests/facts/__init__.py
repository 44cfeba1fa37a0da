"""What Pollux says of a file, in the words of a manifest: one witness a format, facts beside findings.

What a file held is counted without Pollux: from the manifest's facts where they tell, else from the file by
plain code. Each thing of it must be accounted for.
"""

from manifest import Witness

from facts import (
    fitbit,
    garmin,
    genes,
    glucose_sensors,
    health_records,
    open_mhealth,
    phones,
    recordings,
    tables,
    web_answers,
)

DRESS = {
    "bom", "bundle_type", "columns", "comment_lines", "component_values", "crlf", "data_source",
    "date_column", "date_format", "delimiter", "file_id", "first_row", "head", "header", "header_rows",
    "ids_unique", "last_distance_m", "last_row", "lines", "locale", "note", "observation_status",
    "observations_with_components", "offsets", "order", "patient", "patient_rows", "preamble_lines",
    "sample_interval_s", "schema", "shape", "time", "time_is", "time_zone", "top_codes", "top_keys",
    "trap", "unit", "units", "value_kinds", "version", "zip_members",
}  # fmt: skip
"""Facts of how a file is written, of what is in it and not kept, or words about it."""

WITNESSES: dict[str, Witness] = {
    "23andme_txt": genes.genetics,
    "apple_health_xml": phones.apple_health,
    "apple_health_zip": phones.apple_health,
    "cgm_two_column_csv": tables.glucose_table,
    "daily_wearable_csv (derived)": tables.daily_table,
    "dexcom_clarity_csv": glucose_sensors.clarity,
    "dexcom_clarity_tsv": glucose_sensors.clarity,
    "fhir_r4_bundle": health_records.fhir_bundle,
    "fhir_r4_resource": health_records.fhir_resource,
    "fhir_stu3_bundle": health_records.fhir_stu3,
    "fit": garmin.fit,
    "fitbit_api_json": fitbit.fitbit_api,
    "fitbit_fitabase_csv": fitbit.fitabase,
    "fitbit_minute_csv": fitbit.fitbit_minutes,
    "fitbit_takeout_json": fitbit.fitbit_takeout,
    "garmin_connect_json": garmin.garmin_connect,
    "genetics_raw": genes.genetics,
    "google_fit_rest_dataset": phones.google_fit,
    "google_fit_rest_datasources": phones.google_data_sources,
    "health_connect_json": phones.health_connect,
    "hourly_vitals_csv (derived)": tables.hourly_table,
    "ihealth_api_json": web_answers.ihealth,
    "libreview_csv": glucose_sensors.libreview,
    "medtronic_ipro_xlsx": glucose_sensors.ipro,
    "minute_hr_csv (derived)": tables.minute_table,
    "nightscout_entries_json": glucose_sensors.nightscout_entries,
    "nightscout_treatments_json": glucose_sensors.nightscout_treatments,
    "open_mhealth_json": open_mhealth.open_mhealth,
    "open_mhealth_zip": open_mhealth.open_mhealth_zip,
    "physionet_numerics_csv": recordings.monitor_table,
    "ppg_waveform_csv": recordings.no_format,
    "weight_csv": tables.weights_of_several,
    "wfdb_header": recordings.part_of_a_recording,
    "wfdb_numerics": recordings.part_of_a_recording,
    "wfdb_zip": recordings.recording,
    "withings_api_json": web_answers.withings,
}
"""By the `format` of a manifest's entry."""
