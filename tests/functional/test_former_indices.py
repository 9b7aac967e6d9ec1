"""The indices of former states: kept as chunks for ever, shared by states, and served when nothing else has them."""

import hashlib
import lzma

from support import debs
from support.fleet import HOUR, RELEASE, Fleet, moment, packages_of
from support.process import wait_for

FOLDER = "dists/stable/main/binary-amd64"


def filler(count, changed=()):
    """Stanzas of packages that nobody has, so that an index has the size of a real one's."""
    def one(i):
        version = "2.0" if i in changed else "1.0"
        text = " ".join(hashlib.sha256(f"{i} {n}".encode()).hexdigest() for n in range(8))
        return (f"Package: filler-{i:05}\nVersion: {version}\nArchitecture: all\nDescription: {text}\n"
                f"Filename: pool/main/f/filler/filler-{i:05}_{version}_all.deb\nSize: 1000\n"
                f"SHA256: {hashlib.sha256(f'{i} {version}'.encode()).hexdigest()}\n")
    return "\n".join(one(i) for i in range(count)).encode()


class Former(Fleet):
    """An archive as Debian's: the indices' uncompressed forms are named, and are not there. `count` packages in it."""

    def __init__(self, env, count=2000, **settings):
        self.count, self.changed = count, set()
        super().__init__(env, **settings)
        self.unit("/debian").update().must()
        self.texts = {self.hours: self.index()}

    def publish(self, version, hours_ago, marker=None):
        archive, own = self.archive, type(self.archive).packages_index
        archive.packages_index = lambda *a, **k: own(archive, *a, **k) + b"\n" + filler(self.count, self.changed)
        packages = packages_of(version, marker)
        for old in archive.packages:
            (archive.root / old.pool_path).unlink(missing_ok=True)
        archive.packages = []
        archive.add(*packages)
        archive.publish("stable", date=self.now - hours_ago * HOUR, by_hash=False, pack=(".xz", ".gz"), pdiffs=True)
        self.hours = hours_ago
        return {f"{p.name}_{p.version}_{p.arch}.deb": debs.deb(p).read_bytes() for p in packages}

    def moves_on(self, version="2.0", hours_ago=4, changed=()):
        self.changed |= set(changed)
        new = super().moves_on(version, hours_ago)
        self.texts[hours_ago] = self.index()
        return new

    def index(self):
        return self.archive.packages_index("main", "amd64")

    def snapshot(self, hours_ago):
        return f"/snapshot/debian/{moment(self.now - hours_ago * HOUR)}"

    def get_index(self, hours_ago, name="Packages"):
        return self.larder.get(f"{self.snapshot(hours_ago)}/{FOLDER}/{name}")

    def only_chunks(self):
        """What gc says; nothing of a former state is left but what is kept for ever."""
        self.larder.stop()
        report = self.json("gc", "--remove", "--grace", "0s", "--free", "1000000000")
        self.larder.start()
        return report

    def rows(self):
        return self.json("snapshot", "list", "debian/stable")["snapshots"]

    def files_of_chunks(self):
        return [p for p in (self.larder.store / "objects").rglob("*")
                if p.is_file() and b"\x5e\x2a\x4d\x18\x08\x00\x00\x00" in p.read_bytes()[-16:]]

    def damage(self, path):
        data = bytearray(path.read_bytes())
        data[100] ^= 1
        path.chmod(0o644)
        path.write_bytes(data)


def test_apt_updates_and_installs_from_a_snapshot_of_which_only_chunks_are_left(env):
    fleet = Former(env)
    fleet.create()
    fleet.installs(fleet.unit(), fleet.first)  # so its packages are held, and the state after it has the same
    fleet.moves_on("1.0", changed=[3])
    fleet.moves_on("2.0", hours_ago=3)
    fleet.gone()
    fleet.only_chunks()
    unit = fleet.unit(fleet.snapshot(4))
    fleet.installs(unit, fleet.first)
    assert unit.versions("filler-00003") == ["2.0"] and unit.versions("filler-00004") == ["1.0"]
    assert fleet.get_index(4).body == fleet.texts[4]


def test_a_snapshot_says_what_it_can_be_served_from(env):
    fleet = Former(env)
    fleet.moves_on()
    fleet.gone()
    before, now = fleet.rows()
    assert before["indices_here"] == before["indices"] == 1 and before["whole"] and before["indices_from_chunks"] == 0
    report = fleet.only_chunks()
    assert report["former_indices"] == 1 and report["former_indices_bytes"] > 0
    before, now = fleet.rows()
    assert (before["indices_here"], before["indices_from_chunks"], before["whole"]) == (0, 1, True)
    assert now["indices_here"] == 1 and now["whole"]
    assert fleet.get_index(5).body == fleet.texts[5]
    text = fleet.cli("snapshot", "list")
    assert "FROM CHUNKS" in text and "MISSING" in text


