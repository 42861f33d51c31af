"""Who signs (C2, O6): a signer for each issuer from PKCS#12 or a PKCS#11 token, in the embedded default demo keys.

pyHanko takes 0.4 s to import, so it is imported where something is signed, not at the start of the process.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Protocol
from uuid import uuid4

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.x509.oid import NameOID

from services.publication.settings import PublicationSettings, SignerSettings

if TYPE_CHECKING:
    from pyhanko.sign.signers import Signer

DEMO = "演示密钥"
"""In the name of every demo certificate: a demo key is no 电子印章 (C2)."""
_DEMO_NAME = f"{DEMO}，不是电子印章"
_FROM, _UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2060, 1, 1, tzinfo=UTC)
"""Of demo certificates: whatever the clock of a rehearsal says."""
Opened = AbstractContextManager["Signer"]


class NoKey(RuntimeError):
    """An issuer has no key: the setting to make is named. What waits for it is tried again."""

    def __init__(self, issuer: str) -> None:
        super().__init__(f"发证单位 {issuer} 没有签名密钥：请设置 PUBLICATION_SIGNERS（PKCS#12 或 PKCS#11）")


@dataclass(frozen=True, kw_only=True)
class Seal:
    """One issuer's means to sign. `open()` gives pyHanko's signer for the time of one signature."""

    issuer: str
    name: str
    demo: bool
    source: _Source

    def open(self) -> Opened:
        return self.source.open()


class _Source(Protocol):
    def open(self) -> Opened: ...


class Keys(Protocol):
    """The port. Everything blocks: to be called in a thread."""

    def seals(self, issuers: Sequence[tuple[str, str]]) -> tuple[Seal, ...]:
        """A seal for each (ID, name in force), in order. Errors: NoKey."""

    def roots(self) -> tuple[bytes, ...]:
        """Certificates (DER) that vouch for our signers, also for earlier ones."""

    def credential_key(self) -> ec.EllipticCurvePrivateKey:
        """The P-256 key of credentials and status lists. Errors: NoKey."""


def keys_of(settings: PublicationSettings) -> Keys:
    """As the settings say; without a key for an issuer nothing is signed, and nothing is issued."""
    return SettingKeys(settings)


class SettingKeys:
    """Keys by settings, and demo keys for issuers without one where `demo_keys` names a folder."""

    def __init__(self, settings: PublicationSettings) -> None:
        self._settings = settings
        self._demo = DemoKeys(settings.demo_keys) if settings.demo_keys is not None else None
        self._sources: dict[str, _Source] = {}
        self._turn = threading.Lock()

    def seals(self, issuers: Sequence[tuple[str, str]]) -> tuple[Seal, ...]:
        return tuple(self._seal(issuer, name) for issuer, name in issuers)

    def roots(self) -> tuple[bytes, ...]:
        found = [one for path in self._settings.trust_roots for one in _certificates(path.read_bytes())]
        if self._demo is not None:
            found.append(self._demo.root())
        return tuple(found)

    def credential_key(self) -> ec.EllipticCurvePrivateKey:
        path = self._settings.credential_key
        if path is not None:
            password = self._settings.credential_passphrase.get_secret_value().encode() or None
            return _private(path.read_bytes(), password)
        if self._demo is not None:
            return self._demo.credential_key()
        raise NoKey("credential")

    def _seal(self, issuer: str, name: str) -> Seal:
        with self._turn:
            own = self._settings.signers.get(issuer)
            if own is not None:
                source = self._sources.setdefault(issuer, _source(issuer, own))
                return Seal(issuer=issuer, name=name, demo=False, source=source)
        if self._demo is None:
            raise NoKey(issuer)
        return Seal(issuer=issuer, name=name, demo=True, source=self._demo.source(issuer, name))


def _source(issuer: str, own: SignerSettings) -> _Source:
    if own.pkcs12 is not None:
        return _Pkcs12(issuer, own)
    if own.module is not None:
        return _Token(issuer, own)
    raise NoKey(issuer)


class _Pkcs12:
    """A key in a file, read once."""

    def __init__(self, issuer: str, own: SignerSettings) -> None:
        self._issuer, self._own = issuer, own
        self._signer: Signer | None = None

    def open(self) -> Opened:
        from pyhanko.sign.signers import SimpleSigner

        if self._signer is None:
            assert self._own.pkcs12 is not None
            passphrase = self._own.passphrase.get_secret_value().encode() or None
            self._signer = SimpleSigner.load_pkcs12_data(
                self._own.pkcs12.read_bytes(), other_certs=[], passphrase=passphrase
            )
            if self._signer is None:
                raise NoKey(self._issuer)
        return nullcontext(self._signer)


class _Token:
    """A key in a token or HSM (extra `hsm`): a session of its own for each signature."""

    def __init__(self, issuer: str, own: SignerSettings) -> None:
        self._issuer, self._own = issuer, own

    @contextmanager
    def open(self) -> Iterator[Signer]:
        try:
            from pyhanko.config.pkcs11 import TokenCriteria
            from pyhanko.sign.pkcs11 import PKCS11Signer, open_pkcs11_session
        except ImportError:
            raise RuntimeError("PKCS#11 需要附加组件：pip install 'fudao[hsm]'") from None
        own = self._own
        pin = own.passphrase.get_secret_value()
        token = TokenCriteria(label=own.token) if own.token else None
        session = open_pkcs11_session(str(own.module), token_criteria=token, user_pin=pin)
        with session as opened:
            yield PKCS11Signer(
                opened,
                cert_label=own.certificate,
                key_label=own.key or own.certificate,
                use_raw_mechanism=own.raw,
            )


# Demo keys --------------------------------------------------------------------------------------------------


class DemoKeys:
    """A CA and keys in a folder (0700, files 0600), made when first asked for; two processes make them once."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._turn = threading.Lock()
        self._ready: dict[str, _DemoSource] = {}

    def root(self) -> bytes:
        return self._ca()[1].public_bytes(Encoding.DER)

    def credential_key(self) -> ec.EllipticCurvePrivateKey:
        with self._turn:
            return _private(self._kept("credential.pem", _new_key))

    def source(self, issuer: str, name: str) -> _DemoSource:
        """The key of an issuer under the name in force on the day of issue (O6): a new name, a new key."""
        with self._turn:
            ready = self._ready.get(f"{issuer}/{name}")
        if ready is not None:
            return ready
        ca_key, ca = self._ca()
        label = f"{issuer}-{hashes_of(name)}.pem"
        with self._turn:
            kept = self._kept(label, lambda: _issued(name, ca_key, ca))
            made = _DemoSource(_private(kept), x509.load_pem_x509_certificate(kept), ca)
            self._ready[f"{issuer}/{name}"] = made
        return made

    def _ca(self) -> tuple[ec.EllipticCurvePrivateKey, x509.Certificate]:
        with self._turn:
            kept = self._kept("ca.pem", _new_ca)
        return _private(kept), x509.load_pem_x509_certificate(kept)

    def _kept(self, name: str, make: Callable[[], bytes]) -> bytes:
        """The file's bytes; made whole and moved into place without replacing one, so that the first stays."""
        path = self._folder / name
        if not path.exists():
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            new = self._folder / f".{uuid4().hex}"
            handle = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(handle, "wb") as file:
                file.write(make())
            try:
                os.link(new, path)
            except FileExistsError:
                pass  # another process was first: theirs
            finally:
                new.unlink()
        return path.read_bytes()


