"""Files of a case as a task shows them."""

from collections.abc import Iterator

from contracts.case import Facts, ScanFacts
from contracts.http.review import TaskFile


def shown_files(ids: tuple[str, ...], *facts: Facts) -> tuple[TaskFile, ...]:
    """What is known of these files, from the first facts that know them."""
    known = {file_id: file for one in reversed(facts) for file_id, file in one.files.items()}
    return tuple(
        TaskFile(
            file_id=one,
            media_type=known[one].media_type,
            bytes=known[one].bytes,
            opens=known[one].opens,
            pages=known[one].pages,
            problem=known[one].problem,
            pictures=tuple(plain(key) for key in getattr(known[one], "previews", ())),
        )
        for one in ids
        if one in known
    )


def scan_pictures(scan: ScanFacts | None) -> Iterator[str]:
    """Pictures of pages and zones of a returned scan, as far as its reader made any."""
    for page in scan.pages if scan is not None else ():
        for key in (*(getattr(one, "picture", None) for one in (page, page.signature, page.seal)),):
            if key:
                yield plain(key)


def plain(key: str) -> str:
    """A key of the content store as its hash alone."""
    return key.removeprefix("sha256/")
