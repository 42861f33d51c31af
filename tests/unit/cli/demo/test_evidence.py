"""The files are what they say they are, as the inspection of uploads sees them."""

import io

import pypdfium2
import pytest
from PIL import Image, ImageChops

from cli.demo.evidence import PHOTO_SIZE, certificate_pdf, photo_jpeg, signed_scan
from contracts.case import PhotoFacts
from contracts.http.scans import ScanPlace
from contracts.rulepack import RulePack
from rules.checks.files import judge_photo
from services.registration.adapters.inspection.process import inspect

PLACES = [
    *(ScanPlace(name="signature", page=n, x=46, y=100, w=62, h=12) for n in (1, 2)),
    ScanPlace(name="seal", page=2, x=130, y=60, w=50, h=50),
]
PAGES = [["培训合格证书", "王䶮 同志：", "共 24 学时"], ["获奖证书", "迪丽娜尔·艾尼"]]


def test_a_certificate_has_a_text_layer_with_the_name() -> None:
    found = inspect("evidence", "application/pdf", certificate_pdf(PAGES))
    assert (found.pages, found.removed) == (2, [])
    assert [line in (found.text or "") for page in PAGES for line in page] == [True] * 5


@pytest.mark.clause("Q2")
def test_every_photo_passes_the_rule_of_the_pack(pack: RulePack) -> None:
    """Size, aspect, sharpness, one face in the middle: by the real measures, nothing is left for a person."""
    rule = next(check.photo for check in pack.checks if check.photo)
    wrong = {}
    for index in range(60):
        measured = inspect("photo", "image/jpeg", photo_jpeg("1", index)).photo
        found = PhotoFacts.model_validate(measured)
        assert (found.width, found.height) == PHOTO_SIZE
        if said := judge_photo(rule, found):
            wrong[index] = [one.message for one in said]
    assert wrong == {}


def test_a_scan_has_the_pages_of_the_form_as_pictures() -> None:
    scan = signed_scan(certificate_pdf(PAGES), PLACES, "7", 3)
    found = inspect("scan", "application/pdf", scan)
    assert (found.pages, found.text) == (2, None)


def test_only_the_unsigned_page_differs() -> None:
    form = certificate_pdf(PAGES)
    signed, unsigned = (pictures(signed_scan(form, PLACES, "7", 3, unsigned=page)) for page in (None, 1))
    plain = pictures(signed_scan(form, PLACES, "7", 3, unsigned=2))
    assert ImageChops.difference(signed[0], unsigned[0]).getbbox() is not None
    assert ImageChops.difference(signed[0], plain[0]).getbbox() is None


@pytest.mark.parametrize("make", [lambda index: photo_jpeg("7", index), lambda index: scan_of(index)])
def test_the_same_for_the_same_person_only(make) -> None:  # type: ignore[no-untyped-def]
    assert make(1) == make(1)
    assert make(1) != make(2)


def scan_of(index: int) -> list[bytes]:
    return [
        picture.tobytes() for picture in pictures(signed_scan(certificate_pdf(PAGES), PLACES, "7", index))
    ]


def pictures(pdf: bytes) -> list[Image.Image]:
    document = pypdfium2.PdfDocument(io.BytesIO(pdf))
    return [page.render(scale=1).to_pil().convert("RGB") for page in document]