def test_of_a_second_state_only_what_changed_is_kept(env):
    fleet = Former(env, count=3000)
    fleet.moves_on(changed=[1500])
    first = fleet.only_chunks()
    fleet.moves_on("3.0", hours_ago=3, changed=[100])
    second = fleet.only_chunks()
    assert first["former_indices"] == second["former_indices"] == 1
    assert second["former_indices_bytes"] * 10 < first["former_indices_bytes"], (first, second)
    fleet.gone()
    assert fleet.get_index(5).body == fleet.texts[5]
    assert fleet.get_index(4).body == fleet.texts[4]
    assert fleet.only_chunks()["former_indices"] == 0


def test_a_compressed_form_is_absent_once_nobody_has_it_and_the_uncompressed_one_is_served(env):
    fleet = Former(env)
    fleet.moves_on()
    fleet.only_chunks()
    for name in ("Packages.xz", "Packages.gz", "Packages.xz"):
        answer = fleet.get_index(5, name)       # upstream is there, with other bytes in its place
        assert answer.status == 404 and b"uncompressed" in answer.body, (name, answer.status, answer.body)
    fleet.gone()
    assert fleet.get_index(5, "Packages.gz").status == 404
    whole = fleet.get_index(5)
    assert whole.ok and whole.body == fleet.texts[5]
    sha = hashlib.sha256(fleet.texts[5]).hexdigest()
    for view in (fleet.snapshot(5), "/debian"):
        assert fleet.larder.good(f"{view}/{FOLDER}/by-hash/SHA256/{sha}").body == fleet.texts[5]
    # The same file has the same date, each time that it is made.
    fleet.only_chunks()
    assert fleet.get_index(5).headers["last-modified"] == whole.headers["last-modified"]


def test_a_compressed_form_that_upstream_still_has_is_served(env):
    fleet = Former(env)
    fleet.archive.publish("stable", date=fleet.now - 4 * HOUR, pack=(".xz", ".gz"))  # Acquire-By-Hash, from now
    fleet.texts[4] = fleet.index()
    here = (fleet.archive.root / RELEASE).read_bytes()
    wait_for(lambda: fleet.larder.good(f"/debian/{RELEASE}").body == here, "the new state")
    fleet.moves_on(hours_ago=3)
    fleet.only_chunks()
    served = fleet.get_index(4, "Packages.xz")
    assert served.ok and lzma.decompress(served.body) == fleet.texts[4]


def test_an_index_that_is_first_asked_for_after_its_state_was_kept_is_kept_as_well(env):
    fleet = Former(env)
    fleet.archive.publish("stable", date=fleet.now - 4 * HOUR, pack=(".xz", ".gz"), extras=("translation",))
    here = (fleet.archive.root / RELEASE).read_bytes()
    wait_for(lambda: fleet.larder.good(f"/debian/{RELEASE}").body == here, "the new state")
    fleet.moves_on(hours_ago=3)
    fleet.only_chunks()
    other = f"{fleet.snapshot(4)}/dists/stable/main/i18n/Translation-en"
    text = lzma.decompress(fleet.larder.good(other + ".xz").body)
    wait_for(lambda: fleet.larder.metrics()["larder_objects_stored_total"] >= 1, "it to be stored")
    assert fleet.only_chunks()["former_indices"] == 1
    fleet.gone()
    assert fleet.larder.good(other).body == text


def test_no_patches_are_promised_of_a_state_of_which_only_chunks_are_left(env):
    fleet = Former(env)
    fleet.moves_on()
    fleet.larder.good(f"/debian/{FOLDER}/Packages.diff/Index")
    fleet.moves_on("3.0", hours_ago=3)
    fleet.gone()
    fleet.only_chunks()
    assert fleet.larder.get(f"{fleet.snapshot(4)}/{FOLDER}/Packages.diff/Index").status == 404
    unit = fleet.unit(fleet.snapshot(4))
    unit.update("Acquire::PDiffs=true").must()
    assert unit.versions("service") == ["2.0"]


