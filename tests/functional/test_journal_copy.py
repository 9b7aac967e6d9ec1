"""The journal is signed at intervals, and can be looked through elsewhere: by a copy of it, without server or store."""

import json
import re
import subprocess

from support.debs import Package
from support.places import larder_binary
from support.process import wait_for
from test_pockets import STAGING, Chain


def larder(*arguments):
    """The program alone: no configuration, no store."""
    return subprocess.run([larder_binary(), *map(str, arguments)], capture_output=True, text=True,
                          env={"PATH": "/usr/bin:/bin", "HOME": "/nonexistent"})


def exported(env, chain):
    file = env.folder("copy") / "journal"
    chain.cli("audit", "export", str(file))
    return file


def sealed(chain):
    return chain.json("audit", "verify", check=None)["sealed"]


def test_a_running_server_signs_the_journal(env):
    chain = Chain(env, chain=(STAGING,))
    chain.larder.stop()
    chain.larder.start()
    wait_for(lambda: sealed(chain), "the journal to be signed")
    said = chain.cli("audit", "verify").stdout
    number = chain.json("audit", "show")["entries"][-1]["number"]
    assert f"Signed up to entry {number}" in said, said
    key = chain.json("key", "show")
    assert sealed(chain)["by"] in json.dumps(key), (sealed(chain), key)


def test_a_copy_is_verified_without_server_and_store(env):
    chain = Chain(env, chain=(STAGING,))
    chain.include(STAGING, Package("tool"))
    file = exported(env, chain)
    done = larder("audit", "verify", "--file", file)
    assert done.returncode == 0 and "is whole: 3 entries" in done.stdout, done
    assert "Signed up to entry 3" in done.stdout and "came with the copy" in done.stdout, done.stdout
    shown = json.loads(larder("audit", "show", "--file", file, "--json").stdout)
    assert shown["entries"] == chain.json("audit", "show")["entries"]
    assert [e["what"] for e in shown["entries"]] == ["archive-create", "pocket-create", "pocket-include"]
    last = larder("audit", "show", "--file", file, "--last", "1").stdout
    assert "pocket-include" in last and "pocket-create" not in last, last


def test_what_is_signed_in_a_copy_is_taken_by_gpg(env):
    chain = Chain(env, chain=(STAGING,))
    text = exported(env, chain).read_text()
    home = env.folder("gpg")
    key = text[text.index("-----BEGIN PGP PUBLIC KEY BLOCK"):]
    seal = text[text.index("-----BEGIN PGP SIGNED MESSAGE"):text.index("-----BEGIN PGP PUBLIC KEY BLOCK")]
    subprocess.run(["gpg", "--dearmor", "-o", home / "ring.gpg"], input=key.encode(), check=True)
    (home / "seal").write_text(seal)
    done = subprocess.run(["gpgv", "--keyring", home / "ring.gpg", home / "seal"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_a_copy_that_was_changed_anywhere_is_told_from_a_true_one(env):
    chain = Chain(env, chain=(STAGING,))
    chain.include(STAGING, Package("tool"), more=["--reason", "asked for"])
    file = exported(env, chain)
    true = file.read_text()
    entries = re.split(r"(?<=\n)\n", true[true.index("\n\n") + 2:true.index("-----BEGIN")])

    def said(text, *more):
        file.write_text(text)
        done = larder("audit", "verify", "--file", file, *more)
        assert done.returncode in (1, 3), done
        return done.stdout + done.stderr
    assert "does not follow" in said(true.replace(entries[0] + "\n", ""))
    assert "does not follow" in said(true.replace("What: pocket-create", "What: pocket-change"))
    # The last entry has nobody behind it: what was signed tells.
    assert "entry 3 was another when it was signed" in said(true.replace("Reason: asked for", "Reason: wanted"))
    assert "entry 3 was another when it was signed" in said(true.replace(entries[2] + "\n", ""))
    assert "does not fit" in said(re.sub(r"(?m)^Number: 3$", "Number: 2", true.replace(entries[2] + "\n", "")))
    assert "ends within an entry" in said(true[:200])
    assert "no copy of a journal" in said("Hello\n")
    assert "not signed" in said(true[:true.index("-----BEGIN PGP SIGNED")])
    other = Chain(env, chain=())
    wrong = exported(env, other).read_text()
    key = file.with_name("other.asc")
    key.write_text(wrong[wrong.index("-----BEGIN PGP PUBLIC KEY BLOCK"):])
    assert "does not fit" in said(true, "--key", key)


def test_what_was_signed_stays_through_gc_and_rebuild(env):
    chain = Chain(env, chain=(STAGING,))
    exported(env, chain)
    chain.include(STAGING, Package("tool"))
    chain.cli("gc")
    chain.larder.stop()
    chain.cli("doctor", "--rebuild")
    assert sealed(chain)["number"] == 2
    assert "Signed up to entry 2" in chain.cli("audit", "verify").stdout
