"""The topics that a row may be of."""

from backend.rules import Topic

TOPICS = [topic.value for topic in Topic]
