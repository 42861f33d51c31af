"""Keys of the issuers (C2): PKCS#12, a PKCS#11 token, demo keys; time stamps; what is missing is said."""

from __future__ import annotations

import asyncio
import http.server
import io
import shutil
import stat
import subprocess
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pikepdf
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    pkcs12,
)
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pydantic import SecretStr

from contracts.http.certificates import SignatureView
from services.publication.adapters.examining import examine
from services.publication.adapters.keys import NoKey, SettingKeys
from services.publication.adapters.signing import Sealer
from services.publication.settings import PublicationSettings, SignerSettings

NOW = datetime(2026, 3, 28, 4, 0, tzinfo=UTC)
FROM, UNTIL = datetime(2025, 1, 1, tzinfo=UTC), datetime(2035, 1, 1, tzinfo=UTC)
ISSUERS = (("national", "国家协会"), ("local", "市协会"))
SOFTHSM = Path("/usr/lib/softhsm/libsofthsm2.so")
Key = ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey


def certificate(
    name: str, key: Key, ca: tuple[x509.Certificate, Key] | None, *, stamps: bool = False
) -> x509.Certificate:
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    usage = x509.KeyUsage(
        ca is not None, ca is not None, False, False, False, ca is None, ca is None, False, False
    )
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(ca[0].subject if ca else subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(FROM)
        .not_valid_after(UNTIL)
        .add_extension(x509.BasicConstraints(ca=ca is None, path_length=None), critical=True)
        .add_extension(usage, critical=True)
    )
    if stamps:
        purpose = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = builder.add_extension(purpose, critical=True)
    return builder.sign(ca[1] if ca else key, hashes.SHA256())


@pytest.fixture(scope="module")
def ca() -> tuple[x509.Certificate, Key]:
    key = ec.generate_private_key(ec.SECP256R1())
    return certificate("根", key, None), key


@pytest.fixture(scope="module")
def pdf() -> bytes:
    out = io.BytesIO()
    made = pikepdf.new()
    made.add_blank_page()
    made.save(out)
    return out.getvalue()


def file_of(folder: Path, name: str, key: Key, ca: tuple[x509.Certificate, Key]) -> Path:
    """A PKCS#12 file as a certification authority hands it out."""
    path = folder / f"{name}.p12"
    own = certificate(name, key, ca)
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(
            name.encode(), key, own, [ca[0]], BestAvailableEncryption(b"geheim")
        )
    )
    return path


def root_of(folder: Path, ca: tuple[x509.Certificate, Key]) -> Path:
    path = folder / "root.pem"
    path.write_bytes(ca[0].public_bytes(Encoding.PEM))
    return path


async def signed(settings: PublicationSettings, pdf: bytes) -> tuple[bytes, bool, tuple[SignatureView, ...]]:
    """The PDF, whether it is sealed, and its signatures by the settings' own roots."""
    keys = SettingKeys(settings)
    sealer = Sealer(keys, settings.tsa_url)
    made = await sealer.sign(pdf, await sealer.seals(ISSUERS), "CQ-1", NOW)
    seen = await asyncio.to_thread(examine, made, keys.roots(), NOW)
    return made, seen.sealed, seen.signatures


@pytest.mark.clause("C2")
async def test_keys_in_files_sign_without_any_word_of_a_demo(
    tmp_path: Path, ca: tuple[x509.Certificate, Key], pdf: bytes
) -> None:
    national = file_of(tmp_path, "国家协会", rsa.generate_private_key(65537, 2048), ca)
    local = file_of(tmp_path, "市协会", ec.generate_private_key(ec.SECP256R1()), ca)
    secret = SecretStr("geheim")
    settings = PublicationSettings(
        signers={
            "national": SignerSettings(pkcs12=national, passphrase=secret),
            "local": SignerSettings(pkcs12=local, passphrase=secret),
        },
        trust_roots=(root_of(tmp_path, ca),),
    )
    _, sealed, signatures = await signed(settings, pdf)
    assert sealed
    assert [(one.signer, one.demo, one.timestamped) for one in signatures] == [
        ("国家协会", False, False),
        ("市协会", False, False),
    ]
    assert all(one.intact and one.trusted and one.whole and one.signed_at == NOW for one in signatures)
    assert "geheim" not in repr(settings)
    wrong = settings.model_copy(
        update={"signers": {"national": SignerSettings(pkcs12=national, passphrase=SecretStr("x"))}}
    )
    with pytest.raises(NoKey):
        await signed(wrong, pdf)


async def test_where_one_issuer_has_no_key_the_document_says_that_it_is_a_demo(
    tmp_path: Path, ca: tuple[x509.Certificate, Key], pdf: bytes
) -> None:
    one = file_of(tmp_path, "国家协会", ec.generate_private_key(ec.SECP256R1()), ca)
    signers = {"national": SignerSettings(pkcs12=one, passphrase=SecretStr("geheim"))}
    root = root_of(tmp_path, ca)
    with_demo = PublicationSettings(signers=signers, trust_roots=(root,), demo_keys=tmp_path / "demo")
    seals = SettingKeys(with_demo).seals(ISSUERS)
    assert [seal.demo for seal in seals] == [False, True]
    _, _, signatures = await signed(with_demo, pdf)
    assert [(view.signer, view.demo) for view in signatures] == [("国家协会", False), ("市协会", True)]
    assert stat.S_IMODE((tmp_path / "demo" / "ca.pem").stat().st_mode) == 0o600
    with pytest.raises(NoKey, match="local"):
        SettingKeys(PublicationSettings(signers=signers)).seals(ISSUERS)
    with pytest.raises(NoKey):
        SettingKeys(PublicationSettings(signers=signers)).credential_key()


