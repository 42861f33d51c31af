"""What anybody can check (C2): by number without harvesting names, by PDF with every change found, by status list."""

from __future__ import annotations

import asyncio
import io
import json
import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pikepdf
import pytest
from joserfc import jws
from joserfc.jwk import KeySet

from services.publication.adapters.credentials import LIST_SIZE, decoded
from services.publication.adapters.examining import examine
from services.publication.adapters.keys import SettingKeys
from services.publication.adapters.signing import Sealer
from services.publication.settings import PublicationSettings
from tests.integration.certificates.world import ANYONE, Holder, World
from tests.sizes import size

MUTATIONS = size(500, 60)
SEED = 20250328


@pytest.mark.clause("C2")
async def test_a_number_alone_shows_no_name(world: World) -> None:
    """Numbers follow one another: whoever walks through them learns no names."""
    holder = await world.certified("欧阳晓䶮")
    code = (await holder.own())["code"]
    seen = {
        "nothing": await holder.verify(),
        "wrong code": await holder.verify(code="AAAAA-AAAAA"),
        "wrong name": await holder.verify(name="欧阳晓"),
        "code": await holder.verify(code=code.lower().replace("-", " ")),
        "name": await holder.verify(name=" 欧阳晓䶮 "),
    }
    assert {how: (one["name"], one["proven"]) for how, one in seen.items()} == {
        "nothing": ("欧***", False),
        "wrong code": ("欧***", False),
        "wrong name": ("欧***", False),
        "code": ("欧阳晓䶮", True),
        "name": ("欧阳晓䶮", True),
    }
    assert {one["standing"] for one in seen.values()} == {"valid"}
    lower = await world.get(ANYONE, "GET", f"/public/certificates/{holder.number.lower()}")
    assert lower["number"] == holder.number
    assert await world.refused(ANYONE, "GET", "/public/certificates/CQ2024-1-99999") == (
        404,
        "no_certificate",
    )


async def test_a_register_that_was_tampered_with_does_not_match_the_code(world: World) -> None:
    """The code follows from what the document says: a name that was changed in the register shows itself."""
    holder = await world.certified("张三")
    code = (await holder.own())["code"]
    assert (await holder.verify(code=code))["proven"] is True
    async with world.db.unit_of_work() as session:
        connection = await session.connection()
        await connection.exec_driver_sql("update certificate_version set name = '李四'")
    assert (await holder.verify(code=code))["proven"] is False


# PDFs -------------------------------------------------------------------------------------------------------


def mutations(pdf: bytes, count: int) -> list[tuple[str, bytes]]:
    """Changed bytes, cut, added, moved, saved anew, also inside the signatures themselves."""
    chance = random.Random(SEED)
    made: list[tuple[str, bytes]] = []
    for n in range(count - 6):
        place, kind = chance.randrange(len(pdf)), n % 4
        changed = bytearray(pdf)
        if kind == 0:
            changed[place] ^= 1 << chance.randrange(8)
        elif kind == 1:
            changed[place : place + 1] = b""
        elif kind == 2:
            changed[place:place] = bytes([chance.randrange(256)])
        else:
            other = chance.randrange(len(pdf))
            changed[place], changed[other] = changed[other] ^ 1, changed[place]
        made.append((f"{kind} at {place}", bytes(changed)))
    gap = pdf.rindex(b"/Contents <") + len(b"/Contents <")
    padding = pdf.index(b">", gap) - 4
    made += [
        ("padding of the last signature", pdf[:padding] + b"1" + pdf[padding + 1 :]),
        ("letter case in the last signature", pdf[:gap] + pdf[gap : gap + 40].lower() + pdf[gap + 40 :]),
        ("something after the end", pdf + b"\n% more"),
        ("cut to the first signature", pdf[: pdf.index(b"%%EOF", pdf.index(b"/Contents <")) + 6]),
        ("saved anew", saved_anew(pdf)),
        ("unsigned", pdf[: pdf.index(b"%%EOF") + 6]),
    ]
    return [(how, data) for how, data in made if data != pdf]


