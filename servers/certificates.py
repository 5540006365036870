"""A certificate authority for one server, and the server's certificate for loopback."""

from pathlib import Path
from typing import NamedTuple

import trustme
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    load_pem_private_key,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509 import load_pem_x509_certificate

from servers.net import LOOPBACK


class Access(NamedTuple):
    """How a client gets into a server that demands it."""

    address: str
    ca: Path
    user: str
    password: str
    api_key: str = ""


class Certificates(NamedTuple):
    """The files; `key` is PKCS 8."""

    ca: Path
    certificate: Path
    key: Path


def make_certificates(folder: Path) -> Certificates:
    """Make them; the authority's own key is thrown away."""
    folder.mkdir()
    authority = trustme.CA(organization_name="webcare servers")
    issued = authority.issue_cert(LOOPBACK, "localhost")
    files = Certificates(folder / "ca.pem", folder / "server.pem", folder / "server.key")
    files.ca.write_bytes(authority.cert_pem.bytes())
    files.certificate.write_bytes(issued.cert_chain_pems[0].bytes())
    key = load_pem_private_key(issued.private_key_pem.bytes(), None)
    files.key.touch(mode=0o600)
    files.key.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return files


def key_store(files: Certificates, password: str) -> Path:
    """The same as the PKCS 12 file that Java reads."""
    key = load_pem_private_key(files.key.read_bytes(), None)
    certificate = load_pem_x509_certificate(files.certificate.read_bytes())
    if not isinstance(key, EllipticCurvePrivateKey):
        raise TypeError(type(key).__name__)
    path = files.key.with_suffix(".p12")
    sealed = BestAvailableEncryption(password.encode())
    path.write_bytes(serialize_key_and_certificates(b"server", key, certificate, None, sealed))
    return path