def test_two_processes_that_start_at_once_make_one_ca(tmp_path: Path) -> None:
    found: list[bytes] = []
    ready = threading.Barrier(6)

    def make() -> None:
        ready.wait()
        found.append(SettingKeys(PublicationSettings(demo_keys=tmp_path / "demo")).roots()[0])

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 6
    assert len(set(found)) == 1
    assert [path.name for path in (tmp_path / "demo").iterdir()] == ["ca.pem"]


# time stamps ------------------------------------------------------------------------------------------------


@pytest.fixture
def authority(ca: tuple[x509.Certificate, Key]) -> Iterator[str]:
    """A time-stamping authority (RFC 3161) on loopback."""
    from asn1crypto import keys as asn1_keys
    from asn1crypto import tsp
    from asn1crypto import x509 as asn1_x509
    from pyhanko.sign.timestamps import DummyTimeStamper

    key = rsa.generate_private_key(65537, 2048)
    own = certificate("时间戳", key, ca, stamps=True)
    stamper = DummyTimeStamper(
        tsa_cert=asn1_x509.Certificate.load(own.public_bytes(Encoding.DER)),
        tsa_key=asn1_keys.PrivateKeyInfo.load(
            key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        ),
        fixed_dt=NOW,
    )

    class Answer(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            asked = tsp.TimeStampReq.load(self.rfile.read(int(self.headers["content-length"])))
            answer = stamper.request_tsa_response(asked).dump()
            self.send_response(200)
            self.send_header("content-type", "application/timestamp-reply")
            self.send_header("content-length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: Any) -> None:
            pass

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answer)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.clause("C2")
async def test_an_authority_stamps_every_signature(
    tmp_path: Path, ca: tuple[x509.Certificate, Key], pdf: bytes, authority: str
) -> None:
    settings = PublicationSettings(
        demo_keys=tmp_path / "demo", tsa_url=authority, trust_roots=(root_of(tmp_path, ca),)
    )
    _, sealed, signatures = await signed(settings, pdf)
    assert sealed
    assert [one.timestamped for one in signatures] == [True, True]


async def test_an_authority_that_is_away_stops_the_signing(tmp_path: Path, pdf: bytes) -> None:
    """It is tried again: a certificate without the stamp that was asked for is not made."""
    settings = PublicationSettings(demo_keys=tmp_path / "demo", tsa_url="http://127.0.0.1:9/")
    with pytest.raises(Exception, match=r"127\.0\.0\.1|timestamp"):
        await signed(settings, pdf)


# a token ----------------------------------------------------------------------------------------------------


@pytest.fixture
def token(tmp_path: Path, ca: tuple[x509.Certificate, Key], monkeypatch: pytest.MonkeyPatch) -> None:
    """A software token with the key and certificate of 市协会."""
    if not SOFTHSM.exists() or shutil.which("softhsm2-util") is None:
        pytest.skip("没有 SoftHSM：apt-get install softhsm2")
    import pkcs11

    (tmp_path / "tokens").mkdir()
    (tmp_path / "conf").write_text(f"directories.tokendir = {tmp_path / 'tokens'}\n", encoding="utf-8")
    monkeypatch.setenv("SOFTHSM2_CONF", str(tmp_path / "conf"))
    key = ec.generate_private_key(ec.SECP256R1())
    own = certificate("市协会", key, ca)
    pem = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    (tmp_path / "key.pem").write_bytes(pem)
    at = ["--token", "fudao", "--pin", "1234"]
    for words in (
        ["--init-token", "--free", "--label", "fudao", "--pin", "1234", "--so-pin", "5678"],
        ["--import", str(tmp_path / "key.pem"), *at, "--label", "local", "--id", "a1"],
    ):
        subprocess.run(["softhsm2-util", *words], check=True, capture_output=True)
    found = pkcs11.lib(str(SOFTHSM)).get_token(token_label="fudao")
    with found.open(user_pin="1234", rw=True) as session:
        session.create_object(
            {
                pkcs11.Attribute.CLASS: pkcs11.ObjectClass.CERTIFICATE,
                pkcs11.Attribute.CERTIFICATE_TYPE: pkcs11.CertificateType.X_509,
                pkcs11.Attribute.TOKEN: True,
                pkcs11.Attribute.LABEL: "local",
                pkcs11.Attribute.ID: b"\xa1",
                pkcs11.Attribute.SUBJECT: own.subject.public_bytes(),
                pkcs11.Attribute.VALUE: own.public_bytes(Encoding.DER),
            }
        )


@pytest.mark.clause("C2")
async def test_a_key_in_a_token_signs(
    token: None, tmp_path: Path, ca: tuple[x509.Certificate, Key], pdf: bytes
) -> None:
    settings = PublicationSettings(
        signers={
            "local": SignerSettings(
                module=SOFTHSM, token="fudao", certificate="local", passphrase=SecretStr("1234"), raw=True
            )
        },
        trust_roots=(root_of(tmp_path, ca),),
        demo_keys=tmp_path / "demo",
    )
    _, sealed, signatures = await signed(settings, pdf)
    assert sealed
    assert [(one.signer, one.demo, one.trusted) for one in signatures] == [
        ("国家协会", True, True),
        ("市协会", False, True),
    ]
