"""A file of screening rules is read whole, or refused with line and cause."""

import json
from contextlib import suppress
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reminders.screening import Proof, RuleKind, parse_rules, shipped_rules
from reminders.screening.rule_file import DATA
from twin.risk.data import load
from twin.warnings.rule_file import RuleFileError

TEXT = (DATA / "screening.json").read_text(encoding="utf-8")
LINES = TEXT.splitlines()
CODE = {"system": "cpt", "code": "1"}


def line_of(id_):
    """The line on which the rule begins."""
    return next(number for number, line in enumerate(LINES) if f'"id": "{id_}"' in line)


def faults(text):
    with pytest.raises(RuleFileError) as refused:
        parse_rules(text)
    return [(fault.line, fault.cause) for fault in refused.value.faults]


def changed(**of_rule):
    """A file of one rule, with members changed; None takes one away."""
    whole = json.loads(TEXT)
    rule = whole["rules"][0] | of_rule
    whole["rules"] = [{name: value for name, value in rule.items() if value is not None}]
    return json.dumps(whole)


def test_shipped_rules_say_whose_they_are_and_of_when():
    rules = shipped_rules()
    assert (rules.as_of, len(rules.rules)) == (date(2026, 11, 23), 42)
    assert rules.jurisdiction == "United States, adults 18/19+"
    assert "No text of any 2026 adult schedule was found" in rules.caution
    assert all(rule.source and rule.year and rule.verification for rule in rules.rules)
    assert [rule.id for rule in rules.rules if rule.soft] == ["vax_covid"]
    assert {rule.kind for rule in rules.rules} == set(RuleKind)


def test_every_code_of_the_shipped_file_says_where_it_was_seen():
    whole = json.loads(TEXT)
    codes = [code for rule in whole["rules"] for proof in rule["satisfied_by"] for code in proof["codes"]]
    for code in codes:
        assert ("verification" in code) + ("seen_in" in code) == (code["system"] != "local")
        assert code.get("seen_in", "Mammography") in whole["value_sets"]


def test_facts_of_records_have_the_names_that_records_give_them():
    own = json.loads(TEXT)["facts"]
    assert own.keys() & load("facts")["facts"].keys() == set()
    assert shipped_rules().facts["diabetes"] == "Diabetes"


def test_a_rule_is_read_with_what_satisfies_it():
    rules = {rule.id: rule for rule in shipped_rules().rules}
    assert rules["vax_hepb"].proofs[0] == Proof("Heplisav-B", frozenset({("cvx", "189")}), None, 2)
    assert [proof.doses for proof in rules["vax_hepb"].proofs] == [2, 3]
    assert rules["osteoporosis_65"].proofs[0].repeat_months == 24
    assert (rules["vax_influenza"].season_month, rules["vax_rzv"].gap_months) == (8, 2)
    assert (rules["lung_ldct"].block.youngest, rules["lung_ldct"].block.years_since_quit) == (50, 15)


@pytest.mark.parametrize(
    ("system", "code", "found"),
    [
        ("http://loinc.org", "4548-4", ("loinc", "4548-4")),
        ("urn:oid:2.16.840.1.113883.6.1", "4548-4", ("loinc", "4548-4")),
        ("http://hl7.org/fhir/sid/cvx", "09", ("cvx", "9")),
        ("http://hl7.org/fhir/sid/cvx", "9", ("cvx", "9")),
        ("local", "statin-decision", ("local", "statin-decision")),
        ("http://loinc.org", "1234-5", None),
        ("http://example.org/own", "4548-4", None),
    ],
)
def test_codes_of_records_are_known_by_any_name_of_their_system(system, code, found):
    assert shipped_rules().code(system, code) == found


def test_another_file_is_another_digest():
    other = parse_rules(TEXT.replace('"as_of": "2026-11-23"', '"as_of": "2027-01-01"'))
    assert (other.as_of, other.digest == shipped_rules().digest) == (date(2027, 1, 1), False)
    assert parse_rules(TEXT).digest == shipped_rules().digest


@pytest.mark.parametrize(
    ("was", "is_", "id_", "cause"),
    [
        ('"age": [40, 74]', '"age": [74, 40]', "breast_mammography", '"age" ends before it begins'),
        ('"age": [40, 74]', '"age": [40]', "breast_mammography", '"age" has a lower and an upper end'),
        ('"age": [40, 74]', '"age": [40, 740]', "breast_mammography", '"age" has 740, which is no age'),
        ('"age": [40, 74]', '"age": [true, 74]', "breast_mammography", '"age" has True, which is no age'),
        (
            '"sex": "male"',
            '"sex": "m"',
            "aaa",
            "\"sex\" is 'm', which is none of female, male",
        ),
        (
            '"none": ["hiv"]',
            '"none": ["hiv_known"]',
            "hiv",
            "\"none\" has 'hiv_known', which is not known",
        ),
        ('"none": ["hiv"]', '"nome": ["hiv"]', "hiv", '"nome" is not known here'),
        ('"min_bmi": 30', '"min_bmi": "30"', "obesity", '"min_bmi" is no number'),
    ],
)
def test_a_rule_for_nobody_knows_whom_is_refused(was, is_, id_, cause):
    found = faults(TEXT.replace(was, is_, 1))
    assert found == [(line_of(id_), f"rule {id_}, eligibility: {cause}")]


