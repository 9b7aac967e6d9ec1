"""OpenPGP keys for test archives, made on the spot in a folder of their own."""

import shutil
import subprocess
import tempfile
import time
from pathlib import Path


class Keys:
    """A GnuPG home. Call close(): it ends the agent that gpg started there."""

    def __init__(self):
        self.home = Path(tempfile.mkdtemp(prefix="lk-", dir="/tmp"))  # short: it holds a socket
        self.home.chmod(0o700)

    def gpg(self, *arguments, data=b"", at=None):
        """Runs gpg; `at` (seconds since 1970) is the time it believes it is."""
        clock = ["--faked-system-time", f"{int(at)}!"] if at else []
        done = subprocess.run(["gpg", "--homedir", self.home, "--batch", "--quiet", "--no-tty", "--yes",
                               "--pinentry-mode", "loopback", "--passphrase", "", *clock, *arguments],
                              input=data, capture_output=True)
        if done.returncode:
            raise AssertionError(f"gpg {' '.join(map(str, arguments))}: {done.stderr.decode()}")
        return done.stdout

    def make(self, name, algorithm="ed25519", expires="never", at=None):
        """A signing key. `expires` as gpg has it ("1d"), counted from `at`."""
        user = f"{name} <{name}@archive.example>"
        self.gpg("--quick-generate-key", user, algorithm, "sign", expires, at=at)
        listing = self.gpg("--with-colons", "--list-keys", f"={user}").decode().splitlines()
        return Key(self, next(row.split(":")[9] for row in listing if row.startswith("fpr")))

    def close(self):
        subprocess.run(["gpgconf", "--homedir", self.home, "--kill", "gpg-agent"], capture_output=True)
        shutil.rmtree(self.home, ignore_errors=True)


class Key:
    def __init__(self, keys, fingerprint):
        self.keys, self.fingerprint = keys, fingerprint

    def public(self):
        """The public key, binary, as a keyring file holds it."""
        return self.keys.gpg("--export", self.fingerprint)

    def clearsign(self, text, digest="SHA256", at=None, also=()):
        users = [part for key in (self, *also) for part in ("--local-user", key.fingerprint)]
        return self.keys.gpg(*users, "--digest-algo", digest, "--clearsign", data=text, at=at)

    def detach(self, text, at=None):
        return self.keys.gpg("--local-user", self.fingerprint, "--armor", "--detach-sign", data=text, at=at)


def expired(keys, name="expired"):
    """A key that was valid for a day, ten days ago; sign with at=key.valid_at."""
    key = keys.make(name, expires="1d", at=time.time() - 10 * 86400)
    key.valid_at = time.time() - 10 * 86400 + 3600
    return key
