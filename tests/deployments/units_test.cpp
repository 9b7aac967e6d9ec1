#include <catch2/catch.hpp>
#include <larder/deployments/unit_plan.hpp>

using namespace larder;
using namespace larder::deployments;

namespace {

std::string drift_of(const expectation& expected, const std::string& report) {
    std::string out;
    for (const auto& d : expected.compare(parse_report(report).value()))
        out += std::string{to_string(d.what)} + " " + d.name + " " + d.installed + ">" + d.expected +
               (d.held ? " held;" : ";");
    return out;
}

index::listed_package package(const std::string& name, const std::string& version,
                              const std::string& architecture = "amd64") {
    index::listed_package p;
    p.name = name;
    p.version = version;
    p.architecture = architecture;
    return p;
}

}  // namespace

TEST_CASE("unit report: what is installed, as dpkg-query prints it", "[units]") {
    const auto all = parse_report(
                         "zlib1g amd64 1:1.2 ii \n"
                         "base all 12 hi \n"
                         "gone amd64 1.0 rc \n"
                         "purged amd64  un \n"
                         "half amd64 2.0 iU \n"
                         "broken amd64 2.0 iHR \n\n")
                         .value();
    CHECK(write_report(all) == "base all 12 hi\nbroken amd64 2.0 ii\nhalf amd64 2.0 ii\nzlib1g amd64 1:1.2 ii\n");
    CHECK(write_report(parse_report(write_report(all)).value()) == write_report(all));
    CHECK(parse_report("").value().empty());
}

TEST_CASE("unit report: what is none is refused with its line", "[units]") {
    for (const auto* bad : {"a", "a b", "a b c d e f", "a amd64 1\x01 ii"}) {
        const auto read = parse_report("ok amd64 1 ii\n" + std::string{bad} + "\n");
        CHECK(read.error().code() == errc::malformed);
        CHECK(read.error().detail().find("line 2") != std::string::npos);
    }
    std::string many;
    for (std::size_t i = 0; i <= most_packages; ++i) many += "p" + std::to_string(i) + " all 1 ii\n";
    CHECK(parse_report(many).error().code() == errc::too_large);
    CHECK(check_unit("web-1.example"));
    CHECK_FALSE(check_unit("web/1"));
}

TEST_CASE("drift: a unit that has what is expected does not differ", "[units]") {
    expectation e;
    e.add(package("a", "1.9"));
    e.add(package("a", "1.10"));
    e.add(package("a", "1.10~rc1"));
    CHECK(drift_of(e, "a amd64 1.10 ii\n").empty());
    CHECK(drift_of(e, "a amd64 1.9 ii\n") == "behind a 1.9>1.10;");
    CHECK(drift_of(e, "a amd64 2 hi\n") == "ahead a 2>1.10 held;");
    CHECK(drift_of(e, "a amd64 1.10 ii\nb amd64 1 ii\n") == "foreign b 1>;");
}

TEST_CASE("drift: a package that has become one for all architectures, or for one again, is the same", "[units]") {
    expectation e;
    e.add(package("a", "2", "all"));
    e.add(package("b", "2", "amd64"));
    CHECK(drift_of(e, "a amd64 1 ii\nb all 1 ii\n") == "behind a 1>2;behind b 1>2;");
    CHECK(drift_of(e, "c amd64 1 ii\n") == "foreign c 1>;");
}

TEST_CASE("drift: where one suite has it for an architecture and another for all, the higher version counts",
          "[units]") {
    expectation e;
    e.add(package("a", "1", "amd64"));
    e.add(package("a", "2", "all"));
    e.add(package("b", "2", "amd64"));
    e.add(package("b", "1", "all"));
    CHECK(drift_of(e, "a amd64 1 ii\nb amd64 1 ii\n") == "behind a 1>2;behind b 1>2;");
    CHECK(drift_of(e, "a all 2 ii\nb amd64 2 ii\n").empty());
}

TEST_CASE("drift: of a package that each architecture has, each is looked at by itself", "[units]") {
    expectation e;
    e.add(package("a", "1", "i386"));
    e.add(package("a", "2", "amd64"));
    CHECK(e.size() == 2);
    CHECK(drift_of(e, "a amd64 2 ii\na i386 1 ii\n").empty());
    CHECK(drift_of(e, "a amd64 1 ii\na i386 2 ii\n") == "behind a 1>2;ahead a 2>1;");
}

namespace {

std::vector<std::string> plan_of(const expectation& expected, const std::string& report) {
    std::vector<std::string> lines;
    const auto plan = plan_for("web-1", expected.compare(parse_report(report).value()));
    for (const auto& command : plan.commands) lines.push_back(to_string(command));
    for (const auto& one : plan.foreign) lines.push_back("foreign " + one);
    return lines;
}

using lines = std::vector<std::string>;

}  // namespace

TEST_CASE("unit plan: one command brings all packages to their versions, downwards only where one goes down",
          "[units]") {
    expectation e;
    e.add(package("docs", "2", "all"));
    e.add(package("service", "1:2.0-1", "amd64"));
    CHECK(plan_of(e, "docs all 2 ii\nservice amd64 1:2.0-1 ii\n").empty());
    CHECK(plan_of(e, "docs all 1 ii\nservice amd64 1.0 ii\n") ==
          lines{"apt-get update", "apt-get install docs=2 service:amd64=1:2.0-1"});
    CHECK(plan_of(e, "docs all 3 ii\nservice amd64 1.0 ii\n") ==
          lines{"apt-get update", "apt-get install --allow-downgrades docs=2 service:amd64=1:2.0-1"});
}

TEST_CASE("unit plan: what is held back is let go first, what is foreign is left alone and named", "[units]") {
    expectation e;
    e.add(package("docs", "2", "all"));
    CHECK(plan_of(e, "docs all 1 hi\ntool amd64 1 hi\n") ==
          lines{"apt-get update", "apt-mark unhold docs", "apt-get install docs=2", "foreign tool:amd64"});
    CHECK(plan_of(e, "tool all 1 ii\n") == lines{"foreign tool"});
}

TEST_CASE("unit plan: a word that a shell would take otherwise is quoted", "[units]") {
    CHECK(to_string({"echo", "a b", "it's", "", "x=1:2~3+b1"}) == "echo 'a b' 'it'\\''s' '' x=1:2~3+b1");
}
