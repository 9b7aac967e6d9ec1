#include <catch2/catch.hpp>
#include <larder/debs/translation.hpp>

using namespace larder;
using namespace larder::debs;

// The expected texts were written by apt-ftparchive of apt 2.6.2, `packages` with LongDescription "false" and
// `generate` with a Translation, of packages that dpkg-deb built.

namespace {

const std::string hello =
    "Package: hello\nHomepage: https://x.example\n"
    "Description:   short one  \n  long  text \n .\n   - verbatim\n next\nZeta: z\n";
const std::string hello_md5 = "a115fec116ee8dd99fb7bde73086ddaf";

}  // namespace

TEST_CASE("translation: a long description is parted as apt-ftparchive parts it", "[translation]") {
    const auto made = split_description(hello).value();
    CHECK(made.stanza == "Package: hello\nHomepage: https://x.example\nDescription: short one  \nDescription-md5: " +
                             hello_md5 + "\nZeta: z\n");
    CHECK(translation_stanza(made.said) ==
          "Package: hello\nDescription-md5: " + hello_md5 +
              "\nDescription-en: short one  \n  long  text \n .\n   - verbatim\n next\n");
}

TEST_CASE("translation: a single line has an MD5 and a translation, too", "[translation]") {
    const auto made = split_description("Package: short\nDescription: only short\n").value();
    CHECK(made.stanza ==
          "Package: short\nDescription: only short\nDescription-md5: 8b63ffc03bd04f197bbe27d62b737eb6\n");
    CHECK(translation_stanza(made.said) ==
          "Package: short\nDescription-md5: 8b63ffc03bd04f197bbe27d62b737eb6\nDescription-en: only short\n");
}

TEST_CASE("translation: a package's own MD5 is not taken, and other languages stay", "[translation]") {
    const auto made = split_description(
                          "Package: fr\nDescription: has md5\n of its own\nDescription-md5: "
                          "00000000000000000000000000000000\nTag: x\nDescription-fr: le\n long\n")
                          .value();
    CHECK(made.stanza ==
          "Package: fr\nDescription: has md5\nDescription-md5: 3b19d6d8f3217f7b739a836c653fb410\nTag: x\n"
          "Description-fr: le\n long\n");
}

TEST_CASE("translation: the first line may be a folded one", "[translation]") {
    const auto made = split_description("Package: empt\nDescription:\n long only\n text\n").value();
    CHECK(made.stanza == "Package: empt\nDescription: long only\nDescription-md5: 097c5bf675ed0889c307d85d3e9a7f23\n");
    CHECK(translation_stanza(made.said) ==
          "Package: empt\nDescription-md5: 097c5bf675ed0889c307d85d3e9a7f23\nDescription-en: long only\n text\n");
}

TEST_CASE("translation: what was parted stays as it is, and says which text is meant", "[translation]") {
    for (const auto& text : {hello, std::string{"Package: short\nDescription: only short\n"}}) {
        const auto once = split_description(text).value();
        const auto again = split_description(once.stanza).value();
        CHECK(again.stanza == once.stanza);
        CHECK(again.said.md5 == once.said.md5);
    }
    CHECK(split_description(split_description(hello).value().stanza).value().said.text.empty());
}

TEST_CASE("translation: a stanza without a description has none", "[translation]") {
    const auto made = split_description("Package: x\nVersion: 1\n").value();
    CHECK(made.stanza == "Package: x\nVersion: 1\n");
    CHECK(made.said.md5.empty());
    CHECK(split_description("no stanza").has_error());
}

TEST_CASE("translation: a stanza is read back, and not taken when its text is another", "[translation]") {
    const auto said = split_description(hello).value().said;
    CHECK(read_translation(translation_stanza(said)).value() == said);
    auto other = said;
    other.text += "\n more";
    CHECK(read_translation(translation_stanza(other)).has_error());
    CHECK(read_translation("Package: x\nDescription-md5: " + hello_md5 + "\n").has_error());
    CHECK(read_translation("Package: x\nDescription-en: y\n").has_error());
}
