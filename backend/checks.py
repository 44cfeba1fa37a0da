"""Boot checks: no view that forgot its need, no database role that the wall does not hold."""

from collections.abc import Iterator, Sequence
from typing import Any, cast

from celery.signals import beat_init, worker_init
from django.apps import AppConfig
from django.core.checks import CheckMessage, Error, Tags, register, run_checks
from django.db import OperationalError, connection, connections
from django.db.backends.postgresql.base import DatabaseWrapper
from django.urls import URLPattern, URLResolver, get_resolver

from backend.api import PersonView
from backend.pages import PersonPage

# Views of libraries and the landing page: each answers a stranger, or authorises by itself.
PUBLIC_VIEWS = {
    "backend.pages.home",
    "backend.health.health",
    "reminders.pages.answer_link",
    "backend.schema.Schema",
    "drf_spectacular.views.SpectacularSwaggerSplitView",
}
OWN_AUTHORISATION = ("allauth.",)


def views(patterns: Sequence[Any] | None = None, prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Every (route, view) of the URLconf; class-based ones as their class."""
    for entry in get_resolver().url_patterns if patterns is None else patterns:
        route = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from views(entry.url_patterns, route)
        elif isinstance(entry, URLPattern):
            callback = entry.callback
            yield route, getattr(callback, "view_class", None) or getattr(callback, "cls", callback)


@worker_init.connect
@beat_init.connect
def refuse_unsafe_boot(**_: object) -> None:
    """Ends the process, naming what is wrong, when any check finds an error; asks the database too.

    Web calls it first; worker and scheduler signal it before they start any process of their own. The
    connection that it used is closed, because a worker forks after it.
    """
    try:
        errors = [found for found in run_checks(databases=["default"]) if found.is_serious()]
    finally:
        connection.close()
        cast("DatabaseWrapper", connections["default"]).close_pool()
    if errors:
        raise SystemExit("\n".join(f"Pollux does not start: {found}" for found in errors))


@register(Tags.security)
def every_view_declares_its_need(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001 - Django's signature
    **_: Any,
) -> list[CheckMessage]:
    """pollux.E001: a view is neither public by name nor built on a base class that asks for its need."""
    return [
        Error(f"The view at {route!r} does not declare who may use it.", obj=view, id="pollux.E001")
        for route, view in views()
        if not (isinstance(view, type) and issubclass(view, PersonView | PersonPage))
        and f"{view.__module__}.{view.__qualname__}" not in PUBLIC_VIEWS
        and not view.__module__.startswith(OWN_AUTHORISATION)
    ]


@register(Tags.database)
def the_wall_holds_this_role(
    app_configs: Sequence[AppConfig] | None,  # noqa: ARG001 - Django's signature
    databases: Sequence[str] | None,
    **_: Any,
) -> list[CheckMessage]:
    """pollux.E002: the database role is one that row-level security does not bind."""
    if not databases:
        return []
    try:
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT current_user, rolsuper, rolbypassrls FROM pg_roles WHERE rolname = current_user"
            )
            name, superuser, bypasses = cursor.fetchone()
    except OperationalError as error:
        return [Error(f"DATABASE_URL: cannot connect: {error}", id="pollux.E003")]
    if not (superuser or bypasses):
        return []
    return [
        Error(
            f"DATABASE_URL: the role {name!r} is not held by row-level security.",
            hint="Use a role of its own: CREATE ROLE pollux LOGIN NOSUPERUSER NOBYPASSRLS PASSWORD ...",
            id="pollux.E002",
        )
    ]
