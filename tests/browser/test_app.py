"""The patients' app as a person uses it."""

import make
import numpy as np
from alerts import finding, found
from django.utils import timezone
from playwright.sync_api import Page, expect

from backend.rules import Level, Topic
from twin.intake.items import Samples
from twin.series.columns import Columns

CSV = b"""start,kind,value,unit
2026-01-05T07:00:00Z,weight,81.35,kg
2026-01-06T07:00:00Z,weight,81.2,kg
2026-01-07T07:00:00Z,weight,9000,kg
2026-01-07T07:05:00Z,heart_rate,62,/min
"""


def type_in_pressure(page: Page, systolic: str, diastolic: str) -> None:
    page.get_by_label("Upper (systolic)").fill(systolic)
    page.get_by_label("Lower (diastolic)").fill(diastolic)
    page.get_by_role("button", name="Save").click()


def test_login_with_password_leads_a_patient_to_today(lena, new_context):
    page = new_context(screen="phone").new_page()
    page.goto("/")
    page.get_by_role("link", name="Log in").click()
    page.get_by_label("Email").fill(lena.email)
    page.get_by_label("Password").fill(make.PASSWORD)
    page.get_by_role("button", name="Sign In", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Lena")
    expect(page.get_by_text("Nothing measured yet")).to_be_visible()
    page.goto("/accounts/sessions/")
    expect(page.get_by_role("row", name="127.0.0.1")).to_contain_text("Current")


def test_measurement_typed_in_shows_on_its_tile_and_in_another_window(cast, visit):
    page, other = visit(cast.pia, "/app/"), visit(cast.pia, "/app/", screen="phone")
    expect(other.get_by_text("Nothing measured yet")).to_be_visible()
    type_in_pressure(page, "128", "81")
    expect(page.get_by_text("Blood pressure saved.")).to_be_visible()
    for window in (page, other):
        expect(window.locator(".tile[data-kind=sbp]")).to_contain_text("128/81 mmHg")


def test_measurement_out_of_range_is_refused_at_its_field(cast, visit, complaints):
    page = visit(cast.pia, "/app/")
    type_in_pressure(page, "128", "900")
    lower = page.get_by_label("Lower (diastolic)")
    expect(lower).to_have_attribute("aria-invalid", "true")
    expect(page.locator("#measure-dbp-error")).to_contain_text("200 mmHg")
    expect(page.get_by_label("Upper (systolic)")).to_have_value("128")
    # The browser itself notes every answer of 400 and above.
    assert all("422" in line for line in complaints)
    complaints.clear()


def test_uploaded_file_shows_its_report_as_it_is_read(cast, visit):
    page = visit(cast.pia, "/app/")
    page.set_input_files("#upload-file", files=[{"name": "scale.csv", "mimeType": "text/csv", "buffer": CSV}])
    card = page.locator("article.upload")
    expect(card).to_contain_text("scale.csv")
    expect(card.locator(".badge").first).to_have_text("Stored in part", timeout=30_000)
    expect(card.get_by_role("row", name="Weight")).to_contain_text("6 Jan 2026")
    card.get_by_text("not taken").click()
    expect(card.locator(".problems")).to_contain_text("a value no body can have")
    expect(page.locator("[data-kind=weight]")).to_contain_text("81.2")


def test_caregiver_switches_between_the_people_she_looks_after(cast, visit):
    make.make_grant(cast.paul_patient, person=cast.dora, topics={Topic.VITALS: Level.READ})
    page = visit(cast.dora, "/app/", screen="phone")
    people = page.get_by_label("Whose twin")
    people.select_option(label="Pia")
    expect(page.get_by_role("heading", level=1)).to_have_text("Pia")
    type_in_pressure(page, "119", "77")
    expect(page.locator(".tile[data-kind=sbp]")).to_contain_text("119/77")
    people.select_option(label="Paul")
    expect(page.get_by_role("heading", level=1)).to_have_text("Paul")
    expect(page.get_by_text("not add to them")).to_be_visible()
    expect(page.locator(".tile[data-kind=sbp]")).to_have_count(0)


def test_caregiver_loses_a_person_at_once_when_the_grant_ends(cast, visit):
    page = visit(cast.dora, "/app/")
    expect(page.get_by_role("heading", level=1)).to_have_text("Pia")
    owner = visit(cast.pia, "/app/#/sharing")
    grant = owner.locator("li[data-grant]").filter(has_text="Dora")
    grant.get_by_role("button", name="Stop sharing").click()
    expect(grant).to_have_count(0)
    owner.get_by_role("link", name="Today").click()
    type_in_pressure(owner, "121", "79")
    expect(page.get_by_role("heading", name="About you")).to_be_visible()


def test_new_person_tells_about_herself_and_starts(visit):
    page = visit(make.make_user("nora"), "/app/", screen="phone")
    expect(page.get_by_role("heading", name="About you")).to_be_visible()
    page.get_by_role("button", name="Start my twin").click()
    expect(page.get_by_text("Give your date of birth.")).to_be_visible()
    page.get_by_label("Date of birth").fill("1971-03-08")
    page.get_by_label("Sex").select_option("female")
    page.get_by_role("button", name="Start my twin").click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Nora")


def test_patient_shares_stops_sharing_and_sees_who_looked(cast, visit):
    seen = visit(cast.cleo, f"/console/patients/{cast.pia_patient.id}/")
    expect(seen.get_by_text("Your visit is recorded")).to_be_visible()
    page = visit(cast.pia, "/app/#/sharing", screen="phone")
    expect(page.get_by_text("Looked at: ")).to_be_visible()
    page.get_by_text("Share with somebody").click()
    page.get_by_label("Their e-mail address").fill(cast.paul.email)
    page.get_by_label("Glucose").select_option("read")
    page.get_by_role("button", name="Share", exact=True).click()
    grant = page.locator("li[data-grant]").filter(has_text="Paul")
    expect(grant).to_contain_text("Glucose")
    grant.get_by_role("button", name="Stop sharing").click()
    expect(grant).to_have_count(0)


def test_app_says_when_it_is_offline_and_when_it_is_back(cast, visit, complaints):
    page = visit(cast.pia, "/app/")
    expect(page.get_by_role("button", name="Save")).to_be_visible()
    page.context.set_offline(True)
    expect(page.get_by_text("You are offline")).to_be_visible()
    type_in_pressure(page, "128", "81")
    expect(page.get_by_text("No connection.")).to_be_visible()
    page.context.set_offline(False)
    expect(page.get_by_text("You are offline")).to_be_hidden()
    complaints.clear()


def hide(page: Page, state: str) -> None:
    """What a browser says of a page that another window covers, or no longer."""
    page.evaluate(
        """state => {
          Object.defineProperty(document, "visibilityState", { value: state, configurable: true });
          document.dispatchEvent(new Event("visibilitychange"));
        }""",
        state,
    )


def test_today_says_what_to_do_now_and_leads_to_a_system_and_its_reasons(cast, visit, aside):
    page = visit(cast.pia, "/app/#/sharing", screen="phone")
    expect(page.get_by_role("heading", level=1)).to_have_text("Sharing")
    told: list[str] = []
    page.on("request", lambda request: request.url.endswith("/displayed") and told.append(request.url))
    hide(page, "hidden")
    now = timezone.now()
    aside(found, cast.pia_patient, finding(at=now, action="severe_pressure"), now=now)
    notice = page.get_by_role("alert").filter(has_text="Severely high blood pressure")
    expect(notice).to_be_visible()
    assert told == []
    with page.expect_response("**/displayed"):
        hide(page, "visible")
    page.keyboard.press("Escape")
    expect(notice).to_have_count(0)
    page.get_by_role("link", name="Today").click()
    card = page.locator("[data-alert]")
    for words in ("Severely high blood pressure", "What to do now", "Sit down, rest", "Nobody has answered"):
        expect(card).to_contain_text(words)
    expect(page.locator(".reads")).to_contain_text("reads this")
    expect(page.locator("[data-suggestion]")).to_have_count(0)
    type_in_pressure(page, "128", "81")
    page.locator("[data-system=heart]").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Heart and vessels")
    expect(page.get_by_role("heading", name="Why")).to_be_visible()
    expect(page.locator(".lines")).to_contain_text("blood pressure")
    assert len(told) == 1


def high_pressures(days: int) -> list[Samples]:
    """Two readings a day up to now, a little above the goal."""
    now = round(timezone.now().timestamp() * 1000)
    start = np.sort(now - 43_200_000 * np.arange(2 * days, dtype=np.int64))
    return [
        Samples(kind, "Cuff", "mm[Hg]", Columns(start, np.zeros_like(start), np.full(len(start), value)))
        for kind, value in (("sbp", 138.0), ("dbp", 84.0))
    ]


def test_suggestion_says_why_and_is_sent_away_for_a_month(cast, visit, hand_over):
    hand_over(cast.pia_patient, *high_pressures(7))
    page = visit(cast.pia, "/app/", screen="phone")
    card = page.locator("[data-suggestion]")
    expect(card).to_contain_text("138/84 mmHg")
    first = card.get_by_role("heading").inner_text()
    card.get_by_text("Where this comes from").click()
    expect(card).to_contain_text("American Heart Association")
    card.get_by_text("Not now").click()
    asked: list[str] = []
    page.on("response", lambda answer: answer.url.endswith("/suggestions") and asked.append(answer.url))
    card.get_by_role("button", name="A month").click()
    note = page.get_by_role("status").filter(has_text="stays away until")
    expect(note).to_be_focused()
    expect(card).not_to_contain_text(first)
    # Once for the answer, and once for the news that the socket brings of it.
    while len(asked) < 2:
        page.wait_for_timeout(50)
    expect(note).to_be_visible()


def test_questionnaire_is_summed_and_thoughts_of_death_are_answered_at_once(cast, visit):
    page = visit(cast.pia, "/app/#/questionnaires/gad7", screen="phone")
    expect(page.locator("fieldset")).to_have_count(7)
    for group in page.locator("fieldset").all():
        group.get_by_text("Several days").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status").filter(has_text="Saved")).to_contain_text("7")
    help_now = page.get_by_role("alert").filter(has_text="You are not alone with this")
    expect(help_now).to_have_count(0)
    page.goto("/app/#/questionnaires/phq9")
    expect(page.locator("fieldset")).to_have_count(9)
    page.locator("fieldset").last.get_by_text("Several days").click()
    page.get_by_role("button", name="Save").click()
    expect(help_now).to_contain_text("call the emergency number")
    # Over the page stands no word of it: somebody may be looking on.
    notice = page.locator("[data-notice]")
    expect(notice).to_contain_text("Something needs you")
    expect(notice).not_to_contain_text("dead")
