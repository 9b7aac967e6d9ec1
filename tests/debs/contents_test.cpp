#include <algorithm>
#include <catch2/catch.hpp>
#include <larder/debs/contents.hpp>
#include <stdexcept>

using namespace larder;
using namespace larder::debs;

namespace {

using paths = std::vector<std::string>;

result<std::string> written(const std::vector<contents_entry>& entries) {
    std::string out;
    LARDER_CHECK(write_contents(entries, [&](std::string_view piece) -> result<void> {
        out += piece;
        return {};
    }));
    return out;
}

std::string column(const std::string& path) {
    return path + std::string(path.size() < 55 ? 55 - path.size() : 0, ' ') + " ";
}

}  // namespace

TEST_CASE("contents: a line a path, with all packages that have it", "[contents]") {
    const auto a = pack_paths(paths{"bin/a", "usr/share/common"}), b = pack_paths(paths{"bin/b", "usr/share/common"});
    const auto none = pack_paths(paths{});
    CHECK(written({{"net/zeta", a}, {"contrib/admin/alpha", b}, {"misc/empty", none}}).value() ==
          column("bin/a") + "net/zeta\n" + column("bin/b") + "contrib/admin/alpha\n" + column("usr/share/common") +
              "contrib/admin/alpha,net/zeta\n");
    CHECK(written({}).value().empty());
    CHECK(contents_label("net", "curl") == "net/curl");
    CHECK(contents_label("", "curl") == "curl");
}

TEST_CASE("contents: the same whatever the order, and a label once a line", "[contents]") {
    const auto a = pack_paths(paths{"x", "y"}), b = pack_paths(paths{"y", "z"});
    std::vector<contents_entry> all{{"a/one", a}, {"a/one", b}, {"b/one", a}, {"a/two", b}};
    const auto first = written(all).value();
    CHECK(first == column("x") + "a/one,b/one\n" + column("y") + "a/one,b/one,a/two\n" + column("z") + "a/one,a/two\n");
    std::reverse(all.begin(), all.end());
    CHECK(written(all).value() == first);
}

TEST_CASE("contents: a long path is followed by one blank, and order is that of bytes", "[contents]") {
    const std::string long_path(60, 'p');
    auto some = paths{long_path, "B", "a b", "a", "caf\xc3\xa9"};
    std::sort(some.begin(), some.end());
    const auto packed = pack_paths(some);
    CHECK(written({{"s/p", packed}}).value() == column("B") + "s/p\n" + column("a") + "s/p\n" + column("a b") +
                                                    "s/p\n" + column("caf\xc3\xa9") + "s/p\n" + long_path + " s/p\n");
}

TEST_CASE("contents: many lines come in pieces, and an error of the sink ends it", "[contents]") {
    paths many;
    for (int i = 100'000; i < 105'000; ++i) many.push_back("usr/share/many/" + std::to_string(i));
    const auto packed = pack_paths(many);
    CHECK(packed.size() < 40'000);
    const std::vector<contents_entry> one{{"s/many", packed}};
    std::size_t pieces = 0, bytes = 0;
    CHECK(write_contents(one, [&](std::string_view piece) -> result<void> {
        ++pieces;
        bytes += piece.size();
        return {};
    }));
    CHECK(pieces == 5);
    CHECK(bytes == many.size() * (56 + 7));
    const auto full = write_contents(one, [](std::string_view) -> result<void> {
        return error{errc::full, "no room"};
    });
    CHECK(full.error().code() == errc::full);
}

TEST_CASE("contents: packed paths come back, and nothing else is taken for them", "[contents]") {
    const paths some{"a", "a b", "ab", "b/" + std::string(5000, 'x'), "b/" + std::string(5000, 'y')};
    const auto packed = pack_paths(some);
    CHECK(unpack_paths(packed).value() == some);
    CHECK(unpack_paths(pack_paths(paths{})).value().empty());
    for (std::size_t n = 0; n < packed.size(); ++n) {
        const auto cut = unpack_paths(std::string_view{packed}.substr(0, n));
        CHECK((!cut || cut->size() < some.size()));
    }
    const auto odd = [](std::string_view bytes) { return unpack_paths(bytes).error().detail(); };
    CHECK(odd("") == "these are no packed paths: another format");
    CHECK(odd("\x02") == "these are no packed paths: another format");
    CHECK(odd({"\x01\x01\x01x", 4}) == "these are no packed paths: cut short");
    CHECK(odd({"\x01\x00\x02x", 4}) == "these are no packed paths: cut short");
    CHECK(odd({"\x01\x00\x01y\x00\x01x", 7}) == "these are no packed paths: not in order");
    CHECK(odd({"\x01\x00\x01y\x01\x00", 6}) == "these are no packed paths: not in order");
    CHECK(odd({"\x01\x00\x01\n", 4}) == "these are no packed paths: a newline");
    CHECK(odd({"\x01\xff\xff\xff\xff\xff\xff", 7}) == "these are no packed paths: cut short");
    CHECK(written({{"s/odd", "nonsense"}}).error().message() ==
          "malformed: s/odd: these are no packed paths: another format");
    CHECK_THROWS_AS(pack_paths(paths{"b", "a"}), std::invalid_argument);
    CHECK_THROWS_AS(pack_paths(paths{"a", "a"}), std::invalid_argument);
    CHECK_THROWS_AS(pack_paths(paths{"a\nb"}), std::invalid_argument);
    CHECK_THROWS_AS(pack_paths(paths{""}), std::invalid_argument);
}

TEST_CASE("contents: a label that would break its line is refused", "[contents]") {
    const auto a = pack_paths(paths{"a"});
    for (const std::string odd : {"", "net /x", "net/x,evil", "net\n/x", "net/\x7f"})
        CHECK(written({{odd, a}}).error().code() == errc::malformed);
}
