#include "faulty_ops.hpp"
#include "file_objects.hpp"
#include "scratch_folder.hpp"
#include "waiting.hpp"
#include <catch2/catch.hpp>
#include <map>

using namespace larder;
using namespace larder::store;
using larder::test::answers;
using larder::test::faulty_ops;
using larder::test::files_below;

namespace {

constexpr sys_seconds noon{std::chrono::seconds{1'790'000'000}};

/// What was acknowledged: the store owes these bytes.
using owed = std::map<digest, std::string>;

void note(owed& acknowledged, const result<digest>& r, const std::string& bytes) {
    if (r) acknowledged[*r] = bytes;
}

/// A bit of everything a store does, going on after each failure as a server would.
void use(object_store& objects, owed& acknowledged) {
    for (const std::string bytes : {"one", "two", "one"}) note(acknowledged, objects.put(bytes, noon), bytes);
    if (auto file = objects.begin()) {
        bool whole = true;
        for (int i = 0; i < 3; ++i) whole = whole && (*file)->append("piece ").has_value();
        if (!whole && (*file)->restart()) whole = (*file)->append("piece piece piece ").has_value();
        answers one{1};
        objects.commit(std::move(*file), sha256("piece piece piece "), noon, one.callback());
        one.wait_for_good_ones();
        note(acknowledged, one.all().front(), "piece piece piece ");
    }
    note(acknowledged, test::commit_and_wait(objects, "two", sha256("two"), noon), "two");
    if (!objects.remove(sha256("one")) || !objects.find(sha256("one")).value()) acknowledged.erase(sha256("one"));
    note(acknowledged, objects.put("last", noon), "last");
}

void check_invariants(const std::string& folder, const owed& acknowledged) {
    auto objects = open_file_objects(folder).value();
    std::size_t broken = 0;
    REQUIRE(objects->for_each([&](const digest& d, const object_info&) {
        broken += objects->read(d).has_value() ? 0U : 1U;
        return true;
    }));
    CHECK(broken == 0);
    for (const auto& [d, bytes] : acknowledged) {
        const auto there = objects->read(d);
        REQUIRE(there);
        CHECK(*there == bytes);
    }
    CHECK(files_below(folder + "/incoming") == 0);
}

}  // namespace

TEST_CASE("object faults: whichever call fails, what was acknowledged is there and nothing partial is seen") {
    const auto after = GENERATE(faulty_ops::then::work_again, faulty_ops::then::stay_broken);
    const bool no_nameless = GENERATE(false, true);
    const int code = after == faulty_ops::then::work_again ? EIO : ENOSPC;
    int tried = 0;
    for (int n = 1;; ++n) {
        const test::scratch_folder folder{test::on::memory};
        faulty_ops ops;
        ops.no_nameless = no_nameless;
        owed acknowledged;
        auto objects = open_file_objects(folder.path(), ops).value();
        ops.fail(n, code, after);
        use(*objects, acknowledged);
        const bool reached = ops.calls >= n;
        objects.reset();
        check_invariants(folder.path(), acknowledged);
        ++tried;
        if (!reached) {
            CHECK(acknowledged.size() == 3);  // nothing failed: two, pieces, last
            break;
        }
    }
    CHECK(tried > 20);
}

TEST_CASE("object faults: whichever call fails while a store is made, making it again works") {
    for (int n = 1;; ++n) {
        const test::scratch_folder folder{test::on::memory};
        faulty_ops ops;
        ops.fail(n, EIO, faulty_ops::then::work_again);
        (void)open_file_objects(folder.path(), ops).has_value();
        const bool reached = ops.calls >= n;
        auto objects = open_file_objects(folder.path()).value();
        CHECK(objects->put("x", noon));
        if (!reached) break;
    }
}

TEST_CASE("object faults: a full disk is 'full', a broken one 'io'") {
    const test::scratch_folder folder{test::on::memory};
    faulty_ops ops;
    auto objects = open_file_objects(folder.path(), ops).value();
    for (const int code : {ENOSPC, EDQUOT}) {
        ops.fail(1, code, faulty_ops::then::stay_broken);
        CHECK(objects->begin().error().code() == errc::full);
        ops.fail(2, code, faulty_ops::then::stay_broken);
        CHECK(objects->put("bytes", noon).error().code() == errc::full);
        ops.fail(4, code, faulty_ops::then::stay_broken);
        CHECK(objects->put("bytes", noon).error().code() == errc::full);
    }
    ops.fail(1, EIO, faulty_ops::then::stay_broken);
    CHECK(objects->begin().error().code() == errc::io);
}

TEST_CASE("object faults: after an error the same bytes may be appended again") {
    const test::scratch_folder folder{test::on::memory};
    faulty_ops ops;
    auto objects = open_file_objects(folder.path(), ops).value();
    auto file = objects->begin().value();
    ops.fail(1, ENOSPC, faulty_ops::then::work_again);
    CHECK_FALSE(file->append("some bytes"));
    CHECK(file->size() == 0);
    CHECK(file->append("some bytes"));
    CHECK(file->finish() == sha256("some bytes"));
    CHECK(pread_all(file->fd(), 100, 0, "reading").value() == "some bytes");
}

TEST_CASE("object faults: an object is not acknowledged before its name is durable, not even the second time") {
    const test::scratch_folder folder{test::on::memory};
    faulty_ops ops;
    auto objects = open_file_objects(folder.path(), ops).value();
    // begin, write, date, sync, link, and then the folder.
    ops.fail(6, EIO, faulty_ops::then::work_again);
    CHECK(objects->put("bytes", noon).error().code() == errc::io);
    CHECK(ops.folder_syncs > 0);
    const int before = ops.folder_syncs;
    CHECK(objects->put("bytes", noon));
    CHECK(ops.folder_syncs == before + 1);
    CHECK(objects->put("bytes", noon));
    CHECK(ops.folder_syncs == before + 1);
}

TEST_CASE("object faults: a new name in a folder whose names were durable makes it durable again") {
    const test::scratch_folder folder{test::on::memory};
    faulty_ops ops;
    auto objects = open_file_objects(folder.path(), ops).value();
    const auto two_digits = sha256("0").hex().substr(0, 2);
    REQUIRE(objects->put("0", noon));
    int n = 1;
    while (sha256(std::to_string(n)).hex().substr(0, 2) != two_digits) ++n;
    const int before = ops.folder_syncs;
    REQUIRE(objects->put(std::to_string(n), noon));
    CHECK(ops.folder_syncs == before + 1);
}

TEST_CASE("object faults: bytes that could not be synced are no object") {
    const test::scratch_folder folder{test::on::memory};
    faulty_ops ops;
    auto objects = open_file_objects(folder.path(), ops).value();
    // begin, write, date, and then the sync; all that follows would work.
    ops.fail(4, EIO, faulty_ops::then::work_again);
    CHECK(objects->put("bytes", noon).error().code() == errc::io);
    CHECK(ops.file_syncs == 1);
    CHECK_FALSE(objects->find(sha256("bytes")).value());
}

TEST_CASE("object faults: where the fsync of a nameless file does not count, it has a name from the start") {
    const test::scratch_folder folder{test::on::memory};
    faulty_ops ops;
    ops.nameless_are_lost = true;
    auto objects = open_file_objects(folder.path(), ops).value();
    {
        auto file = objects->begin().value();
        CHECK(files_below(folder / "incoming") == 1);
    }
    CHECK(objects->put("bytes", noon));
    CHECK(files_below(folder / "incoming") == 0);
    CHECK(objects->read(sha256("bytes")).value() == "bytes");
}

TEST_CASE("object faults: without nameless files a dropped or refused one still leaves nothing") {
    const test::scratch_folder folder{test::on::memory};
    faulty_ops ops;
    ops.no_nameless = true;
    auto objects = open_file_objects(folder.path(), ops).value();
    {
        auto file = objects->begin().value();
        REQUIRE(file->append("half"));
        CHECK(files_below(folder / "incoming") == 1);
    }
    CHECK(files_below(folder / "incoming") == 0);
    CHECK_FALSE(test::commit_and_wait(*objects, "forged", sha256("genuine"), noon));
    CHECK(files_below(folder / "incoming") == 0);
    CHECK(test::commit_and_wait(*objects, "genuine", sha256("genuine"), noon));
    CHECK(files_below(folder / "incoming") == 0);
    CHECK(objects->read(sha256("genuine")));
}

namespace {

/// Holds the committer in its first sync until told, so that a batch can gather behind it.
class gated_ops final : public faulty_ops {
public:
    int sync_file(int fd) const override {
        std::unique_lock lock{mutex_};
        waiting_ = true;
        changed_.notify_all();
        changed_.wait(lock, [this] { return open_; });
        lock.unlock();
        return faulty_ops::sync_file(fd);
    }
    void wait_for_committer() {
        std::unique_lock lock{mutex_};
        changed_.wait(lock, [this] { return waiting_; });
    }
    void let_go() {
        const std::lock_guard lock{mutex_};
        open_ = true;
        changed_.notify_all();
    }

private:
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    mutable bool waiting_ = false;
    bool open_ = false;
};

std::unique_ptr<incoming> incoming_of(object_store& objects, const std::string& bytes) {
    auto file = objects.begin().value();
    REQUIRE(file->append(bytes));
    return file;
}

void commit(object_store& objects, const std::string& bytes, answers& all) {
    objects.commit(incoming_of(objects, bytes), sha256(bytes), noon, all.callback());
}

}  // namespace

TEST_CASE("object faults: fifty commits that wait together share two syncs") {
    const test::scratch_folder folder{test::on::memory};
    gated_ops ops;
    auto objects = open_file_objects(folder.path(), ops).value();
    const int folder_syncs = ops.folder_syncs;
    answers all{51};
    commit(*objects, "the first", all);
    ops.wait_for_committer();
    for (int i = 0; i < 50; ++i) commit(*objects, std::to_string(i), all);
    ops.let_go();
    CHECK(all.wait_for_good_ones() == 51);
    CHECK(ops.file_syncs == 1);
    CHECK(ops.folder_syncs - folder_syncs == 1);
    CHECK(ops.full_syncs == 2);
}

TEST_CASE(
    "object faults: commits that are asked for together share two syncs of an idle store, and each has its answer") {
    const test::scratch_folder folder{test::on::memory};
    faulty_ops ops;
    auto objects = open_file_objects(folder.path(), ops).value();
    answers all{10};
    std::vector<object_store::arrival> batch;
    for (int i = 0; i < 10; ++i) {
        const auto bytes = std::to_string(i);
        batch.push_back({incoming_of(*objects, bytes), sha256(i == 9 ? "another" : bytes), noon, all.callback()});
    }
    objects->commit_together(std::move(batch));
    CHECK(all.wait_for_good_ones() == 9);
    CHECK(ops.full_syncs == 2);
    CHECK(ops.file_syncs == 0);
    CHECK(objects->find(sha256("8")).value());
    CHECK_FALSE(objects->find(sha256("9")).value());
}

TEST_CASE(
    "object faults: of a few commits that are asked for together each is synced, and only its own failure counts") {
    const test::scratch_folder folder{test::on::memory};
    faulty_ops ops;
    auto objects = open_file_objects(folder.path(), ops).value();
    answers all{4};
    std::vector<object_store::arrival> batch;
    for (int i = 0; i < 4; ++i) {
        const auto bytes = std::to_string(i);
        batch.push_back({incoming_of(*objects, bytes), sha256(bytes), noon, all.callback()});
    }
    // Four dates, and the fsync of the second.
    ops.fail(4 + 2, EIO, faulty_ops::then::work_again);
    objects->commit_together(std::move(batch));
    CHECK(all.wait_for_good_ones() == 3);
    CHECK(ops.file_syncs == 4);
    CHECK_FALSE(objects->find(sha256("1")).value());
    CHECK(objects->find(sha256("2")).value());
}

TEST_CASE("object faults: when the shared sync fails, each file is asked, and only its own failure counts") {
    const test::scratch_folder folder{test::on::memory};
    gated_ops ops;
    auto objects = open_file_objects(folder.path(), ops).value();
    answers all{21};
    commit(*objects, "the first", all);
    ops.wait_for_committer();
    for (int i = 0; i < 20; ++i) commit(*objects, std::to_string(i), all);
    // The first one's sync, link, folder; then 20 dates, the shared sync, and the fsync of file 1.
    ops.fail(3 + 20 + 1, EIO, faulty_ops::then::work_again);
    ops.let_go();
    CHECK(all.wait_for_good_ones() == 21);
    CHECK(ops.file_syncs == 21);
}

TEST_CASE("object faults: the end of a store finishes what is queued") {
    const test::scratch_folder folder{test::on::memory};
    answers all{30};
    {
        auto objects = open_file_objects(folder.path()).value();
        for (int i = 0; i < 30; ++i) commit(*objects, std::to_string(i), all);
    }
    CHECK(all.all().size() == 30);
    CHECK(all.wait_for_good_ones() == 30);
}
