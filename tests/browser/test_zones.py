"""Where a patient lives by the clock, as she says it in the app; and what a file's report tells of it."""

from playwright.sync_api import Page, expect

CSV = b"start,kind,value,unit\n2026-01-05T07:00:00,weight,81.35,kg\n2026-03-05T07:00:00,weight,81.2,kg\n"


def add(page: Page, zone: str, since: str) -> None:
    page.get_by_text("Add a move or a journey").click()
    form = page.locator("form").filter(has=page.locator("#stay-new-zone"))
    form.get_by_label("Time zone").select_option(zone)
    form.get_by_label("Since", exact=True).fill(since)
    form.get_by_role("button", name="Add").click()


def test_patient_adds_corrects_and_removes_a_move(cast, visit):
    page = visit(cast.pia, "/app/#/about", screen="phone")
    card = page.get_by_role("region", name="Where you live by the clock")
    stays = card.locator("li.stay")
    expect(stays).to_have_count(1)
    expect(stays).to_contain_text("Europe/Berlin")
    add(page, "Asia/Tokyo", "2026-03-02T09:00")
    expect(stays).to_have_count(2)
    expect(stays.first).to_contain_text("Asia/Tokyo")
    expect(stays.first).to_contain_text("Since 2 Mar 2026, 09:00")

    stays.first.get_by_text("Correct", exact=True).click()
    expect(stays.first.get_by_label("Since", exact=True)).to_have_value("2026-03-02T09:00")
    stays.first.get_by_label("Time zone").select_option("America/New_York")
    stays.first.get_by_role("button", name="Save correction").click()
    expect(stays.first.locator("strong")).to_have_text("America/New York")
    expect(stays.first).to_contain_text("Since 2 Mar 2026, 09:00")
    # Her particulars; to save them is no move.
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_role("heading", level=1)).to_contain_text("Pia")
    page.goto("/app/#/about")
    expect(stays).to_have_count(2)

    stays.first.get_by_role("button", name="Remove America/New York").click()
    expect(stays).to_have_count(1)
    expect(stays).to_contain_text("Europe/Berlin")


def test_move_that_is_yet_to_come_is_refused_in_its_form(cast, visit, complaints):
    page = visit(cast.pia, "/app/#/about")
    add(page, "Asia/Tokyo", "2999-03-02T09:00")
    expect(page.get_by_text("can be told when it has happened")).to_be_visible()
    expect(page.locator("li.stay")).to_have_count(1)
    assert all("422" in line for line in complaints)
    complaints.clear()


def test_report_of_a_file_without_a_zone_says_by_which_it_was_read(cast, visit):
    page = visit(cast.pia, "/app/#/about")
    add(page, "Asia/Tokyo", "2026-03-02T09:00")
    expect(page.locator("li.stay")).to_have_count(2)
    page.goto("/app/#/today")
    page.set_input_files("#upload-file", files=[{"name": "scale.csv", "mimeType": "text/csv", "buffer": CSV}])
    told = page.locator("article.upload [data-remark=zone_assumed]")
    expect(told).to_have_text("Times without a zone were read as Europe/Berlin, then Asia/Tokyo.")
