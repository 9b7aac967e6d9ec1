"""The keys of an archive of one's own: several sign, they come and go, and the real apt, gpgv and sqv follow."""

import hashlib
import json
import os
import re
import subprocess
import time

from support import debs
from support.debs import Package
from support.keys import Keys
from support.process import wait_for
from test_clock import DAY, by_clock
from test_pockets import ARCHIVE, PROPOSED, RELEASED, STAGING, Chain, start, with_tokens


def keys_of(chain, state=None):
    """Fingerprints, in the order they came."""
    return [k["fingerprint"] for k in chain.json("key", "list", ARCHIVE)["keys"] if state in (None, k["state"])]


def states(chain):
    return [k["state"] for k in chain.json("key", "list", ARCHIVE)["keys"]]


def published_keys(chain):
    return chain.larder.good(f"/keys/{ARCHIVE}.asc").body


def fingerprints_in(armoured):
    shown = subprocess.run(["gpg", "--show-keys", "--with-colons"], input=armoured, capture_output=True, check=True)
    rows = shown.stdout.decode().splitlines()
    return [rows[i + 1].split(":")[9] for i, row in enumerate(rows) if row.startswith("pub")]


def revoked_in(armoured):
    shown = subprocess.run(["gpg", "--show-keys", "--with-colons"], input=armoured, capture_output=True, check=True)
    return [row.split(":")[1] for row in shown.stdout.decode().splitlines() if row.startswith("pub")]


def ring_of(env, armoured, name):
    ring = env.folder("rings") / f"{name}.gpg"
    ring.unlink(missing_ok=True)
    subprocess.run(["gpg", "--dearmor", "-o", ring], input=armoured, check=True, capture_output=True)
    return ring


def key_alone(env, chain, fingerprint, name):
    """A keyring with one of the published keys."""
    return ring_of(env, chain.cli("key", "export", ARCHIVE, fingerprint).stdout.encode(), name)


def signed_files(env, chain, suite=STAGING):
    work = env.folder("signed")
    for name in ("InRelease", "Release", "Release.gpg"):
        (work / name).write_text(chain.release(suite, name))
    return work


def accepted(env, chain, ring, suite=STAGING):
    """Whether gpgv and sqv take both signatures, at the time that the larder has; they must agree. (gpgv's exit code is
    another thing: it is 2 where it lacks one of the keys.)"""
    work = signed_files(env, chain, suite)
    said, then = [], {**os.environ, **getattr(chain, "later", {})}
    for files in (["InRelease"], ["Release.gpg", "Release"]):
        done = subprocess.run(["gpgv", "--status-fd", "1", "--keyring", ring, *[work / f for f in files]],
                              capture_output=True, text=True, env=then)
        said.append("[GNUPG:] VALIDSIG" in done.stdout and "BADSIG" not in done.stdout)
    said.append(subprocess.run(["sqv", "--keyring", ring, work / "Release.gpg", work / "Release"],
                               capture_output=True, text=True, env=then).returncode == 0)
    assert len(set(said)) == 1, said
    return said[0]


def source(chain, suite=STAGING):
    return f"deb KEY {chain.larder.url}/{ARCHIVE} {suite} main"


def client_with(env, chain, ring, suite=STAGING):
    return env.apt([source(chain, suite)], ring)


class LaterChain(Chain):
    """Its larder's clock can jump."""

    def __init__(self, env, **more):
        self.clock = env.folder("clock") / "offset"
        self.later = by_clock(self.clock)
        super().__init__(env, **more)

    def after(self, days):
        self.clock.write_text(f"{int(days * DAY)}\n")
        self.larder.stop()
        self.larder.start(**self.later)


