"""What is left in a stored file and what is made of it: no place, no script, previews, measures of the photo."""

from __future__ import annotations

import asyncio
import io
import os
import signal
from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path

import pikepdf
import pytest
import pytest_asyncio
from PIL import Image, ImageDraw

from cli.demo.evidence import PHOTO_SIZE, photo_jpeg
from contracts.rulepack import PhotoRule
from services.registration.adapters.inspector import Inspected, Inspector, NotTaken
from services.registration.domain.photo import suggested
from tests.unit.services.registration import corpus

ASPECT = Decimal("0.713")
RULE = PhotoRule(
    min_width=413,
    min_height=579,
    aspect=ASPECT,
    aspect_tolerance=Decimal("0.03"),
    min_sharpness=Decimal(60),
)


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def inspector() -> AsyncIterator[Inspector]:
    made = Inspector(timeout=30, memory=256 * 2**20)
    yield made
    await made.close()


async def opened(inspector: Inspector, expected: str, data: bytes, purpose: str = "evidence") -> Inspected:
    found = await inspector.inspect(purpose, expected, data)
    assert isinstance(found, Inspected), found
    return found


def kept(found: Inspected, sent: bytes) -> bytes:
    part = found.part("kept")
    return part.data if part else sent


@pytest.mark.clause("A2")
@pytest.mark.parametrize("turn", [1, 3, 6, 8])
async def test_place_and_device_are_gone_and_the_picture_is_as_it_was(
    inspector: Inspector, turn: int
) -> None:
    sent = corpus.jpeg(exif=corpus.exif(turn))
    assert b"SecretPhone" in sent
    stored = kept(await opened(inspector, corpus.JPEG, sent), sent)
    assert b"SecretPhone" not in stored
    with Image.open(io.BytesIO(sent)) as before, Image.open(io.BytesIO(stored)) as after:
        assert dict(after.getexif()) == ({} if turn == 1 else {0x0112: turn})
        assert after.getexif().get_ifd(0x8825) == {}
        assert after.tobytes() == before.tobytes()  # not encoded again


@pytest.mark.clause("A2")
async def test_png_loses_place_and_keeps_its_pixels(inspector: Inspector) -> None:
    sent = corpus.png(exif=corpus.exif())
    stored = kept(await opened(inspector, corpus.PNG, sent), sent)
    assert b"SecretPhone" in sent
    assert b"SecretPhone" not in stored
    with Image.open(io.BytesIO(sent)) as before, Image.open(io.BytesIO(stored)) as after:
        assert after.tobytes() == before.tobytes()


@pytest.mark.clause("A2")
async def test_heic_becomes_jpeg_and_the_original_has_no_place_either(inspector: Inspector) -> None:
    sent = corpus.heic()
    found = await opened(inspector, corpus.HEIC, sent)
    made, original = found.part("kept"), found.part("original")
    assert made is not None
    assert original is not None
    assert (found.reading.media_type, made.media_type, original.media_type) == (
        "image/jpeg",
        "image/jpeg",
        "image/heic",
    )
    assert b"SecretPhone" in sent
    assert b"SecretPhone" not in made.data + original.data
    with Image.open(io.BytesIO(made.data)) as image:
        assert (image.format, image.size) == ("JPEG", (800, 600))
    again = await opened(inspector, corpus.HEIC, original.data)  # it still opens
    assert again.reading.media_type == "image/jpeg"


@pytest.mark.clause("A2", "Q7")
async def test_cleaned_pdf_has_nothing_that_acts(inspector: Inspector) -> None:
    for make in (corpus.in_object_stream, corpus.attached):
        sent = make()
        stored = kept(await opened(inspector, corpus.PDF, sent), sent)
        assert stored != sent
        with pikepdf.open(io.BytesIO(stored)) as document:
            assert "/OpenAction" not in document.Root
            assert not document.attachments
            said = " ".join(repr(one) for one in document.objects)
        assert "JavaScript" not in said
        again = await opened(inspector, corpus.PDF, stored)
        assert again.reading.removed == ()
        assert "Certificate 2024" in (again.reading.text or "")
        assert kept(await opened(inspector, corpus.PDF, sent), sent) == stored  # same file, same bytes


@pytest.mark.clause("Q7")
async def test_every_page_is_shown_up_to_twenty(inspector: Inspector) -> None:
    found = await opened(inspector, corpus.PDF, corpus.pages_pdf(25))
    pages = found.pages()
    assert (found.reading.pages, len(pages)) == (25, 20)
    with Image.open(io.BytesIO(pages[19].data)) as image:
        assert (image.format, max(image.size)) == ("JPEG", 1100)
    thumb = found.part("thumb")
    assert thumb is not None
    assert max(thumb.width, thumb.height) == 240
    assert len(thumb.data) < 40_000


# The photo --------------------------------------------------------------------------------------------------


def people(*places: tuple[int, int], size: tuple[int, int] = (1200, 900)) -> bytes:
    """Drawn faces on a wall; each place is the upper left corner of a portrait of 413 × 579."""
    wall = Image.new("RGB", size, (88, 146, 214))
    for number, place in enumerate(places):
        with Image.open(io.BytesIO(photo_jpeg("two", number))) as portrait:
            wall.paste(portrait, place)
    return corpus.saved(wall, "JPEG", quality=92)


