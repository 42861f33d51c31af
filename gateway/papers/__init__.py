"""Documents that the office drafts from a round's data (公文), with the pack's words and the system's figures."""

from gateway.papers.drafting import Draft, draft, options
from gateway.papers.writing import write

__all__ = ["Draft", "draft", "options", "write"]