def test_a_key_that_comes_is_told_of_and_does_not_sign(env):
    chain = Chain(env)
    before = keys_of(chain)
    report = chain.json("key", "generate", ARCHIVE, "--reason", "the next year's")
    coming = report["fingerprint"]
    assert states(chain) == ["active", "coming"]
    assert sorted(p["pocket"] for p in report["pockets"]) == sorted(chain.name(s) for s in (STAGING, PROPOSED, RELEASED))
    assert fingerprints_in(published_keys(chain)) == [*before, coming]
    for suite in (STAGING, PROPOSED, RELEASED):
        assert f"\nSigned-By: {before[0]}, {coming}\n" in chain.release(suite)
    assert accepted(env, chain, key_alone(env, chain, before[0], "old"))
    assert not accepted(env, chain, key_alone(env, chain, coming, "coming"))


def test_after_a_rotation_clients_of_either_key_go_on_and_at_the_end_the_old_one_is_gone(env):
    chain = LaterChain(env, chain=(STAGING, PROPOSED))
    chain.include(STAGING, Package("tool", "1.0"))
    old = keys_of(chain)[0]
    with_old = client_with(env, chain, key_alone(env, chain, old, "old"))
    with_old.update().must()
    report = chain.json("key", "rotate", ARCHIVE, "--reason", "every year")
    new = report["fingerprint"]
    assert states(chain) == ["leaving", "active"]
    only_new = key_alone(env, chain, new, "new")
    for suite in (STAGING, PROPOSED):
        assert f"\nSigned-By: {old}, {new}\n" in chain.release(suite)
        for ring in (key_alone(env, chain, old, "old"), only_new, ring_of(env, published_keys(chain), "both")):
            assert accepted(env, chain, ring, suite)
    with_old.update().must()
    with_new = client_with(env, chain, only_new)
    with_new.update().must()
    chain.after(29)
    assert states(chain) == ["leaving", "active"]
    chain.after(31)
    wait_for(lambda: states(chain) == ["gone", "active"], "the old key to leave")
    wait_for(lambda: all(f"\nSigned-By: {new}\n" in chain.release(s) for s in (STAGING, PROPOSED)), "all to be published")
    assert fingerprints_in(published_keys(chain)) == [new]
    assert accepted(env, chain, only_new)
    assert not accepted(env, chain, key_alone(env, chain, old, "gone"))
    for what in ("key-rotate", "key-leave"):
        assert what in chain.cli("audit", "list").stdout
    chain.cli("audit", "verify")


def test_the_overlap_is_the_longest_valid_until_and_never_less(env):
    chain = Chain(env, chain=())
    for suite, days in (("weekly", "7"), ("monthly", "31")):
        chain.json("pocket", "create", f"{ARCHIVE}/{suite}", "--arch", "amd64", "--valid-days", days)
    why = chain.cli("key", "rotate", ARCHIVE, "--overlap", "10", check=1).stderr
    assert "31 days" in why and states(chain) == ["active"], why
    report = chain.json("key", "rotate", ARCHIVE)
    leaving = next(k for k in report["keys"] if k["state"] == "leaving")
    left = time.mktime(time.strptime(leaving["until"], "%Y-%m-%dT%H:%M:%SZ")) - time.mktime(time.gmtime())
    assert abs(left - 31 * DAY) < 300
    assert leaving["until"][:10] in chain.cli("status").stdout


def test_apt_that_goes_by_signed_by_follows_a_rotation_where_valid_until_is_set(env):
    chain = LaterChain(env, chain=())
    chain.json("pocket", "create", f"{ARCHIVE}/weekly", "--arch", "amd64", "--valid-days", "7")
    ring = env.folder("rings") / "trusted.asc"
    ring.write_bytes(published_keys(chain))
    client = client_with(env, chain, ring, "weekly")
    client.update().must()
    chain.json("key", "rotate", ARCHIVE)
    client.update().must()
    ring.write_bytes(published_keys(chain))
    chain.after(7.5)
    wait_for(lambda: states(chain) == ["gone", "active"], "the old key to leave")
    wait_for(lambda: keys_of(chain, "gone")[0] not in chain.release("weekly"), "the pocket to be published")
    chain.include("weekly", Package("tool", "2.0"))
    client.set_sources([source(chain, "weekly")])
    client.update("Acquire::Check-Valid-Until=false", "Acquire::Check-Date=false").must()
    assert client.versions("tool") == ["2.0"]


