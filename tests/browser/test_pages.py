"""Every page on a phone and a desk, light and dark: nothing sticks out, nothing breaks the content policy."""

import pytest

STRANGERS = ["/", "/accounts/login/", "/accounts/signup/", "/accounts/password/reset/", "/nowhere"]
VIEWS = ["today", "twin", "sharing", "about"]
ACCOUNT = ["2fa", "sessions", "email", "password/change", "logout"]
PATIENTS = [*(f"/app/#/{view}" for view in VIEWS), *(f"/accounts/{page}/" for page in ACCOUNT)]
SCREENS = [("phone", "light"), ("phone", "dark"), ("desk", "light")]


def overflow(page) -> int:
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


@pytest.mark.parametrize(("screen", "scheme"), SCREENS)
def test_pages_of_a_stranger_fit_the_screen(new_context, screen, scheme, complaints):
    page = new_context(screen=screen, color_scheme=scheme).new_page()
    for path in STRANGERS:
        page.goto(path, wait_until="networkidle")
        assert overflow(page) <= 0, path
        assert page.locator("h1").count() == 1, path
    complaints[:] = [line for line in complaints if "404" not in line]


@pytest.mark.parametrize(("screen", "scheme"), SCREENS)
def test_pages_of_a_patient_and_a_clinician_fit_the_screen(cast, visit, screen, scheme):
    console = ["/console/", f"/console/patients/{cast.pia_patient.id}/"]
    for user, paths in ((cast.pia, PATIENTS), (cast.cleo, console)):
        page = visit(user, "about:blank", screen=screen, color_scheme=scheme)
        for path in paths:
            page.goto(path)
            page.locator("h1").wait_for()
            assert overflow(page) <= 0, path