@pytest.mark.clause("Q2")
async def test_one_face_in_the_middle_is_found(inspector: Inspector) -> None:
    for index in range(6):
        found = (await opened(inspector, corpus.JPEG, photo_jpeg("seed", index), "photo")).reading.photo
        assert found is not None
        assert (found.width, found.height, found.faces, found.centred) == (*PHOTO_SIZE, 1, True)
        assert found.sharpness is not None
        assert found.sharpness > 60
        assert found.background is not None
        assert found.background < 0.1


@pytest.mark.clause("Q2")
async def test_two_faces_none_and_one_beside_the_middle(inspector: Inspector) -> None:
    two = (await opened(inspector, corpus.JPEG, people((80, 200), (700, 200)), "photo")).reading.photo
    none = (await opened(inspector, corpus.JPEG, corpus.jpeg(), "photo")).reading.photo
    aside = (await opened(inspector, corpus.JPEG, people((20, 200)), "photo")).reading.photo
    assert two is not None
    assert none is not None
    assert aside is not None
    assert [(one.faces, one.centred) for one in (none, aside)] == [(0, None), (1, False)]
    assert two.faces == 2


@pytest.mark.clause("Q2")
async def test_a_blurred_photo_measures_as_such(inspector: Inspector) -> None:
    from PIL import ImageFilter

    with Image.open(io.BytesIO(photo_jpeg("seed", 1))) as image:
        blurred = corpus.saved(image.filter(ImageFilter.GaussianBlur(4)), "JPEG")
    found = (await opened(inspector, corpus.JPEG, blurred, "photo")).reading.photo
    assert found is not None
    assert found.sharpness is not None
    assert found.sharpness < 60


@pytest.mark.clause("Q2")
async def test_proposed_crop_puts_the_face_in_the_middle(inspector: Inspector) -> None:
    data = people((850, 250), size=(1400, 1000))
    found = (await opened(inspector, corpus.JPEG, data, "photo")).reading.photo
    assert found is not None
    assert found.centred is False
    crop = suggested(found, RULE)
    assert crop is not None
    made = await inspector.crop(corpus.JPEG, data, (crop.x, crop.y, crop.width, crop.height), 1158)
    assert isinstance(made, Inspected)
    after = made.reading.photo
    assert after is not None
    assert (after.faces, after.centred) == (1, True)
    assert abs(after.width / after.height - float(ASPECT)) < 0.005
    with Image.open(io.BytesIO(kept(made, b""))) as image:
        assert image.size == (after.width, after.height)
        assert dict(image.getexif()) == {}


async def test_crop_is_made_on_the_upright_picture(inspector: Inspector) -> None:
    flat = Image.new("RGB", (600, 400), "white")
    ImageDraw.Draw(flat).rectangle((0, 0, 299, 399), fill=(200, 0, 0))  # left half; turned by 90°: upper half
    made = Image.Exif()
    made[0x0112] = 6
    data = corpus.saved(flat, "JPEG", exif=made.tobytes(), quality=95)
    found = await inspector.crop(corpus.JPEG, data, (0, 0, 400, 250), 1158)
    assert isinstance(found, Inspected)
    with Image.open(io.BytesIO(kept(found, b""))) as image:
        assert image.size == (400, 250)
        red = image.getpixel((200, 125))
    assert isinstance(red, tuple)
    assert red[0] > 180
    assert red[1] < 40
    outside = await inspector.crop(corpus.JPEG, data, (100, 0, 400, 250), 1158)
    assert outside == NotTaken(code="crop_outside")


# The process ------------------------------------------------------------------------------------------------


async def test_a_process_killed_from_outside_costs_the_file_nothing(inspector: Inspector) -> None:
    await opened(inspector, corpus.PDF, corpus.pages_pdf())
    busy = asyncio.create_task(inspector.inspect("evidence", corpus.PDF, corpus.pages_pdf(200)))
    await asyncio.sleep(0.05)
    pid = inspector.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    assert isinstance(await busy, Inspected)
    assert inspector.pid != pid


async def test_a_file_that_ends_the_process_is_refused_and_the_next_one_opens(inspector: Inspector) -> None:
    small = Inspector(timeout=30, memory=96 * 2**20)
    try:
        assert await small.inspect("evidence", corpus.PDF, corpus.stream_bomb()) == NotTaken(
            code="too_complex"
        )
        assert isinstance(await small.inspect("evidence", corpus.PDF, corpus.pages_pdf()), Inspected)
    finally:
        await small.close()


def _of_process(pid: int | None) -> tuple[bytes, str]:
    """Its environment, and the libraries that are loaded into it."""
    place = Path(f"/proc/{pid}")
    return (place / "environ").read_bytes(), (place / "maps").read_text()


async def test_it_knows_nothing_of_us() -> None:
    """No settings, no secrets: neither in its environment nor loaded into it."""
    one = Inspector(timeout=30, memory=256 * 2**20)
    try:
        await opened(one, corpus.PDF, corpus.pages_pdf())
        environment, libraries = _of_process(one.pid)
    finally:
        await one.close()
    names = {pair.partition(b"=")[0] for pair in environment.split(b"\0") if pair}
    assert names <= {b"LANG", b"LC_CTYPE", b"MALLOC_ARENA_MAX", b"OMP_NUM_THREADS", b"OPENBLAS_NUM_THREADS"}
    assert "asyncpg" not in libraries
    assert "pdfium" in libraries