def test_a_frozen_pocket_is_signed_anew_and_keeps_its_packages(env):
    chain = Chain(env)
    chain.include(STAGING, Package("tool", "1.0"))
    chain.cli("pocket", "freeze", chain.name(STAGING), "--reason", "release week")
    index = chain.index(STAGING)
    report = chain.json("key", "rotate", ARCHIVE)
    note = next(p for p in report["pockets"] if p["pocket"] == chain.name(STAGING))
    assert note["publication"] and "frozen" in note["note"], note
    assert chain.index(STAGING) == index
    assert accepted(env, chain, key_alone(env, chain, report["fingerprint"], "new"))


def test_a_revoked_key_signs_no_more_and_clients_hear_of_it(env):
    chain = Chain(env)
    chain.include(STAGING, Package("tool", "1.0"))
    old = keys_of(chain)[0]
    new = chain.json("key", "rotate", ARCHIVE)["fingerprint"]
    assert "--reason" in chain.cli("key", "revoke", ARCHIVE, old, check=1).stderr
    chain.json("key", "revoke", ARCHIVE, old, "--reason", "it was on a stolen machine")
    assert states(chain) == ["revoked", "active"]
    assert fingerprints_in(published_keys(chain)) == [old, new] and revoked_in(published_keys(chain))[0] == "r"
    assert f"\nSigned-By: {new}\n" in chain.release(STAGING)
    assert accepted(env, chain, ring_of(env, published_keys(chain), "published"))
    assert not accepted(env, chain, key_alone(env, chain, old, "revoked"))
    snapshot = chain.json("pocket", "history", chain.name(STAGING))["publications"][-1]["snapshot"]
    chain.larder.good(f"/snapshot/{ARCHIVE}/{snapshot}/dists/{STAGING}/InRelease")
    assert "revoked already" in chain.cli("key", "revoke", ARCHIVE, old, "--reason", "again", check=1).stderr


def test_where_the_only_key_is_revoked_a_new_one_signs(env):
    chain = Chain(env, chain=(STAGING,))
    old = keys_of(chain)[0]
    report = chain.json("key", "revoke", ARCHIVE, "--reason", "stolen")
    assert report["fingerprint"] == old and states(chain) == ["revoked", "active"]
    chain.include(STAGING, Package("tool"))
    client = chain.client(STAGING)
    client.update().must()
    client.install("tool").must()


def test_without_its_primary_a_key_signs_and_with_the_file_it_can_be_changed_again(env):
    chain = Chain(env, chain=(STAGING,))
    kept = env.folder("safe") / "primary.asc"
    assert "--primary" in chain.cli("key", "export", ARCHIVE, "--remove", check=None).stderr
    report = chain.json("key", "export", ARCHIVE, "--primary", str(kept), "--remove")
    assert report["removed"] and kept.stat().st_mode & 0o777 == 0o600
    assert [k["has_primary"] for k in chain.json("key", "list")["keys"]] == [False]
    secrets = list((chain.larder.store / "keys").glob("archive-*.key"))
    listing = "".join(subprocess.run(["gpg", "--show-keys", "--with-colons", s], capture_output=True, text=True).stdout
                      for s in secrets)
    assert "sec:" in listing and len(secrets) == 1
    packets = subprocess.run(["gpg", "--list-packets", secrets[0]], capture_output=True, text=True).stdout
    assert "gnu-dummy" in packets, packets
    chain.larder.restart()
    chain.include(STAGING, Package("tool"))
    chain.client(STAGING).update().must()
    why = chain.cli("key", "expire", ARCHIVE, "--at", "2040-01-01", check=1).stderr
    assert "larder key import" in why, why
    subkey = env.folder("subkey") / "subkey.asc"
    subkey.write_bytes(secrets[0].read_bytes())
    chain.cli("key", "import", ARCHIVE, str(kept))
    why = chain.cli("key", "import", ARCHIVE, str(subkey), check=1).stderr
    assert "lacks the primary's secret" in why, why
    assert [(k["has_primary"], k["state"]) for k in chain.json("key", "list")["keys"]] == [(True, "active")]
    chain.cli("key", "expire", ARCHIVE, "--at", "2040-01-01")
    assert chain.json("key", "list")["keys"][0]["expires"].startswith("2040-01-02")
    assert "is there already" in chain.cli("key", "export", ARCHIVE, "--primary", str(kept), check=None).stderr


