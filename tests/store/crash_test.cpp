#include "scratch_folder.hpp"
#include "waiting.hpp"
#include <catch2/catch.hpp>
#include <csignal>
#include <larder/store/store.hpp>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace larder;

namespace {

constexpr sys_seconds noon{std::chrono::seconds{1'790'000'000}};

std::string bytes_of(int round, int n) {
    return std::to_string(round) + "/" + std::to_string(n) + std::string(3000, 'x');
}

/// In the child: commits as fast as it can, and says of each that is acknowledged so to the pipe.
[[noreturn]] void commit_for_ever(const std::string& path, int round, int pipe) {
    auto s = store::open(path).value();
    for (int n = 0;; ++n) {
        const auto bytes = bytes_of(round, n);
        auto file = s->objects().begin().value();
        if (!file->append(bytes)) ::_exit(1);
        s->objects().commit(std::move(file), sha256(bytes), noon, [pipe](result<digest> r) {
            if (!r || ::write(pipe, r->bytes.data(), r->bytes.size()) != 32) ::_exit(1);
        });
        // Every 16th is waited for, so that the queue does not run away, and a ref is swung to it.
        if (n % 16 != 15) continue;
        const auto d = s->objects().put("ref" + bytes, noon).value();
        const auto now = s->refs().get("latest").value();
        if (!s->refs().change({{"latest", now ? now->version : 0, d.hex()}})) ::_exit(1);
    }
}

/// Reads acknowledgements until there are `enough`, kills, reads the rest.
std::vector<digest> kill_after(pid_t child, int pipe, std::size_t enough) {
    std::vector<digest> acknowledged;
    digest d;
    bool killed = false;
    // A write of 32 bytes to a pipe is whole or not at all.
    while (::read(pipe, d.bytes.data(), d.bytes.size()) == 32) {
        acknowledged.push_back(d);
        if (acknowledged.size() >= enough && !killed) {
            ::kill(child, SIGKILL);
            killed = true;
        }
    }
    return acknowledged;
}

void check_store(const std::string& path, const std::vector<digest>& acknowledged) {
    auto s = store::open(path).value();
    std::size_t lost = 0;
    for (const auto& d : acknowledged) lost += s->objects().read(d).has_value() ? 0U : 1U;
    CHECK(lost == 0);
    std::size_t damaged = 0;
    REQUIRE(s->objects().for_each([&](const digest& d, const store::object_info& info) {
        damaged += s->objects().read(d).has_value() && info.modified == noon ? 0U : 1U;
        return true;
    }));
    CHECK(damaged == 0);
    CHECK(test::files_below(path + "/incoming") == 0);
    const auto latest = s->refs().get("latest").value();
    if (latest) CHECK(s->objects().read(digest::from_hex(latest->value).value()));
}

}  // namespace

TEST_CASE("crash: after kill -9 all that was acknowledged is there, and nothing else is damaged") {
    const test::scratch_folder folder;
    for (int round = 0; round < 6; ++round) {
        int ends[2];
        REQUIRE(::pipe(ends) == 0);
        const pid_t child = ::fork();
        REQUIRE(child >= 0);
        if (child == 0) {
            ::close(ends[0]);
            commit_for_ever(folder / "s", round, ends[1]);
        }
        ::close(ends[1]);
        const auto enough = static_cast<std::size_t>(7 + round * 61);
        const auto acknowledged = kill_after(child, ends[0], enough);
        ::close(ends[0]);
        int status = 0;
        REQUIRE(::waitpid(child, &status, 0) == child);
        CHECK(WIFSIGNALED(status));
        CHECK(acknowledged.size() >= enough);
        check_store(folder / "s", acknowledged);
    }
}

namespace {

/// A small file system of its own, where this process may make one.
class small_disk {
public:
    explicit small_disk(const std::string& at, const char* options)
        : at_{at}, mounted_{::mount("tmpfs", at.c_str(), "tmpfs", 0, options) == 0} {}
    ~small_disk() {
        if (mounted_) ::umount2(at_.c_str(), MNT_DETACH);
    }
    small_disk(const small_disk&) = delete;
    small_disk& operator=(const small_disk&) = delete;
    bool mounted() const { return mounted_; }

private:
    std::string at_;
    bool mounted_;
};

}  // namespace

TEST_CASE("crash: a full disk is 'full', loses nothing, and is usable again when there is room") {
    const test::scratch_folder folder;
    const small_disk disk{folder.path(), "size=6m"};
    if (!disk.mounted()) {
        WARN("may not mount a tmpfs here: not tried");
        return;
    }
    std::vector<digest> kept;
    {
        auto s = store::open(folder / "s").value();
        REQUIRE(s->refs().change({{"r", 0, "before"}}));
        errc why{};
        for (int i = 0; i < 100 && why != errc::full; ++i) {
            const auto r = s->objects().put(std::to_string(i) + std::string(100'000, 'x'), noon);
            if (r)
                kept.push_back(*r);
            else
                why = r.error().code();
        }
        CHECK(why == errc::full);
        CHECK(kept.size() > 10);
        // Larger than what is left, whatever that is: the database says the same.
        std::vector<store::claim> claims;
        for (int i = 0; i < 5000; ++i) claims.push_back({"pool/" + std::to_string(i), sha256(std::to_string(i)), 1});
        CHECK(s->known().learn("d", sha256("i"), claims).error().code() == errc::full);
        CHECK_FALSE(s->known().knows_index("d", sha256("i")).value());
        CHECK(s->refs().get("r").value()->value == "before");
        for (int i = 0; i < 15; ++i) {
            REQUIRE(s->objects().remove(kept.back()));
            kept.pop_back();
        }
        CHECK(s->objects().put("small", noon));
        CHECK(s->known().learn("d", sha256("i"), claims));
        CHECK(s->refs().change({{"r", 1, "after"}}));
    }
    auto s = store::open(folder / "s").value();
    for (const auto& d : kept) CHECK(s->objects().read(d));
    CHECK(s->refs().get("r").value()->value == "after");
    CHECK(s->known().find("d", "pool/4999").value().size() == 1);
}
