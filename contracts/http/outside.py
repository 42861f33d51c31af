"""HTTP of `registration` for applications of an outside system (S1): dry run of a workbook, its rows."""

from enum import StrEnum
from uuid import UUID

from pydantic import AwareDatetime

from contracts.base import Data, Input

MAX_IMPORT_BYTES = 16 * 2**20
MAX_IMPORT_ROWS = 20_000
IMPORT_LINES = 200
"""How many lines of each verdict an answer lists; the report has all."""


class RowVerdict(StrEnum):
    """What applying a row would do: `new` files it here, `same` nothing, `differs` and `error` are only listed."""

    new = "new"
    same = "same"
    differs = "differs"
    error = "error"


class RowChange(Data):
    """One difference; private values are masked."""

    label: str
    old: str
    new: str


class RowProblem(Data):
    """What is wrong with one cell; `column` is its heading."""

    column: str
    message: str


class ImportLine(Data):
    """`row` as the spreadsheet counts it: the heading is row 1."""

    row: int
    verdict: RowVerdict
    name: str = ""
    id_number_masked: str = ""
    changes: tuple[RowChange, ...] = ()
    problems: tuple[RowProblem, ...] = ()


class ImportPlan(Data):
    """Answer of `POST /rounds/{round_id}/imports` (the workbook as body) and `GET /imports/{import_id}`.

    Errors of the whole file: 413 `import_too_large`; 422 `import_not_xlsx`, `import_formulas`, `import_headings`,
    `import_empty`, `import_too_many_rows`; 409 `filing_here` when the pack files here.
    """

    import_id: UUID
    round_id: UUID
    created_at: AwareDatetime
    counts: dict[RowVerdict, int]
    lines: tuple[ImportLine, ...]
    truncated: bool


class ImportRow(Data):
    """A row to be taken, for the gateway: whose account it is, or with which phone one is opened."""

    row: int
    phone: str
    person_id: UUID | None
    level: str


class ImportRows(Data):
    """`GET /internal/imports/{import_id}/rows?after=&limit=`: rows to be filed, by number."""

    round_id: UUID
    rows: tuple[ImportRow, ...]


class TakeRow(Input):
    """`POST /internal/imports/{import_id}/rows/{row}`: the person is made under this account."""

    person_id: UUID