def test_a_key_of_another_gpg_comes_in_by_standard_input_and_nobody_is_shown_it(env):
    gpg = Keys()
    try:
        chain = Chain(env, chain=(STAGING,))
        key = gpg.make("made elsewhere", "rsa4096")
        secret = gpg.gpg("--armor", "--export-secret-keys", key.fingerprint)
        done = subprocess.run([os.environ.get("LARDER_BIN", "build/release/larder"), "key", "import", ARCHIVE, "--json",
                               "--config", chain.larder.config], input=secret, capture_output=True)
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout)["fingerprint"] == key.fingerprint
        chain.cli("key", "rotate", ARCHIVE)
        assert keys_of(chain, "active") == [key.fingerprint]
        assert accepted(env, chain, ring_of(env, gpg.gpg("--armor", "--export", key.fingerprint), "theirs"))
        assert b"PRIVATE KEY" not in chain.larder.get("/api/v1/jobs").body and "PRIVATE KEY" not in chain.larder.log()
        assert "no armoured secret key" in chain.cli("key", "import", ARCHIVE, str(chain.larder.config), check=None).stderr
    finally:
        gpg.close()


def test_a_passphrase_comes_as_a_credential(env):
    gpg = Keys()
    try:
        chain = Chain(env, chain=(STAGING,))
        gpg.gpg("--passphrase", "secret word", "--quick-generate-key", "guarded", "ed25519", "cert,sign", "never")
        text = env.folder("secret") / "guarded.asc"
        text.write_bytes(gpg.gpg("--passphrase", "secret word", "--armor", "--export-secret-keys", "guarded"))
        why = chain.cli("key", "import", ARCHIVE, str(text), check=1).stderr
        assert f"larder-key-{ARCHIVE}" in why, why
        credentials = env.folder("credentials")
        (credentials / f"larder-key-{ARCHIVE}").write_text("secret word\n")
        chain.larder.stop()
        chain.larder.start(CREDENTIALS_DIRECTORY=str(credentials))
        chain.cli("key", "import", ARCHIVE, str(text))
        chain.cli("key", "rotate", ARCHIVE)
        assert states(chain) == ["leaving", "active"]
        before = chain.release(STAGING)
        chain.include(STAGING, Package("tool"))
        chain.client(STAGING).update().must()
        (credentials / f"larder-key-{ARCHIVE}").write_text("another\n")
        why = chain.include(STAGING, Package("other"), check=1).stderr
        assert "passphrase is missing or wrong" in why, why
        assert chain.release(STAGING) != before
    finally:
        gpg.close()


def test_a_key_in_an_agent_signs_and_its_secret_is_not_in_the_store(env):
    gpg = Keys()
    try:
        chain = Chain(env, chain=(STAGING,))
        key = gpg.make("on a card")
        wrong = chain.cli("key", "import", ARCHIVE, "--agent", "0" * 40, "--home", str(gpg.home), check=1).stderr
        assert "gpg knows no secret key" in wrong, wrong
        chain.cli("key", "import", ARCHIVE, "--agent", key.fingerprint, "--home", str(gpg.home))
        chain.cli("key", "rotate", ARCHIVE)
        assert f"in the agent of {gpg.home}" in chain.cli("key", "list").stdout
        both = keys_of(chain)
        for fingerprint in both:
            assert accepted(env, chain, key_alone(env, chain, fingerprint, fingerprint))
        chain.client(STAGING).update().must()
        for file in (chain.larder.store / "keys").iterdir():
            assert key.fingerprint not in file.name
        # Without that agent's secret nothing is published, and what was stays.
        before = chain.release(STAGING)
        for secret in (gpg.home / "private-keys-v1.d").iterdir():
            secret.rename(secret.with_suffix(".away"))
        chain.larder.restart()
        assert chain.include(STAGING, Package("tool"), check=1).stderr
        assert chain.release(STAGING) == before
        for secret in (gpg.home / "private-keys-v1.d").iterdir():
            secret.rename(secret.with_suffix(".key"))
        chain.include(STAGING, Package("tool"))
        assert "--certificate" in chain.cli("key", "revoke", ARCHIVE, key.fingerprint, "--reason", "lost", check=1).stderr
        chain.cli("key", "revoke", ARCHIVE, key.fingerprint, "--reason", "lost", "--certificate",
                  str(gpg.home / f"openpgp-revocs.d/{key.fingerprint}.rev"))
        assert states(chain) == ["leaving", "revoked"]
        chain.client(STAGING).update().must()
    finally:
        gpg.close()


