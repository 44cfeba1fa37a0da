"""The browser's scripts and styles, served whole."""

from django.http import HttpRequest, HttpResponse
from whitenoise.middleware import WhiteNoiseMiddleware
from whitenoise.responders import StaticFile


class StaticFiles(WhiteNoiseMiddleware):
    """WhiteNoise, but it answers in one piece: Django reads its streams whole as well, and warns of each."""

    @staticmethod
    def serve(static_file: StaticFile, request: HttpRequest) -> HttpResponse:
        """What WhiteNoise answers, in one piece."""
        answer = static_file.get_response(request.method, request.META)
        content = b""
        if answer.file is not None:
            with answer.file:
                content = answer.file.read()
        response = HttpResponse(content, status=int(answer.status))
        # What is not modified has no type.
        del response["Content-Type"]
        for name, value in answer.headers:
            response[name] = value
        return response