def test_states_are_compared_when_only_chunks_of_them_are_left(env):
    fleet = Former(env)
    fleet.moves_on(changed=[7])
    fleet.moves_on("3.0", hours_ago=3)
    fleet.gone()
    fleet.only_chunks()
    report = fleet.json("snapshot", "diff", f"debian/stable@{moment(fleet.now - 5 * HOUR)}",
                        f"debian/stable@{moment(fleet.now - 4 * HOUR)}")
    assert not report["unread"] and report["counts"]["upgraded"] == 3, report["counts"]


def test_a_state_of_which_only_chunks_are_left_can_be_pinned(env):
    fleet = Former(env)
    fleet.moves_on()
    fleet.gone()
    fleet.only_chunks()
    fleet.create(suite=f"debian/stable@{moment(fleet.now - 5 * HOUR)}")
    fleet.collect_all()
    unit = fleet.unit()
    unit.update().must()
    assert unit.versions("service") == ["1.0"]


def test_derived_tables_are_made_anew_from_chunks(env):
    fleet = Former(env)
    fleet.moves_on()
    fleet.gone()
    with_all_of_them = fleet.json("doctor", "--rebuild")
    fleet.only_chunks()
    report = fleet.json("doctor", "--rebuild")
    assert report["whole"] and report["indices"] == with_all_of_them["indices"] >= 2, (report, with_all_of_them)


def test_a_damaged_chunk_reaches_nobody_and_doctor_says_what_is_lost(env):
    fleet = Former(env)
    fleet.moves_on()
    fleet.gone()
    fleet.only_chunks()
    [file] = fleet.files_of_chunks()
    fleet.damage(file)
    answer = fleet.get_index(5)
    assert not answer.ok, answer.status
    fleet.larder.wait_log("could not be put together.*is damaged, in object")
    report = fleet.json("doctor", check=1)
    name = file.parent.name + file.name
    assert [t["object"] for t in report["lost"]] == [name], report["lost"]
    assert any(o.startswith("index/") for o in report["lost"][0]["known_from"])
    assert any("binary-amd64/Packages of debian/stable" in d for d in report["dropped"]), report["dropped"]
    [before, _] = fleet.rows()
    assert not before["whole"] and before["indices_from_chunks"] == 0
    assert fleet.json("doctor")["whole"]


def test_doctor_mends_chunks_of_an_index_that_is_here_and_of_those_that_share_them(env):
    fleet = Former(env)
    fleet.moves_on(changed=[7])
    fleet.only_chunks()
    fleet.moves_on("3.0", hours_ago=3, changed=[8])
    fleet.only_chunks()
    assert fleet.get_index(5).ok and fleet.get_index(4).ok   # objects again, uncompressed
    fleet.gone()
    files = fleet.files_of_chunks()
    assert len(files) == 2
    for file in files:
        fleet.damage(file)
    report = fleet.json("doctor")
    assert report["whole"] and len(report["refetched"]) == 2 and len(report["damaged"]) == 2, report
    fleet.only_chunks()
    assert fleet.get_index(5).body == fleet.texts[5] and fleet.get_index(4).body == fleet.texts[4]


def test_doctor_mends_chunks_from_another_larder(env):
    fleet = Former(env)
    other = fleet.second(upstream={"private_networks": ["127.0.0.0/8"]})
    other.good(f"/debian/{RELEASE}")
    other.good(f"/debian/{FOLDER}/Packages.xz")
    fleet.moves_on()
    fleet.only_chunks()
    here = (fleet.archive.root / RELEASE).read_bytes()
    wait_for(lambda: other.good(f"/debian/{RELEASE}").body == here, "the other to see the new state")
    fleet.gone()
    [file] = fleet.files_of_chunks()
    fleet.damage(file)
    fleet.larder.tables["archive"][0]["upstream"].append(f"{other.url}/snapshot/debian/{moment(fleet.now - 5 * HOUR)}")
    fleet.larder.tables["upstream"]["private_networks"] = ["127.0.0.0/8"]
    fleet.larder.write_config()
    fleet.larder.restart()
    assert fleet.json("doctor")["whole"]
    fleet.only_chunks()
    other.stop()
    assert fleet.get_index(5).body == fleet.texts[5]


def test_a_dry_run_of_gc_keeps_nothing_and_tells_the_same(env):
    fleet = Former(env)
    fleet.moves_on()
    fleet.larder.stop()
    dry = fleet.json("gc", "--grace", "0s", "--free", "1000000000")
    assert dry["former_indices"] == 1 and not fleet.files_of_chunks()
    report = fleet.json("gc", "--remove", "--grace", "0s", "--free", "1000000000")
    assert report["removed"] == dry["removed"] and len(fleet.files_of_chunks()) == 1