def test_a_key_on_its_way_out_whose_card_was_taken_away_keeps_nobody_from_publishing(env):
    gpg = Keys()
    try:
        chain = Chain(env, chain=(STAGING,))
        key = gpg.make("on a card")
        chain.cli("key", "import", ARCHIVE, "--agent", key.fingerprint, "--home", str(gpg.home))
        chain.cli("key", "rotate", ARCHIVE, "--to", key.fingerprint)
        new = chain.json("key", "rotate", ARCHIVE, "--reason", "the card goes")["fingerprint"]
        for secret in (gpg.home / "private-keys-v1.d").iterdir():
            secret.unlink()
        chain.larder.restart()
        chain.include(STAGING, Package("tool"))
        assert accepted(env, chain, key_alone(env, chain, new, "new"))
        assert not accepted(env, chain, key_alone(env, chain, key.fingerprint, "card"))
        assert f"the key {key.fingerprint}, which is leaving, has not signed" in chain.larder.log()
        chain.client(STAGING).update().must()
        # That it is lacking is no reason to publish the pocket in every round.
        assert chain.json("key", "package", ARCHIVE, "--off")["pockets"] == []
    finally:
        gpg.close()


def test_an_old_key_stays_until_machines_of_a_frozen_pocket_can_have_heard_of_the_new_one(env):
    chain = LaterChain(env, chain=(STAGING, PROPOSED))
    chain.json("key", "package", ARCHIVE)
    chain.cli("pocket", "freeze", chain.name(STAGING), "--reason", "release week")
    chain.json("key", "rotate", ARCHIVE)
    package = f"Package: {ARCHIVE}-keyring\n".encode()
    before = chain.index(STAGING)
    chain.after(31)
    chain.larder.wait_log("it was to leave on .*, and stays until every pocket has the package")
    assert states(chain) == ["leaving", "active"] and chain.index(STAGING) == before and package in before
    chain.cli("pocket", "unfreeze", chain.name(STAGING), "--reason", "released")
    chain.after(32)
    wait_for(lambda: "key-stay" in chain.cli("audit", "list").stdout, "the key to stay for longer")
    assert chain.index(STAGING) != before
    chain.after(61)
    assert states(chain) == ["leaving", "active"]
    chain.after(63)
    wait_for(lambda: states(chain) == ["gone", "active"], "the old key to leave")


def test_machines_of_a_pocket_that_was_frozen_until_shortly_before_have_time_too(env):
    chain = LaterChain(env, chain=(STAGING, PROPOSED))
    chain.json("key", "package", ARCHIVE)
    chain.cli("pocket", "freeze", chain.name(STAGING), "--reason", "release week")
    chain.json("key", "rotate", ARCHIVE)
    chain.after(29)
    chain.cli("pocket", "unfreeze", chain.name(STAGING), "--reason", "released")
    chain.after(29.5)
    wait_for(lambda: "key-stay" in chain.cli("audit", "list").stdout, "the key to stay for longer")
    chain.after(58)
    assert states(chain) == ["leaving", "active"]


