"""A patient takes her data along: asks, waits, downloads, and hands it over again."""

import zipfile

import make
from playwright.sync_api import expect

CSV = make.minutes_csv(30)


def test_patient_asks_for_everything_and_downloads_it(cast, visit):
    page = visit(cast.pia, "/app/#/today", screen="phone")
    page.set_input_files("#upload-file", files=[{"name": "a.csv", "mimeType": "text/csv", "buffer": CSV}])
    expect(page.locator("article.upload[data-status=stored]")).to_be_visible()

    page.goto("/app/#/about")
    card = page.get_by_role("region", name="Take your data with you")
    card.get_by_role("button", name="Put my data together").click()
    # The worker's word comes over the socket.
    link = card.get_by_role("link", name="Download")
    expect(link).to_be_visible()
    expect(card.get_by_role("status")).to_contain_text("It can be downloaded until")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    with page.expect_download() as waiting:
        link.click()
    download = waiting.value
    assert download.suggested_filename.startswith("pollux-")
    with zipfile.ZipFile(download.path()) as archive:
        assert archive.read("series/heart_rate.csv").count(b"\n") == 31

    page.goto("/app/#/today")
    page.set_input_files("#upload-file", download.path())
    again = page.locator("article.upload").first
    expect(again).to_contain_text("Pollux export")
    expect(again).to_have_attribute("data-status", "stored")
