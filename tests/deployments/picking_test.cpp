#include <catch2/catch.hpp>
#include <larder/deployments/picking.hpp>

using namespace larder;
using namespace larder::deployments;

namespace {

/// "hello 1.0 amd64" in the index for amd64 of a suite, at a state.
listing in(std::size_t suite, const std::string& state, const std::string& name, const std::string& version,
           const std::string& architecture = "amd64", const std::string& of_index = "amd64") {
    listing one;
    one.suite = suite;
    one.state = sha256(state);
    one.architecture = of_index;
    one.index = of_index == "source" ? "main/source/Sources" : "main/binary-" + of_index + "/Packages";
    one.what.name = name;
    one.what.version = version;
    one.what.architecture = architecture;
    one.what.source = name;
    one.what.content = sha256(name + version);
    return one;
}

std::vector<std::string> told(const choice& of) {
    std::vector<std::string> lines;
    for (const auto& one : of.edits)
        lines.push_back(std::to_string(one.suite) + " " + one.index + " " + one.name + " " +
                        (one.version.empty() ? "-" : one.version));
    return lines;
}

wish named(const std::string& text) { return parse_wish(text, wish::kind::binary).value(); }

using lines = std::vector<std::string>;

}  // namespace

TEST_CASE("picking: what somebody writes is a name, perhaps a version, perhaps an architecture", "[deployments]") {
    CHECK(named("hello") == wish{"hello", "", "", wish::kind::binary});
    CHECK(named("hello=2.10-4") == wish{"hello", "2.10-4", "", wish::kind::binary});
    CHECK(named("hello:amd64") == wish{"hello", "", "amd64", wish::kind::binary});
    CHECK(named("hello=1:2.10-4:kfreebsd-amd64") == wish{"hello", "1:2.10-4", "kfreebsd-amd64", wish::kind::binary});
    CHECK(named("hello=1:2.10") == wish{"hello", "1:2.10", "", wish::kind::binary});
    for (const auto* text : {"hello", "hello=1:2.10", "hello=1:2.10:all", "hello:all"})
        CHECK(to_string(named(text)) == text);
    for (const auto* bad : {"", "=1", "hello=", "hello:", "he llo", "a/b", "hello=1 2", "hello:am d"})
        CHECK(parse_wish(bad, wish::kind::binary).error().code() == errc::bad_config);
}

TEST_CASE("picking: the highest version that is offered takes the place of what is there", "[deployments]") {
    const std::vector<listing> present{in(0, "old", "hello", "1.0"), in(0, "old", "other", "1.0")};
    const std::vector<listing> offered{in(0, "new", "hello", "2.0"), in(0, "new", "hello", "3.0"),
                                       in(0, "new", "other", "3.0")};
    const auto all = choose(present, offered, {named("hello")});
    CHECK(told(all) == lines{"0 main/binary-amd64/Packages hello 3.0"});
    CHECK(all.edits.front().from == sha256("new"));
    CHECK(told(choose(present, offered, {named("hello=2.0")})) == lines{"0 main/binary-amd64/Packages hello 2.0"});
    CHECK(told(choose(present, offered, {named("hello"), named("hello=2.0")})) ==
          lines{"0 main/binary-amd64/Packages hello 2.0"});
}

TEST_CASE("picking: what is there already changes nothing, what nobody offers is told", "[deployments]") {
    const std::vector<listing> present{in(0, "old", "hello", "1.0")}, offered{in(0, "new", "hello", "1.0")};
    CHECK(choose(present, offered, {named("hello")}).edits.empty());
    const auto all = choose(present, offered, {named("hello=2.0"), named("missing"), named("hello:arm64")});
    CHECK(all.edits.empty());
    CHECK(all.absent == std::vector<wish>{named("hello=2.0"), named("missing"), named("hello:arm64")});
    auto rebuilt = in(0, "new", "hello", "1.0");
    rebuilt.what.content = sha256("other bytes");
    CHECK(told(choose(present, {rebuilt}, {named("hello")})) == lines{"0 main/binary-amd64/Packages hello 1.0"});
}