def test_what_a_frozen_pocket_lacks_besides_keeps_no_key(env):
    chain = LaterChain(env, chain=(STAGING, PROPOSED))
    chain.json("key", "package", ARCHIVE)
    chain.json("key", "rotate", ARCHIVE)
    chain.cli("pocket", "freeze", chain.name(STAGING), "--reason", "release week")
    chain.json("key", "generate", ARCHIVE, "--reason", "the next year's")
    chain.json("pocket", "create", f"{ARCHIVE}/another", "--arch", "amd64")
    chain.after(31)
    wait_for(lambda: states(chain) == ["gone", "active", "coming"], "the old key to leave")
    assert "key-stay" not in chain.cli("audit", "list").stdout


def test_a_key_that_ends_soon_is_told_of_everywhere(env):
    chain = LaterChain(env, chain=(STAGING,))
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 100 * DAY))
    chain.cli("key", "expire", ARCHIVE, "--at", day)
    assert chain.json("key", "list")["keys"][0]["warning"] == ""
    chain.after(50)
    warning = chain.json("key", "list")["keys"][0]["warning"]
    assert "in 50 days" in warning or "in 51 days" in warning, warning
    assert "larder key rotate" in chain.cli("status").stdout
    assert "larder key rotate" in chain.larder.good("/pages/keys").body.decode()
    chain.larder.wait_log("a key of an archive: it ends on")
    name = f'larder_key_expires_seconds{{archive="{ARCHIVE}",key="{keys_of(chain)[0]}",state="active"}}'
    assert 49 * DAY < chain.larder.metrics()[name] < 52 * DAY
    assert accepted(env, chain, ring_of(env, published_keys(chain), "published"))


def test_the_keyring_package_brings_the_new_key_by_an_upgrade(env):
    chain = LaterChain(env, chain=())
    ring_package = f"{ARCHIVE}-keyring"
    chain.json("pocket", "create", f"{ARCHIVE}/stable", "--arch", "amd64")
    assert ring_package.encode() not in chain.index("stable")
    chain.json("key", "package", ARCHIVE)
    chain.include("stable", Package("tool", "1.0"))
    # The first time, by hand; from then on by upgrades.
    root = env.folder("machine")
    first = env.folder("rings") / "first.asc"
    first.write_bytes(published_keys(chain))
    client = client_with(env, chain, first, "stable")

    def upgrade():
        client.forget_packages()
        client.update().must()
        client.install(ring_package).must()
        client.unpack(root)
    upgrade()
    installed = root / f"usr/share/keyrings/{ring_package}.gpg"
    client = client_with(env, chain, installed, "stable")
    upgrade()
    old, first_version = keys_of(chain)[0], client.versions(ring_package)
    chain.json("key", "rotate", ARCHIVE)
    upgrade()
    new_version = client.versions(ring_package)
    assert len(first_version) == len(new_version) == 1 and first_version != new_version
    assert fingerprints_in(installed.read_bytes()) == keys_of(chain)
    chain.after(31)
    wait_for(lambda: states(chain) == ["gone", "active"], "the old key to leave")
    wait_for(lambda: old not in chain.release("stable"), "the pocket to be published")
    client.set_sources([source(chain, "stable")])
    wait_for(lambda: client.update("Acquire::Check-Date=false").must() and client.versions(ring_package) != new_version,
             "the package without the old key")


def test_the_keyring_package_is_one_as_dpkg_makes_them(env):
    chain = Chain(env, chain=())
    chain.json("pocket", "create", f"{ARCHIVE}/stable", "--arch", "amd64,arm64")
    chain.json("key", "package", ARCHIVE)
    stanza = chain.index("stable").decode()
    path = re.search(r"^Filename: (\S+)$", stanza, re.M)[1]
    body = chain.larder.good(f"/{ARCHIVE}/{path}").body
    deb = env.folder("deb") / "keyring.deb"
    deb.write_bytes(body)
    told = subprocess.run(["dpkg-deb", "--info", deb], capture_output=True, text=True, check=True).stdout
    assert "Architecture: all" in told and f"Package: {ARCHIVE}-keyring" in told
    names = subprocess.run(["dpkg-deb", "--contents", deb], capture_output=True, text=True, check=True).stdout
    assert "root/root" in names and f"./usr/share/keyrings/{ARCHIVE}-keyring.gpg" in names, names
    for architecture in ("amd64", "arm64"):
        index = chain.larder.good(f"/{ARCHIVE}/dists/stable/main/binary-{architecture}/Packages").body
        assert hashlib.sha256(body).hexdigest().encode() in index
    frozen = chain.cli("pocket", "freeze", f"{ARCHIVE}/stable", "--reason", "release week")
    report = chain.json("key", "rotate", ARCHIVE)
    assert any("comes into it once it is not" in p["note"] for p in report["pockets"]), (report, frozen)


