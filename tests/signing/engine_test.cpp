#include "workshop.hpp"
#include <atomic>
#include <catch2/catch.hpp>
#include <filesystem>
#include <gpgme.h>
#include <spawn.h>
#include <sys/wait.h>
#include <thread>

extern char** environ;

using namespace larder;
using namespace larder::signing;
using namespace larder::signing::test;
using Catch::Matchers::Contains;

TEST_CASE("engine: initialise may be called again, and from several threads") {
    std::vector<std::thread> threads;
    for (int i = 0; i < 4; ++i) threads.emplace_back([] { initialise(); });
    for (auto& t : threads) t.join();
}

// GPGME looks for its engine once a process, so this runs in one of its own, which the next starts.
TEST_CASE("engine: (child) without gpg", "[.child]") {
    REQUIRE(gpgme_set_global_flag("disable-gpgconf", "1") == 0);
    REQUIRE(gpgme_set_global_flag("gpg-name", "no-such-gpg") == 0);
    CHECK_THROWS_WITH(initialise(), Contains("is the package gpg installed?"));
    CHECK_THROWS_AS(initialise(), engine_error);
}

TEST_CASE("engine: without gpg, initialise throws and says what to install") {
    const auto self = std::filesystem::read_symlink("/proc/self/exe").string();
    std::string program = self;
    std::string test = "engine: (child) without gpg";
    char* argv[] = {program.data(), test.data(), nullptr};
    pid_t pid = 0;
    REQUIRE(::posix_spawn(&pid, self.c_str(), nullptr, nullptr, argv, environ) == 0);
    int status = 0;
    REQUIRE(::waitpid(pid, &status, 0) == pid);
    CHECK(WIFEXITED(status));
    CHECK(WEXITSTATUS(status) == 0);
}

TEST_CASE("engine: one verifier serves many threads at once") {
    const auto v = trusting({"archive"});
    const auto good = shop().clearsign(release_text, {"archive"});
    const auto detached = shop().detach(release_text, {"archive"});
    auto wrong = good;
    wrong.replace(wrong.find("stable"), 6, "stabel");
    std::atomic<int> right{0};
    std::vector<std::thread> threads;
    for (int i = 0; i < 6; ++i)
        threads.emplace_back([&] {
            for (int k = 0; k < 5; ++k) {
                if (v->inline_signed(good).has_value()) ++right;
                if (v->detached(release_text, detached).has_value()) ++right;
                if (v->inline_signed(wrong).has_error()) ++right;
            }
        });
    for (auto& t : threads) t.join();
    CHECK(right == 6 * 5 * 3);
}
