#include <catch2/catch.hpp>
#include <larder/index/compose.hpp>
#include <larder/index/decompress.hpp>
#include <larder/index/release_text.hpp>

using namespace larder;
using namespace larder::index;

namespace {

std::string stanza(const std::string& name, const std::string& version) {
    return "Package: " + name + "\nVersion: " + version + "\nX-Odd :  kept as it is\n folded\n";
}

std::string composed(const std::string& base, const replacements& by_name, std::size_t piece = 0) {
    std::string out;
    const auto in = memory_source(base, piece);
    REQUIRE(compose(*in, by_name, [&](std::string_view bytes) -> result<void> {
        out += bytes;
        return {};
    }));
    return out;
}

release_file file(const std::string& path, const std::string& text) {
    hasher wide{hash_kind::sha512};
    wide.update(text);
    return {path, text.size(), sha256(text), wide.finish_hex()};
}

std::string line(const std::string& hex, std::size_t size, const std::string& path) {
    return " " + hex + " " + std::to_string(size) + " " + path + "\n";
}

}  // namespace

TEST_CASE("compose: only the package that is replaced changes, all else byte for byte", "[index]") {
    const auto a = stanza("a", "1"), b = stanza("b", "1"), b2 = stanza("b", "2"), c = stanza("c", "1");
    const auto base = a + "\n" + b + "\n" + c + "\n";
    const auto piece = GENERATE(0U, 1U, 5U, 64U);
    CHECK(composed(base, {{"b", {b2}}}, piece) == a + "\n" + b2 + "\n" + c + "\n");
    CHECK(composed(base, {}, piece) == base);
}

TEST_CASE("compose: a package that was not there stands where its name belongs, one without stanzas is gone",
          "[index]") {
    const auto a = stanza("a", "1"), b = stanza("b", "1"), c = stanza("c", "1"), z = stanza("z", "1");
    const auto base = a + "\n" + c + "\n";
    CHECK(composed(base, {{"b", {b}}, {"z", {z}}}) == a + "\n" + b + "\n" + c + "\n" + z + "\n");
    CHECK(composed(base, {{"a", {}}}) == c + "\n");
    CHECK(composed("", {{"b", {b}}}) == b + "\n");
}

TEST_CASE("compose: of a package that stands there in several versions each gives way", "[index]") {
    const auto one = stanza("a", "1"), two = stanza("a", "2"), three = stanza("a", "3"), b = stanza("b", "1");
    const auto base = one + "\n" + two + "\n" + b + "\n" + one;
    CHECK(composed(base, {{"a", {three, two}}}) == three + "\n" + two + "\n" + b + "\n");
}

TEST_CASE("compose: an index that is not sorted loses nothing and gets nothing twice", "[index]") {
    const auto a = stanza("a", "1"), b = stanza("b", "1"), b2 = stanza("b", "2"), c = stanza("c", "1");
    CHECK(composed(c + "\n" + b + "\n" + a + "\n", {{"b", {b2}}}) == b2 + "\n" + c + "\n" + a + "\n");
}

TEST_CASE("compose: equal texts are compressed to equal bytes, which unpack to the text", "[index]") {
    const auto text = composed(stanza("a", "1") + "\n" + stanza("b", "1"), {});
    const auto pack = [&](std::size_t step) {
        std::string out;
        const auto writer = make_gzip_writer([&](std::string_view bytes) -> result<void> {
            out += bytes;
            return {};
        });
        for (std::size_t at = 0; at < text.size(); at += step)
            REQUIRE(writer->add(std::string_view{text}.substr(at, step)));
        REQUIRE(writer->finish());
        return out;
    };
    const auto packed = pack(7);
    CHECK(packed == pack(1000));
    const auto plain = decompress(memory_source(packed), compression::gz, 1 << 20).value();
    CHECK(plain->next().value() == text);
}

TEST_CASE("compose: a Release names the new forms of an index, and none of the former", "[index]") {
    const std::string old(64, 'a'), wide(128, 'b');
    const std::string head = "Origin: Test\nDescription: a\n b main/binary-amd64/Packages\nDate: x\n";
    const auto others = line(old, 7, "main/binary-arm64/Packages.xz") + line(old, 7, "main/i18n/Translation-en");
    const auto gone = line(old, 7, "main/binary-amd64/Packages") + line(old, 7, "./main/binary-amd64/Packages.xz") +
                      line(old, 7, "main/binary-amd64/Packages.diff/Index");
    const auto text = head + "MD5Sum:\n" + gone + others + "SHA256:\n" + gone + others + "SHA512:\n" +
                      line(wide, 7, "main/binary-amd64/Packages.gz") + "Codename: x\n";
    const auto plain = file("main/binary-amd64/Packages", "text"), packed = file("main/binary-amd64/Packages.gz", "gz");
    CHECK(with_files(text, {plain, packed}) ==
          head + "MD5Sum:\n" + others + "SHA256:\n" + others + line(plain.sha256->hex(), 4, plain.path) +
              line(packed.sha256->hex(), 2, packed.path) + "SHA512:\n" + line(plain.sha512, 4, plain.path) +
              line(packed.sha512, 2, packed.path) + "Codename: x\n");
    CHECK(with_files(text, {}) == text);
}
