"""What an edge about one patient must declare before it can exist: its needs, and its name in the audit."""

from collections.abc import Mapping
from typing import Any, ClassVar
from uuid import UUID

from backend.access import Access, access_patient
from backend.models import User
from backend.rules import Need

METHODS = ("get", "post", "put", "patch", "delete")


class AboutPatient:
    """An edge about one patient, named in the URL by id or as `me`.

    `needs` says for each method what it wants of the patient, `what` names the edge in the audit. Before the
    method runs, `access` stands: the patient is there, the need is met, and a foreign read is written down.
    """

    needs: ClassVar[Mapping[str, Need]] = {}
    what: ClassVar[str] = ""
    access: Access

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        methods = {method for method in METHODS if hasattr(cls, method)}
        undeclared = sorted(methods - cls.needs.keys())
        if undeclared or (methods and not cls.what):
            raise TypeError(f"{cls.__name__} declares no need for {undeclared or 'its audit name'}")

    def open(self, person: User, patient: UUID | str, method: str | None) -> None:
        """Lets the person in to the patient for the method, or raises Http404."""
        need = self.needs.get("get" if method == "HEAD" else str(method).lower())
        if need is not None:
            self.access = access_patient(person, patient, need, what=self.what)
