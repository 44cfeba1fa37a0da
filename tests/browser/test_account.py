"""Passkeys in a browser with an authenticator of its own: allauth's pages under our policy and theme."""

import make
from playwright.sync_api import Page, expect

AUTHENTICATOR = {
    "protocol": "ctap2",
    "transport": "internal",
    "hasResidentKey": True,
    "hasUserVerification": True,
    "isUserVerified": True,
    "automaticPresenceSimulation": True,
}
REFUSES = """
if (globalThis.CredentialsContainer) {
  CredentialsContainer.prototype.create = async () => { throw new DOMException("", "NotAllowedError"); };
}
"""


def give_authenticator(page: Page) -> None:
    devtools = page.context.new_cdp_session(page)
    devtools.send("WebAuthn.enable")
    devtools.send("WebAuthn.addVirtualAuthenticator", {"options": AUTHENTICATOR})


def log_in(page: Page, email: str) -> None:
    page.goto("/accounts/login/")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(make.PASSWORD)
    page.get_by_role("button", name="Sign In", exact=True).click()
    page.wait_for_url("**/app/**")


def open_new_passkey(page: Page, email: str) -> None:
    log_in(page, email)
    page.goto("/accounts/2fa/webauthn/add/")
    page.get_by_label("Password").fill(make.PASSWORD)
    page.get_by_role("button", name="Confirm").click()
    page.get_by_label("Name").fill("My phone")


def test_passkey_is_added_and_logs_in(lena, new_context):
    page = new_context().new_page()
    give_authenticator(page)
    open_new_passkey(page, lena.email)
    page.get_by_label("Passwordless").check()
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("heading", name="Recovery Codes")).to_be_visible()
    page.goto("/accounts/logout/")
    page.get_by_role("button", name="Sign Out").click()
    page.goto("/accounts/login/")
    page.get_by_role("button", name="Sign in with a passkey").click()
    page.wait_for_url("**/app/**")


def test_passkey_that_cannot_be_made_is_said_on_the_page(lena, new_context):
    context = new_context()
    context.add_init_script(REFUSES)
    page = context.new_page()
    open_new_passkey(page, lena.email)
    page.get_by_role("button", name="Add").click()
    expect(page.get_by_role("alert")).to_contain_text("took too long")
