#include "workshop.hpp"
#include <catch2/catch.hpp>

using namespace larder;
using namespace larder::signing;
using namespace larder::signing::test;
using Catch::Matchers::Contains;
using Catch::Matchers::StartsWith;

namespace {

/// Signed once for all tests here.
const std::string& in_release() {
    static const std::string text = shop().clearsign(release_text, {"archive"});
    return text;
}

std::string verdict(const std::string& file) { return said(trusting({"archive"})->inline_signed(file)); }

}  // namespace

TEST_CASE("inline: the text comes back as it was signed, dash-escapes undone") {
    REQUIRE_THAT(in_release(), Contains("\n- -----five\n"));
    const auto verified = trusting({"archive"})->inline_signed(in_release());
    REQUIRE(verified);
    CHECK(verified->text() == release_text);
    CHECK(verified->signers() == std::vector<std::string>{shop().key("archive")});
}

TEST_CASE("inline: white space at line ends and a missing last newline are normalised, as they are not signed") {
    const auto v = trusting({"archive"});
    const auto verified = v->inline_signed(shop().clearsign("SHA256: \nA: b\t \n\n\nlast: line", {"archive"}));
    REQUIRE(verified);
    CHECK(verified->text() == "SHA256:\nA: b\n\n\nlast: line\n");
    auto padded = in_release();
    padded.insert(padded.find("Origin: Example") + 15, " \t ");
    const auto same = v->inline_signed(padded);
    REQUIRE(same);
    CHECK(same->text() == release_text);
}

TEST_CASE("inline: odd but honest texts are read as gpg reads them") {
    const auto v = trusting({"archive"});
    for (const std::string text : {"-\n", "- \n", "--\nx\n", "\nfirst line empty\n", "ends empty\n\n\n", "From x\n",
                                   "A: \xc3\xa9\n", "-----BEGIN PGP SIGNATURE-----\n"}) {
        INFO(text);
        CHECK(said(v->inline_signed(shop().clearsign(text, {"archive"}))) == "accepted");
    }
}

TEST_CASE("inline: blank lines after the block are fine") { CHECK(verdict(in_release() + "\n \n") == "accepted"); }

TEST_CASE("inline: text before the block is refused") {
    CHECK_THAT(verdict("Suite: evil\n" + in_release()), StartsWith("bad_signature: text outside the signature"));
    CHECK_THAT(verdict("\n" + in_release()), StartsWith("bad_signature: text outside the signature"));
}

TEST_CASE("inline: text after the block is refused") {
    CHECK_THAT(verdict(in_release() + "Suite: evil\n"), StartsWith("bad_signature: text outside the signature"));
    CHECK_THAT(verdict(in_release() + "x"), StartsWith("bad_signature: text outside the signature"));
}

TEST_CASE("inline: two clear-signed blocks are refused, each good by itself") {
    CHECK_THAT(verdict(in_release() + in_release()), StartsWith("bad_signature: two clear-signed blocks"));
}

TEST_CASE("inline: a second signature block is refused") {
    CHECK_THAT(verdict(in_release() + signature_of(in_release())), StartsWith("bad_signature: text outside"));
}

TEST_CASE("inline: a bare signature is refused") {
    CHECK_THAT(verdict(signature_of(in_release())), StartsWith("bad_signature: a bare signature"));
}

TEST_CASE("inline: a signed message in the signature's place is refused") {
    // gpg would verify the message in there, and it is a good one.
    const auto message = shop().gpg({"-u", shop().key("archive"), "--sign"}, release_text);
    CHECK_THAT(verdict(head_of(in_release()) + shop().armour(message)),
               StartsWith("bad_signature: OpenPGP data that is damaged, cut off or no key or signature"));
}

TEST_CASE("inline: a header other than Hash is unsigned text and refused") {
    for (const std::string header : {"Comment: hello", "Hash: SHA512\r\rSuite: evil", "NotDashEscaped: yes", "Suite"}) {
        INFO(header);
        auto file = in_release();
        file.insert(file.find("Hash:"), header + "\n");
        CHECK_THAT(verdict(file), StartsWith("bad_signature: text outside the signature"));
    }
}

TEST_CASE("inline: an unescaped dash is refused") {
    auto file = in_release();
    file.erase(file.find("- - dashed"), 2);
    CHECK(verdict(file) != "accepted");  // "- dashed" reads as an escaped "dashed"
    file = in_release();
    file.erase(file.find("- -----five"), 2);
    CHECK_THAT(verdict(file), StartsWith("bad_signature: a line that starts with a dash"));
}

TEST_CASE("inline: a changed text is a bad signature, and says whose") {
    auto file = in_release();
    file.replace(file.find("stable"), 6, "stabel");
    CHECK_THAT(verdict(file), StartsWith("bad_signature: bad signature by key "));
}

TEST_CASE("inline: a page instead of a file says what it starts with") {
    CHECK(verdict("<html>pay here") == "bad_signature: not a clear-signed file: it starts with \"<html>pay here\"");
    CHECK_THAT(verdict(""), StartsWith("bad_signature: not a clear-signed file"));
}

TEST_CASE("inline: a file cut off anywhere is refused") {
    const auto v = trusting({"archive"});
    const auto& file = in_release();
    const auto end = file.find("\n-----END PGP");
    for (std::size_t size = 0; size < end; size += 37) CHECK(!v->inline_signed(file.substr(0, size)));
    CHECK_THAT(said(v->inline_signed(file.substr(0, end))), StartsWith("bad_signature: an armoured block has no end"));
}

TEST_CASE("inline: NUL bytes are refused") {
    auto file = in_release();
    file.insert(file.find("Origin"), 1, '\0');
    CHECK_THAT(verdict(file), StartsWith("malformed: the clear-signed file holds a NUL"));
}

TEST_CASE("inline: ten million bytes are let in, one more is too large") {
    const auto v = trusting({"archive"});
    CHECK_THAT(said(v->inline_signed(std::string(max_release_size, 'x'))), StartsWith("bad_signature"));
    CHECK_THAT(said(v->inline_signed(std::string(max_release_size + 1, 'x'))), StartsWith("too_large"));
}

TEST_CASE("inline: a line longer than gpg reads is refused, not shortened") {
    // gpg 2.2 reads 19,998 bytes of a line, drops the rest and calls the file good. (It shortens such a
    // line when it clear-signs, too; hence this one is put together from a signature over the bytes.)
    const auto v = trusting({"archive"});
    const std::string line(19'998, 'x');
    const auto signature = shop().detach(line + "\r\nlast: line", {"archive"}, {"--digest-algo", "SHA512"});
    const std::string head = "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\n" + line;
    CHECK(said(v->inline_signed(head + "\nlast: line\n" + signature)) == "accepted");
    CHECK(said(v->inline_signed(head + "unsigned\nlast: line\n" + signature)) ==
          "bad_signature: gpg reads another text in it than stands there");
}

TEST_CASE("inline: carriage returns at line ends change nothing") {
    std::string file;
    for (const char c : in_release()) {
        if (c == '\n') file += '\r';
        file += c;
    }
    const auto verified = trusting({"archive"})->inline_signed(file);
    REQUIRE(verified);
    CHECK(verified->text() == release_text);
}