def test_what_a_crash_leaves_half_signed_is_finished_by_itself(env):
    chain = Chain(env)
    old = keys_of(chain)[0]
    chain.larder.stop()
    # With the store open by the command itself, which is killed as soon as the key has changed.
    command = subprocess.Popen([os.environ.get("LARDER_BIN", "build/release/larder"), "key", "rotate", ARCHIVE,
                                "--config", chain.larder.config], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    keys = chain.larder.store / "keys"
    wait_for(lambda: len(list(keys.glob("*.key"))) == 2 or command.poll() is not None, "the new key")
    command.kill()
    command.wait()
    chain.larder.start()
    if states(chain) == ["active"]:  # killed before anything had changed
        chain.json("key", "rotate", ARCHIVE)
    new = keys_of(chain, "active")[0]
    for suite in (STAGING, PROPOSED, RELEASED):
        wait_for(lambda: f"\nSigned-By: {old}, {new}\n" in chain.release(suite), "every pocket to be signed by both")


def test_keys_are_for_admins_and_told_to_readers(env):
    chain = with_tokens(env)
    for kind, options in (("key_rotate", {}), ("key_generate", {}), ("key_revoke", {"reason": "x"}),
                          ("key_export", {}), ("key_expire", {"at": "never"}), ("key_package", {})):
        for role in ("read", "upload", "promote"):
            assert start(chain, kind, role, archive=ARCHIVE, **options)[0] == 403, (kind, role)
    assert start(chain, "keys", "read")[1]["keys"][0]["state"] == "active"
    assert start(chain, "key_rotate", "admin", archive=ARCHIVE)[0] == 200


def test_a_key_as_an_earlier_larder_kept_it_signs_and_is_kept_anew_when_it_changes(env):
    chain = Chain(env, chain=(STAGING,))
    keys, (only,) = chain.larder.store / "keys", keys_of(chain)
    chain.larder.stop()
    (keys / f"archive-{ARCHIVE}+{only}.key").rename(keys / f"archive-{ARCHIVE}.key")
    (keys / f"archive-{ARCHIVE}+{only}.rev").unlink()
    chain.larder.start()
    chain.include(STAGING, Package("tool"))
    chain.cli("key", "expire", ARCHIVE, "--at", "2040-01-01")
    assert sorted(f.name for f in keys.glob("archive-*")) == [f"archive-{ARCHIVE}+{only}.key"]
    chain.cli("key", "rotate", ARCHIVE)
    chain.cli("key", "revoke", ARCHIVE, only, "--reason", "its certificate is made when it is needed")
    assert revoked_in(published_keys(chain))[0] == "r"
    chain.client(STAGING).update().must()


def test_no_copy_of_a_secret_outlives_the_server_not_even_a_kill(env):
    chain = LaterChain(env, chain=(STAGING,))
    places = env.folder("t")
    chain.later["TMPDIR"] = str(places)
    chain.after(0)
    chain.include(STAGING, Package("tool"))
    secrets = lambda: list(places.glob("larder-keys-*/private-keys-v1.d"))
    assert secrets()
    chain.larder.stop()
    assert not list(places.iterdir())
    chain.larder.start(**chain.later)
    chain.include(STAGING, Package("other"))
    left = secrets()
    chain.larder.kill()
    assert left and secrets() == left
    chain.after(1)
    wait_for(lambda: not [p for p in left if p.exists()], "what was left to be removed")


def test_a_key_that_has_ended_signs_no_more_and_the_other_does(env):
    chain = LaterChain(env, chain=(STAGING,))
    day = time.strftime("%Y-%m-%d", time.gmtime(time.time() + 10 * DAY))
    chain.cli("key", "expire", ARCHIVE, "--at", day)
    old = keys_of(chain)[0]
    chain.after(12)
    before = chain.release(STAGING)
    why = chain.include(STAGING, Package("tool"), check=1).stderr
    assert "no key of archive 'cloud' can sign now" in why and "larder key rotate" in why, why
    assert chain.release(STAGING) == before and "it ended on" in chain.cli("status").stdout
    new = chain.json("key", "rotate", ARCHIVE)["fingerprint"]
    chain.include(STAGING, Package("tool"))
    assert accepted(env, chain, key_alone(env, chain, new, "new"))
    chain.cli("key", "expire", ARCHIVE, old, "--at", "never")
    assert accepted(env, chain, key_alone(env, chain, old, "old"))


def test_an_archive_begins_with_a_key_that_was_made_elsewhere_and_with_a_keyring_package(env):
    gpg = Keys()
    try:
        chain = Chain(env, chain=())
        key = gpg.make("made elsewhere")
        secret = env.folder("secret") / "key.asc"
        secret.write_bytes(gpg.gpg("--armor", "--export-secret-keys", key.fingerprint))
        assert chain.json("archive", "create", "other", "--key", str(secret), "--keyring-package")["key"] == key.fingerprint
        chain.json("pocket", "create", "other/stable", "--arch", "amd64", "--needs-source", "--arch", "source")
        ring = env.folder("rings") / "theirs.gpg"
        ring.write_bytes(key.public())
        client = env.apt([f"deb KEY {chain.larder.url}/other stable main"], ring)
        client.update().must()
        assert len(client.versions("other-keyring")) == 1
    finally:
        gpg.close()


def test_a_machine_of_a_deployment_gets_the_keys_of_what_is_pinned(env):
    chain = Chain(env, chain=(STAGING,))
    chain.include(STAGING, Package("tool"))
    chain.cli("deployment", "create", "web", "--suite", chain.name(STAGING), "--arch", "amd64")
    old = keys_of(chain)[0]
    chain.cli("key", "rotate", ARCHIVE)
    chain.cli("key", "revoke", ARCHIVE, old, "--reason", "stolen")
    sources = chain.larder.good("/d/web/larder.sources").body.decode()
    block = re.search(r"-----BEGIN PGP PUBLIC KEY BLOCK-----.*?-----END PGP PUBLIC KEY BLOCK-----", sources, re.S)[0]
    text = "\n".join("" if line.strip() == "." else line.strip() for line in block.splitlines()).encode() + b"\n"
    assert fingerprints_in(text)[:2] == keys_of(chain) and revoked_in(text)[0] == "r"


def test_what_is_wrong_is_said(env):
    chain = Chain(env, chain=(STAGING,))
    for wrong, said in ((("generate", "other"), "no local archive is called 'other'"),
                        (("generate", ARCHIVE, "--algorithm", "dsa"), "ed25519 or rsa4096"),
                        (("generate", ARCHIVE, "--expires", "soon"), "is a day"),
                        (("generate", ARCHIVE, "--expires", "2020-01-01"), "before it begins"),
                        (("expire", ARCHIVE, "--at", "2020-01-01"), "lies ahead"),
                        (("revoke", ARCHIVE, "ABCDEF01", "--reason", "x"), "has no key ABCDEF01"),
                        (("rotate", ARCHIVE, "--to", keys_of(chain)[0]), "only one that is coming"),
                        (("export", ARCHIVE, "1234"), "has no key 1234"),
                        (("list", "other"), "no local archive is called 'other'")):
        done = chain.cli("key", *wrong, check=None)
        assert done.returncode != 0 and said in done.stderr, (wrong, done.stderr)
    assert states(chain) == ["active"]
