"""Dosage instructions of prescriptions, in codes and words: read surely or left to a person. Pure."""

from reminders.dosage_text.instruction import read_dosage, read_words
from reminders.dosage_text.meaning import Dosage, Unparsed

__all__ = ["Dosage", "Unparsed", "read_dosage", "read_words"]