def saved_anew(pdf: bytes) -> bytes:
    out = io.BytesIO()
    with pikepdf.open(io.BytesIO(pdf)) as opened:
        opened.save(out)
    return out.getvalue()


@pytest.mark.clause("C2")
async def test_no_changed_pdf_passes(world: World) -> None:
    """N16: as many mutations as are to be held, each found; the verdicts say what is wrong."""
    pdf = await (await world.certified()).pdf()
    assert (await world.check(pdf))["verdict"] == "genuine"
    changed = mutations(pdf, MUTATIONS)
    assert len(changed) > MUTATIONS - 5
    passed: list[str] = []
    told: dict[str, str] = {}
    for how, data in changed:
        said = await world.check(data)
        told[how] = said["verdict"]
        if said["verdict"] == "genuine" or said["certificate"] is not None or not said["problems"]:
            passed.append(how)
    assert passed == []
    assert told["something after the end"] == "changed"
    assert told["padding of the last signature"] == "changed"
    assert told["letter case in the last signature"] == "changed"
    assert told["cut to the first signature"] == "incomplete"
    assert told["unsigned"] == "unsigned"
    assert told["saved anew"] in ("changed", "unsigned")


async def test_signatures_alone_find_changes_of_what_they_cover(world: World) -> None:
    """Without the register, offline: any bit of the signed bytes."""
    pdf = await (await world.certified()).pdf()
    roots = world.parts.register.verifying._keys.roots()
    now = datetime.now(UTC)
    whole = await asyncio.to_thread(examine, pdf, roots, now)
    assert whole.sealed
    assert all(one.intact and one.trusted and one.whole for one in whole.signatures)
    chance = random.Random(SEED)
    held = []
    last = pdf.rindex(b"/Contents <")
    for _ in range(size(100, 12)):
        place = chance.randrange(last)
        changed = bytearray(pdf)
        changed[place] ^= 1 << chance.randrange(8)
        seen = await asyncio.to_thread(examine, bytes(changed), roots, now)
        if seen.sealed and all(one.intact and one.trusted and one.whole for one in seen.signatures):
            held.append(place)
    assert held == []


@pytest.mark.clause("C2")
async def test_somebody_elses_keys_are_not_ours(world: World, tmp_path: Path) -> None:
    """The same page, signed by whoever calls themselves so."""
    pdf = await (await world.certified()).pdf()
    bare = pdf[: pdf.index(b"%%EOF") + 6]
    sealer = Sealer(SettingKeys(PublicationSettings(demo_keys=tmp_path / "theirs")))
    names = (("national", "中国青少年科技教育工作者协会"), ("chongqing", "重庆市青少年科技教育工作者协会"))
    forged = await sealer.sign(bare, await sealer.seals(names), "CQ2024-1-00001", datetime.now(UTC))
    said = await world.check(forged)
    assert (said["verdict"], [one["trusted"] for one in said["signatures"]]) == ("foreign", [False, False])
    ours = Sealer(world.parts.register.verifying._keys)
    again = await ours.sign(bare, await ours.seals(names), "CQ2024-1-00001", datetime.now(UTC))
    assert (await world.check(again))["verdict"] == "unknown"


@pytest.mark.parametrize("data", [b"", b"hello", b"%PDF-1.7\n" + b"<<" * 40_000, b"\x00" * 1000])
async def test_rubbish_is_not_readable_and_harms_nobody(world: World, data: bytes) -> None:
    assert (await world.check(data))["verdict"] == "unreadable"


async def test_a_pdf_that_is_too_large_is_not_looked_at(world: World) -> None:
    answer = await world.ask(ANYONE, "POST", "/public/certificates/check", content=b"%PDF" * 2**21)
    assert answer.status_code == 413


async def test_an_expired_key_has_signed_all_the_same(world: World) -> None:
    """Judged as of the day on which the register took the document in."""
    holder = await world.certified()
    pdf = await holder.pdf()
    await world.database.move_clock(timedelta(days=365 * 40))
    try:
        assert (await world.check(pdf))["verdict"] == "genuine"
        roots = world.parts.register.verifying._keys.roots()
        late = await asyncio.to_thread(examine, pdf, roots, datetime(2070, 1, 1, tzinfo=UTC))
        assert [one.trusted for one in late.signatures] == [False, False]
    finally:
        await world.database.move_clock(timedelta())


