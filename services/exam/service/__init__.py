"""Use-cases of the exam, one verb each; every method that writes is one transaction."""

from services.exam.service.exam import CLOSE, ExamService

__all__ = ["CLOSE", "ExamService"]