@pytest.mark.parametrize(
    ("member", "value", "cause"),
    [
        ("title", None, 'there is no "title"'),
        ("source", "", '"source" is no text'),
        ("verification", None, 'there is no "verification"'),
        ("year", 24, '"year" is no whole number from 1950 on'),
        ("kind", "test", None),
        ("satisfied_by", None, 'there is no "satisfied_by"'),
        ("satisfied_by", {}, '"satisfied_by" is no list'),
        ("season_starts_in_month", 13, "there is no month 13"),
        ("min_gap_months", 601, '"min_gap_months" is more than 600 months'),
        ("soft", "yes", '"soft" is neither true nor false'),
        ("extra", 1, '"extra" is not known here'),
        ("eligibility", [], None),
        ("eligibility", {"all": ["hiv"], "none": ["hiv"]}, "hiv is asked for and ruled out"),
        (
            "eligibility",
            {"all": ["hiv"], "any_of": [{"none": ["hiv"]}]},
            "hiv is asked for and ruled out",
        ),
        ("eligibility", {"min_years_since_dx": 5}, "min_years_since_dx has no fact to count from"),
        ("variants", [{"when_any": [], "valid_months": 3}], None),
        ("variants", [{"when_any": ["hiv"], "valid_months": 0}], None),
    ],
)
def test_a_rule_that_says_too_little_or_nonsense_is_refused(member, value, cause):
    found = faults(changed(**{member: value}))
    assert len(found) == 1
    assert found[0][1].startswith("rule breast_mammography")
    assert cause is None or found[0][1] == f"rule breast_mammography: {cause}"


@pytest.mark.parametrize(
    ("proof", "cause"),
    [
        ({"codes": [CODE]}, 'there is no "valid_months"'),
        ({"valid_months": 0, "codes": [CODE]}, '"valid_months" is neither null nor 1 to 600 months'),
        ({"valid_months": True, "codes": [CODE]}, '"valid_months" is neither null nor 1 to 600 months'),
        ({"valid_months": None, "codes": []}, 'there are no "codes"'),
        (
            {"valid_months": None, "doses_needed": 0, "codes": [CODE]},
            '"doses_needed" is no whole number from 1 on',
        ),
    ],
)
def test_what_satisfies_a_rule_is_checked(proof, cause):
    assert faults(changed(satisfied_by=[proof])) == [(1, f"rule breast_mammography, satisfied_by: {cause}")]


def test_a_code_of_an_unknown_system_is_refused():
    proof = {"valid_months": 12, "codes": [{"system": "icpc", "code": "A1"}]}
    assert "\"system\" is 'icpc'" in faults(changed(satisfied_by=[proof]))[0][1]


def test_a_season_has_one_dose():
    proof = {"valid_months": 12, "doses_needed": 2, "codes": [{"system": "cvx", "code": "140"}]}
    found = faults(changed(satisfied_by=[proof], season_starts_in_month=8))
    assert found == [(1, "rule breast_mammography: a season has one dose")]


def test_every_faulty_rule_is_named_with_its_line():
    text = TEXT.replace('"sex": "male"', '"sex": "m"', 1).replace('"min_bmi": 30', '"min_bmi": []', 1)
    assert [line for line, _ in faults(text)] == [line_of("aaa"), line_of("obesity")]


def test_two_rules_of_one_id_are_refused():
    text = TEXT.replace('"id": "hcv"', '"id": "hiv"', 1)
    assert faults(text) == [(line_of("hcv"), f"rule hiv: line {line_of('hiv')} has the same id")]


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("", "this is no JSON"),
        ("[]", "the file is no object"),
        ("{}", 'there is no "rules"'),
        (TEXT.replace('"as_of": "2026-11-23"', '"as_of": "soon"', 1), '"as_of" is no day'),
        (TEXT.replace(' "caution"', ' "warning"', 1), 'there is no "caution"'),
        (TEXT.replace(' "facts": {', ' "facts": [], "more": {', 1), '"facts" is no object'),
        (
            TEXT.replace(' "facts": {', ' "facts": {"diabetes": "Sugar",', 1),
            '"diabetes" has its name from records',
        ),
        (TEXT.replace(' "systems": {', ' "systems": 1, "more": {', 1), '"systems" is no object'),
    ],
)
def test_a_file_that_is_none_is_refused(text, cause):
    found = faults(text)
    assert len(found) == 1
    assert cause in found[0][1]


def leaves(value, path=()):
    """The paths of every value within."""
    yield path
    for key, one in value.items() if isinstance(value, dict) else enumerate(value):
        if isinstance(one, dict | list):
            yield from leaves(one, (*path, key))
        else:
            yield (*path, key)


PATHS = [path for path in leaves(json.loads(TEXT)) if path]
JUNK = (
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just([]) | st.just({})
)
MORE = st.lists(JUNK, max_size=2) | st.dictionaries(st.text(max_size=3), JUNK, max_size=2)


@given(path=st.sampled_from(PATHS), junk=JUNK | MORE)
def test_whatever_stands_in_its_place_a_file_is_read_or_refused(path, junk):
    whole = json.loads(TEXT)
    inner = whole
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = junk
    with suppress(RuleFileError):
        assert len(parse_rules(json.dumps(whole)).rules) == len(whole["rules"])
