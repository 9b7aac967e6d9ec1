#include <catch2/catch.hpp>
#include <larder/debs/paragraph.hpp>

using namespace larder;
using larder::debs::paragraph;

namespace {

std::string told(const std::string& text, debs::paragraph_limits limits = {}) {
    const auto read = paragraph::read(text, limits);
    return read ? "read" : read.error().message();
}

}  // namespace

TEST_CASE("paragraph: its bytes stay as they were, and its fields are found in them", "[paragraph]") {
    const std::string text = "Package: hello\nX-Odd:  two  blanks \nDescription: short\n long  \n .\n\tend\nEmpty:\n";
    const auto p = paragraph::read("\n" + text + "\n\n").value();
    CHECK(p.text() == text);
    REQUIRE(p.size() == 4);
    CHECK(p.get("pACKAGE") == "hello");
    CHECK(p.find("X-Odd")->raw == "  two  blanks ");
    CHECK(p.find("X-Odd")->value == "two  blanks");
    CHECK(p.find("Description")->raw == " short\n long  \n .\n\tend");
    CHECK(p[2].name == "Description");
    CHECK(p.find("Empty")->value.empty());
    CHECK(!p.find("Version"));
    CHECK(p.need("Empty").error().detail() == "it has no field Empty");
}

TEST_CASE("paragraph: a copy outlives what it was copied from", "[paragraph]") {
    auto first = std::make_unique<paragraph>(paragraph::read("Package: hello\nVersion: 1").value());
    const auto copy = *first;
    const auto moved = std::move(*first);
    first.reset();
    CHECK(copy.get("Version") == "1");
    CHECK(moved.get("Package") == "hello");
    CHECK(moved.text() == "Package: hello\nVersion: 1\n");
}

TEST_CASE("paragraph: what programs might read differently is refused, with its line", "[paragraph]") {
    CHECK(told("A: 1\nB: 2\n") == "read");
    CHECK(told("") == "malformed: there is no control data in it");
    CHECK(told("\n\n") == "malformed: there is no control data in it");
    CHECK(told("A: 1\n\nB: 2\n") == "malformed: line 2: a second paragraph begins: one is expected");
    CHECK(told(" A: 1\n") == "malformed: line 1: a continuation of no field");
    CHECK(told("A: 1\n \t\nB: 2\n") == "malformed: line 2: a line of blanks, where an empty one is written ' .'");
    CHECK(told("\nA: 1\nnonsense\n") == "malformed: line 3: no field, and no continuation of one: 'nonsense'");
    CHECK(told("A : 1\n") == "malformed: line 1: 'A ' is no field's name");
    CHECK(told("#A: 1\n") == "malformed: line 1: '#A' is no field's name");
    CHECK(told("-A: 1\n") == "malformed: line 1: '-A' is no field's name");
    CHECK(told(": 1\n") == "malformed: line 1: '' is no field's name");
    CHECK(told("A: 1\nB: 2\na: 3\n") == "malformed: the field 'a' stands twice");
    CHECK(told("A: 1\r\n") == "malformed: line 1: a NUL or carriage return");
    CHECK(told(std::string{"A: 1\n x\0y\n", 10}) == "malformed: line 2: a NUL or carriage return");
}

TEST_CASE("paragraph: its size has limits", "[paragraph]") {
    CHECK(told("A: 1234\n", {8, 10}) == "read");
    CHECK(told("A: 12345\n", {8, 10}) == "too_large: control data of over 8 bytes");
    CHECK(told("A: 1\nB: 2\nC: 3\n", {100, 3}) == "read");
    CHECK(told("A: 1\nB: 2\nC: 3\n", {100, 2}) == "too_large: line 3: a stanza of over 2 fields");
}