# credentials ------------------------------------------------------------------------------------------------


async def credential(holder: Holder, ending: str = "jwt") -> httpx.Response:
    return await holder.world.ask(holder.actor, "GET", f"{holder.path}/credential.{ending}")


async def opened(world: World, token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    """Header and payload, its signature checked with the published keys."""
    keys = await world.get(ANYONE, "GET", "/public/issuer-keys")
    bare = [{**one, "kid": f"{keys['did']['id']}#{one['kid']}"} for one in keys["jwks"]["keys"]]
    found = jws.deserialize_compact(token, KeySet.import_key_set({"keys": bare}), algorithms=["ES256"])
    return dict(found.headers()), json.loads(found.payload)


@pytest.mark.clause("C2")
async def test_a_credential_says_what_the_certificate_says_and_where_its_status_is(world: World) -> None:
    holder = await world.certified("张㛃")
    answer = await credential(holder)
    assert answer.headers["content-type"].startswith("application/vc+jwt")
    header, said = await opened(world, answer.text)
    keys = await world.get(ANYONE, "GET", "/public/issuer-keys")
    assert header["kid"] in keys["did"]["assertionMethod"]
    assert "d" not in str([sorted(one) for one in keys["jwks"]["keys"]]).replace("kid", "")
    assert said["type"] == ["VerifiableCredential", "OpenBadgeCredential"]
    subject = said["credentialSubject"]
    assert subject["licenseNumber"] == holder.number
    assert [one["identityHash"] for one in subject["identifier"]] == ["张㛃"]
    assert said["issuer"]["id"] == said["iss"] == keys["did"]["id"] == "did:web:127.0.0.1%3A8000"
    assert "没有任何单位的电子印章" in subject["achievement"]["description"]
    status = said["credentialStatus"]
    assert status["statusListCredential"] == f"{world.settings.public_url}/status/1"
    assert int(status["statusListIndex"]) < LIST_SIZE
    enveloped = (await credential(holder, "json")).json()
    kind, _, inner = enveloped["id"].partition(",")
    assert (enveloped["type"], kind) == ("EnvelopedVerifiableCredential", "data:application/vc+jwt")
    assert (await opened(world, inner))[1] == said
    changed = answer.text[:-8] + ("A" * 8 if answer.text[-8:] != "A" * 8 else "B" * 8)
    with pytest.raises(Exception, match="bad_signature"):
        await opened(world, changed)


@pytest.mark.clause("C4")
async def test_a_revocation_is_in_the_status_list_at_once_and_hidden_in_a_herd(world: World) -> None:
    holders = [await world.certified(name, number=f"2024-0000{n}") for n, name in enumerate("甲乙丙", 1)]
    places = []
    for holder in holders:
        _, said = await opened(world, (await credential(holder)).text)
        places.append(int(said["credentialStatus"]["statusListIndex"]))
    assert len(set(places)) == 3
    assert await revoked(world) == frozenset()
    ruling = await world.ruling(holders[1], "revoke", "holder_request")
    assert (await world.command(holders[1], ruling["id"])).refused is None
    assert await revoked(world) == {places[1]}
    token = (await world.ask(ANYONE, "GET", "/public/status/1")).text
    _, listed = await opened(world, token)
    assert listed["credentialSubject"]["ttl"] <= 30_000
    assert listed["exp"] - listed["nbf"] == 3600
    assert listed["type"] == ["VerifiableCredential", "BitstringStatusListCredential"]
    assert await world.refused(ANYONE, "GET", "/public/status/7") == (404, "no_status_list")


async def revoked(world: World) -> frozenset[int]:
    token = (await world.ask(ANYONE, "GET", "/public/status/1")).text
    return decoded((await opened(world, token))[1]["credentialSubject"]["encodedList"])
