#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <rescue.hpp>

using namespace larder;
using namespace larder::net;

namespace {

struct scratch {
    scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "larder-rescue-XXXXXX").string();
        path = ::mkdtemp(name.data());
    }
    ~scratch() { std::filesystem::remove_all(path); }
    std::string file(const std::string& text) const {
        auto at = path + "/token";
        std::ofstream{at} << text;
        return at;
    }
    std::string path;
};

struct ground {
    ground() {
        core::archive_options debian;
        debian.name = "debian";
        debian.upstream = {"http://archive.example/debian"};
        debian.snapshots = {"http://snapshot.archive.example/debian/{when}"};
        debian.redirect_hosts = {"cdn.archive.example"};
        core::archive_options other;
        other.name = "other";
        other.upstream = {"http://archive.example/other"};
        options.archives = {debian, other};
        options.peers = {{"http://peer.archive.example:3142", folder.file("a-token\n")}};
        from->urls.push_back(core::parse_url("http://archive.example/debian").value());
    }
    std::shared_ptr<rescue> make() const { return rescue::make(options, nullptr).value(); }
    fetch_order order(std::vector<std::string> moments = {}) const {
        fetch_order one;
        one.content = sha256("package");
        one.paths = {"pool/a.deb"};
        one.from = from;
        for (const auto& m : moments) one.moments.push_back(parse_timestamp(m).value());
        return one;
    }
    static std::vector<std::string> urls(const std::vector<fetch_source>& all) {
        std::vector<std::string> out;
        for (const auto& one : all)
            for (const auto& path : one.paths) out.push_back(core::join(one.from->urls.front(), path));
        return out;
    }

    scratch folder;
    core::options options;
    std::shared_ptr<mirror_group> from = std::make_shared<mirror_group>("debian", 1);
};

}  // namespace

TEST_CASE("rescue: peers are asked first, then each service for each moment and a while later", "[net][rescue]") {
    const ground g;
    const std::string service = "http://snapshot.archive.example/debian/";
    CHECK(ground::urls(g.make()->sources_for(g.order({"20261121T063000Z", "20261122T063000Z"}))) ==
          std::vector<std::string>{"http://peer.archive.example:3142/api/v1/objects/" + sha256("package").hex(),
                                   service + "20261122T063000Z/pool/a.deb", service + "20261122T183000Z/pool/a.deb",
                                   service + "20261121T063000Z/pool/a.deb", service + "20261121T183000Z/pool/a.deb"});
}

TEST_CASE("rescue: a peer is asked with its token, a service with none, and only that one may redirect",
          "[net][rescue]") {
    const ground g;
    const auto all = g.make()->sources_for(g.order({"20261121T063000Z"}));
    REQUIRE(all.size() == 3);
    CHECK(all[0].from->bearer == "a-token");
    CHECK(all[0].from->redirect_hosts.empty());
    CHECK(all[1].from->bearer.empty());
    CHECK(all[1].from->redirect_hosts == std::vector<std::string>{"cdn.archive.example"});
    // The rules for an archive's own hosts are not for them.
    for (const auto& one : all) CHECK_FALSE(one.from->index);
}

TEST_CASE("rescue: no more than so many moments are asked for, the latest, each once", "[net][rescue]") {
    std::vector<sys_seconds> all;
    for (int i = 0; i < 20; ++i) all.insert(all.end(), 2, sys_seconds{std::chrono::hours{i}});
    const auto chosen = chosen_moments(all);
    REQUIRE(chosen.size() == most_moments);
    CHECK(chosen.front() == sys_seconds{std::chrono::hours{19}});
    CHECK(chosen.back() == sys_seconds{std::chrono::hours{12}});
}

TEST_CASE("rescue: who was asked is told apart by what is configured for an archive", "[net][rescue]") {
    ground g;
    const auto before = g.make();
    CHECK(before->fingerprint("debian") != before->fingerprint("other"));
    CHECK(before->has_places("other"));
    g.options.peers.clear();
    const auto after = g.make();
    CHECK(after->fingerprint("debian") != before->fingerprint("debian"));
    CHECK(after->fingerprint("other").empty());
    CHECK_FALSE(after->has_places("other"));
    CHECK_FALSE(after->by_hash(sha256("package")));
    g.options.archives[0].snapshots.clear();
    CHECK(g.make()->fingerprint("debian").empty());
}

TEST_CASE("rescue: peers that deployments follow are asked too, each place once", "[net][rescue]") {
    ground g;
    const auto all = g.make();
    all->follows({make_peer_group("http://followed.archive.example", "", nullptr).value(),
                  make_peer_group("http://peer.archive.example:3142", "", nullptr).value()});
    CHECK(ground::urls(all->sources_for(g.order())).size() == 2);
    const auto next = g.make();
    next->take_followed(*all);
    CHECK(ground::urls(next->sources_for(g.order())).size() == 2);
}

TEST_CASE("rescue: a file with something else than a token is refused, and its text is not told", "[net][rescue]") {
    const scratch folder;
    for (const std::string text : {"", "\n", "two words", "-----BEGIN PGP PRIVATE KEY BLOCK-----\nsecret\n"}) {
        const auto made = make_peer_group("http://peer.archive.example", folder.file(text), nullptr);
        REQUIRE_FALSE(made);
        CHECK(made.error().code() == errc::bad_config);
        CHECK(made.error().detail().find("PRIVATE") == std::string::npos);
    }
    CHECK_FALSE(make_peer_group("http://peer.archive.example", folder.path + "/none", nullptr));
    CHECK_FALSE(make_peer_group("peer.archive.example", "", nullptr));
}