class _DemoSource:
    def __init__(self, key: ec.EllipticCurvePrivateKey, own: x509.Certificate, ca: x509.Certificate) -> None:
        self._key, self._own, self._ca = key, own, ca
        self._signer: Signer | None = None

    def open(self) -> Opened:
        from asn1crypto import keys as asn1_keys
        from asn1crypto import x509 as asn1_x509
        from pyhanko.sign.signers import SimpleSigner
        from pyhanko_certvalidator.registry import SimpleCertificateStore

        if self._signer is None:
            store = SimpleCertificateStore()  # type: ignore[no-untyped-call]
            store.register(asn1_x509.Certificate.load(self._ca.public_bytes(Encoding.DER)))
            der = self._key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
            self._signer = SimpleSigner(
                signing_cert=asn1_x509.Certificate.load(self._own.public_bytes(Encoding.DER)),
                signing_key=asn1_keys.PrivateKeyInfo.load(der),
                cert_registry=store,
            )
        return nullcontext(self._signer)


def hashes_of(name: str) -> str:
    """A short name for a file, from what may hold any character."""
    digest = hashes.Hash(hashes.SHA256())
    digest.update(name.encode())
    return digest.finalize().hex()[:12]


def _new_key() -> bytes:
    return _pem(ec.generate_private_key(ec.SECP256R1()))


def _new_ca() -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    name = _named("辅导演示系统")
    made = _certificate(name, name, key.public_key(), key, ca=True)
    return _pem(key) + made.public_bytes(Encoding.PEM)


def _issued(name: str, ca_key: ec.EllipticCurvePrivateKey, ca: x509.Certificate) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    made = _certificate(_named(name), ca.subject, key.public_key(), ca_key, ca=False)
    return _pem(key) + made.public_bytes(Encoding.PEM)


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    public: ec.EllipticCurvePublicKey,
    signed_with: ec.EllipticCurvePrivateKey,
    *,
    ca: bool,
) -> x509.Certificate:
    usage = x509.KeyUsage(
        digital_signature=not ca,
        content_commitment=not ca,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=ca,
        crl_sign=ca,
        encipher_only=False,
        decipher_only=False,
    )
    authority = x509.AuthorityKeyIdentifier.from_issuer_public_key(signed_with.public_key())
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(_FROM)
        .not_valid_after(_UNTIL)
        .add_extension(x509.BasicConstraints(ca=ca, path_length=0 if ca else None), critical=True)
        .add_extension(usage, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(authority, critical=False)
    )
    return builder.sign(signed_with, hashes.SHA256())


def _named(organisation: str) -> x509.Name:
    """Whoever opens the PDF reads first that it is a demo. Each part has 64 bytes at most."""
    fitting = organisation.encode()[:64].decode(errors="ignore")
    parts = [(NameOID.COMMON_NAME, _DEMO_NAME), (NameOID.ORGANIZATION_NAME, fitting)]
    return x509.Name([x509.NameAttribute(name, value) for name, value in parts])


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _private(pem: bytes, password: bytes | None = None) -> ec.EllipticCurvePrivateKey:
    key = load_pem_private_key(pem, password)
    if not isinstance(key, ec.EllipticCurvePrivateKey) or not isinstance(key.curve, ec.SECP256R1):
        raise RuntimeError("凭证密钥应为 P-256（ES256）私钥")
    return key


def _certificates(data: bytes) -> list[bytes]:
    """One or several, PEM or DER, as DER."""
    if data.lstrip().startswith(b"-----"):
        return [one.public_bytes(Encoding.DER) for one in x509.load_pem_x509_certificates(data)]
    return [x509.load_der_x509_certificate(data).public_bytes(Encoding.DER)]
