"""What a signed certificate costs beside one that is only typeset, per document; and what checking a PDF costs.

Both sides typeset the same people with the pack's own template; ours then signs twice (PAdES B-B, demo keys). CPU
milliseconds are what an idle machine's clock would show, and the limit is on those: signing took 220 when it was tried.
"""

import asyncio
import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bench.table import Line, Table
from cli.demo.evidence import photo_jpeg
from kit.typesetting import Typesetter, photo_svg, qr_svg
from rules.pack import load
from services.publication.adapters.examining import examine
from services.publication.adapters.keys import SettingKeys
from services.publication.adapters.signing import Sealer
from services.publication.settings import PublicationSettings

ROOT = Path(__file__).parents[1]
DOCUMENTS = 40
MILLISECONDS = 200
"""Of CPU for both signatures of one document, at most."""
_MOMENT = datetime(2025, 3, 28, tzinfo=UTC)
_ISSUERS = (("national", "中国青少年科技教育工作者协会"), ("chongqing", "重庆市青少年科技教育工作者协会"))


def run() -> Table:
    """One after the other, in this process."""
    return asyncio.run(_run())


async def _run() -> Table:
    pack = load(ROOT / "rulepacks" / "demo")
    template = pack.files[pack.pack.templates["certificate"]]
    typesetter = Typesetter()
    with tempfile.TemporaryDirectory() as folder:
        keys = SettingKeys(PublicationSettings(demo_keys=Path(folder) / "signing"))
        sealer = Sealer(keys)
        seals = await sealer.seals(_ISSUERS)
        # fonts, imports and keys are there from the second document on
        first = await typesetter.render(template, _content(0), _MOMENT)
        await sealer.sign(first, seals, "0", _MOMENT)
        pdfs, typesetting = [], time.process_time()
        for n in range(DOCUMENTS):
            pdfs.append(await typesetter.render(template, _content(n), _MOMENT))
        signing = time.process_time()
        signed = [await sealer.sign(pdf, seals, str(n), _MOMENT) for n, pdf in enumerate(pdfs)]
        checking = time.process_time()
        for pdf in signed:
            await asyncio.to_thread(examine, pdf, keys.roots(), _MOMENT)
        done = time.process_time()
    set_, sign, check = (
        1000 * span / DOCUMENTS for span in (signing - typesetting, checking - signing, done - checking)
    )
    lines = [
        Line(name="both signatures, CPU ms a document", ours=sign, limit=MILLISECONDS),
        Line(name="typeset and signed, CPU ms a document", ours=set_ + sign, baseline=set_),
        Line(name="the same as a ratio", ours=(set_ + sign) / set_, baseline=1.0),
        Line(name="checking a PDF, CPU ms", ours=check),
        Line(name="size, KiB", ours=_kib(signed), baseline=_kib(pdfs)),
    ]
    return Table(
        title=f"Certificates ({DOCUMENTS} documents)",
        baseline="the same documents, only typeset",
        lines=lines,
    )


def _content(n: int) -> dict[str, Any]:
    number = f"CQ2024-1-{n:05}"
    return {
        "title": "青少年科技辅导员专业水平认证证书",
        "round": "2024年重庆市青少年科技辅导员专业水平认证",
        "number": number,
        "name": "欧阳晓䶮",
        "level": "初级",
        "document_number": "渝青科教文〔2025〕9号",
        "issued_on": "2025年3月28日",
        "reissued_on": None,
        "issuers": [name for _, name in _ISSUERS],
        "specimen": True,
        "demo_keys": True,
        "photo": photo_svg(photo_jpeg("bench", n % 5)),
        "code": "ABCDE-FGHIJ",
        "qr": qr_svg(f"https://example.org/verify/{number}?c=ABCDEFGHIJ"),
    }


def _kib(pdfs: list[bytes]) -> float:
    return sum(len(one) for one in pdfs) / len(pdfs) / 1024
