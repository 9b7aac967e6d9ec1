"""X.509 certificates for test servers, made on the spot by openssl."""

import itertools
import subprocess
from dataclasses import dataclass
from pathlib import Path

NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]


def openssl(*command):
    done = subprocess.run(["openssl", *map(str, command)], capture_output=True, text=True)
    if done.returncode:
        raise AssertionError(f"openssl {command[0]}: {done.stderr}")


@dataclass(frozen=True)
class Certificate:
    chain: Path
    key: Path


class Authority:
    """A certificate authority of its own; `certificate` is the file that trusts it."""

    def __init__(self, folder, name="Test authority"):
        self.folder, self.numbers = folder, itertools.count(1)
        self.key, self.certificate = folder / "authority.key", folder / "authority.pem"
        openssl("req", "-x509", *NEW_KEY, "-keyout", self.key, "-out", self.certificate, "-subj", f"/CN={name}",
                "-days", "2")

    def issue(self, *names, days=1):
        """A server's certificate for these host names and addresses; with days=-1 it is past its time."""
        stem = self.folder / f"server{next(self.numbers)}"
        chain, key, request, fields = (stem.with_suffix(s) for s in (".pem", ".key", ".csr", ".fields"))
        kinds = ["IP" if name[0].isdigit() or ":" in name else "DNS" for name in names]
        fields.write_text("subjectAltName=" + ",".join(f"{k}:{n}" for k, n in zip(kinds, names)) + "\n")
        openssl("req", "-new", *NEW_KEY, "-keyout", key, "-out", request, "-subj", f"/CN={names[0]}")
        openssl("x509", "-req", "-in", request, "-CA", self.certificate, "-CAkey", self.key, "-CAcreateserial",
                "-days", days, "-extfile", fields, "-out", chain)
        return Certificate(chain, key)
