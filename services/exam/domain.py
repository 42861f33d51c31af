"""Papers, choices, where an attempt stands, and the grade; no I/O (X1, X2)."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from contracts.http.exam import ExamStatus, PaperItem, PaperOption, SavedAnswer
from kit.errors import DomainError, Kind
from services.exam.models import AnswerRow, AttemptRow, SittingRow
