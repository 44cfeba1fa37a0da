"""The twin's edges, hung into the API and the console by the ground floor."""

from django.urls import URLPattern

api_urls: list[URLPattern] = []
console_urls: list[URLPattern] = []
