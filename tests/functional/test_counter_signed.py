"""A counter-signed InRelease: upstream's text, its signature, and another one beside it in the same armour.

What the real apt makes of it, which is why deployments do without: docs/lessons/counter-signed-inrelease.md.
"""

import re
import time

from support.env import Package
from support.fleet import HOUR, RELEASE
from support.keys import expired


def counter_signed(keys, in_release, second, at=None):
    """The same text with both signatures in one armour: upstream's own as it is, then the other key's."""
    text, begin, armour = in_release.partition(b"-----BEGIN PGP SIGNATURE-----\n")
    plain = re.sub(rb"^- ", b"", text.partition(b"\n\n")[2], flags=re.M)
    added = second.clearsign(plain, at=at).partition(begin)[2]
    packets = b"".join(keys.gpg("--dearmor", data=begin + one) for one in (armour, added))
    joined = keys.gpg("--enarmor", data=packets).replace(b"PGP ARMORED FILE", b"PGP SIGNATURE")
    joined = b"\n".join(line for line in joined.split(b"\n") if not line.startswith(b"Comment:"))
    return text + joined


def ground(env, key=None, at=None):
    upstream, ours = key or env.key("upstream"), env.key("ours")
    archive = env.archive(Package("hello", size=1000), key=upstream)
    archive.publish("stable", date=time.time() - HOUR, at=at, by_hash=False)
    path = archive.root / RELEASE
    path.write_bytes(counter_signed(env.keys, path.read_bytes(), ours))
    for name in ("Release", "Release.gpg"):
        (archive.root / "dists/stable" / name).unlink()
    return archive, upstream, ours


def update(env, archive, url, keyring):
    return env.apt([f"deb KEY {url}/debian stable main"], keyring).update()


def test_apt_takes_it_trusting_either_key_alone_and_neither_stranger(env):
    archive, upstream, ours = ground(env)
    server = env.nginx(archive.tree)
    for trusted in ((upstream,), (ours,), (upstream, ours)):
        update(env, archive, server.url, env.keyring(*trusted)).must()
    update(env, archive, server.url, env.keyring(env.key("stranger"))).must_fail("NO_PUBKEY|not available")


def test_apt_takes_it_by_the_other_key_when_upstreams_has_expired(env):
    """What it would be good for: a state whose signer's key is not valid any more, years later."""
    old = expired(env.keys)
    archive, _, ours = ground(env, key=old, at=old.valid_at)
    server = env.nginx(archive.tree)
    update(env, archive, server.url, env.keyring(old)).must_fail("EXPKEYSIG|not valid|expired")
    update(env, archive, server.url, env.keyring(ours)).must()
    update(env, archive, server.url, env.keyring(old, ours)).must()


def test_a_larder_passes_one_on_as_it_is_when_it_knows_either_key(env):
    archive, upstream, ours = ground(env)
    server = env.nginx(archive.tree)
    for trusted in (upstream, ours):
        archive.keyring = env.keyring(trusted)
        larder = env.larder_for(archive, server)
        assert larder.good(f"/debian/{RELEASE}").body == (archive.root / RELEASE).read_bytes()
        update(env, archive, larder.url, archive.keyring).must()