TEST_CASE("picking: a lower version counts only where no other suite has a higher one left", "[deployments]") {
    const std::vector<listing> present{in(0, "a", "hello", "1.0"), in(1, "b", "hello", "2.0"),
                                       in(2, "c", "hello", "3.0")};
    const auto all = choose(present, {in(1, "past", "hello", "1.5")}, {named("hello")});
    CHECK(told(all) == lines{"1 main/binary-amd64/Packages hello 1.5", "2 main/binary-amd64/Packages hello -"});
}

TEST_CASE("picking: one architecture alone, and a package for all of them in each index", "[deployments]") {
    const std::vector<listing> present{in(0, "old", "hello", "1.0"), in(0, "old", "hello", "1.0", "arm64", "arm64"),
                                       in(0, "old", "docs", "1.0", "all", "amd64"),
                                       in(0, "old", "docs", "1.0", "all", "all")};
    const std::vector<listing> offered{in(0, "new", "hello", "2.0"), in(0, "new", "hello", "2.0", "arm64", "arm64"),
                                       in(0, "new", "docs", "2.0", "all", "amd64"),
                                       in(0, "new", "docs", "2.0", "all", "all")};
    CHECK(told(choose(present, offered, {named("hello:arm64")})) == lines{"0 main/binary-arm64/Packages hello 2.0"});
    const lines both{"0 main/binary-all/Packages docs 2.0", "0 main/binary-amd64/Packages docs 2.0"};
    CHECK(told(choose(present, offered, {named("docs")})) == both);
    CHECK(told(choose(present, offered, {named("docs:all")})) == both);
}

TEST_CASE("picking: a package that came to another component leaves the one where it was", "[deployments]") {
    auto moved = in(0, "new", "hello", "2.0");
    moved.index = "contrib/binary-amd64/Packages";
    CHECK(told(choose({in(0, "old", "hello", "1.0")}, {moved}, {named("hello")})) ==
          lines{"0 contrib/binary-amd64/Packages hello 2.0", "0 main/binary-amd64/Packages hello -"});
}

TEST_CASE("picking: a source package brings all that is built from it, and itself", "[deployments]") {
    auto library = in(0, "new", "libhello1", "2.0+b1"), dsc = in(0, "new", "hello", "2.0", "source", "source");
    library.what.source = "hello";
    const std::vector<listing> offered{in(0, "new", "hello", "2.0"), library, dsc, in(0, "new", "other", "2.0")};
    const lines all{"0 main/binary-amd64/Packages hello 2.0", "0 main/binary-amd64/Packages libhello1 2.0+b1",
                    "0 main/source/Sources hello 2.0"};
    CHECK(told(choose({}, offered, {parse_wish("hello", wish::kind::source).value()})) == all);
    CHECK(told(choose({}, offered, {parse_wish("hello=2.0", wish::kind::source).value()})) == all);
    CHECK(choose({}, offered, {parse_wish("hello=2", wish::kind::source).value()}).absent.size() == 1);
    CHECK(told(choose({}, offered, {named("hello")})) == lines{"0 main/binary-amd64/Packages hello 2.0"});
}

TEST_CASE("picking: later picks of a package take the place of earlier ones, others stay", "[deployments]") {
    const std::vector<pick> before{{"hello", "amd64", "2.0", sha256("x")}, {"other", "amd64", "2.0", sha256("x")}};
    const std::vector<edit> edits{{0, "main/binary-amd64/Packages", "hello", "all", "3.0", sha256("y")},
                                  {0, "main/binary-amd64/Packages", "gone", "amd64", "", {}},
                                  {1, "main/binary-amd64/Packages", "else", "amd64", "1", sha256("z")}};
    CHECK(picks_after(before, edits, 0) == std::vector<pick>{{"gone", "amd64", "", {}},
                                                             {"hello", "all", "3.0", sha256("y")},
                                                             {"other", "amd64", "2.0", sha256("x")}});
    CHECK(picks_after({}, edits, 1) == std::vector<pick>{{"else", "amd64", "1", sha256("z")}});
}
