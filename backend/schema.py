"""The API's description. It cannot change while a process runs, so it is made once in each of its forms."""

from functools import cache
from typing import Any

from django.http import HttpResponse
from drf_spectacular.views import SpectacularAPIView
from rest_framework.request import Request


class Schema(SpectacularAPIView):
    """OpenAPI as YAML or JSON, as the Accept header asks."""

    def _get_schema_response(self, request: Request) -> HttpResponse:
        renderer = request.accepted_renderer
        name = self._get_filename(request, None)  # type: ignore[no-untyped-call] # the library's
        return HttpResponse(
            _rendered(renderer.media_type),
            content_type=renderer.media_type,
            headers={"Content-Disposition": f'inline; filename="{name}"'},
        )


@cache
def _rendered(media_type: str) -> bytes:
    renderer: Any = next(one for one in Schema.renderer_classes if one.media_type == media_type)
    found = Schema.generator_class().get_schema(request=None, public=True)  # type: ignore[no-untyped-call] # so too
    rendered: bytes = renderer().render(found, renderer_context={})
    return rendered
