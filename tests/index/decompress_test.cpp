#include "pack.hpp"
#include <catch2/catch.hpp>
#include <cstdio>
#include <larder/index/decompress.hpp>
#include <random>
#include <unistd.h>

using namespace larder;
using namespace larder::index;

namespace {

constexpr compression every[] = {compression::gz,  compression::xz,  compression::lzma,
                                 compression::bz2, compression::zst, compression::lz4};

result<std::string> all(byte_source& in) {
    std::string out;
    for (;;) {
        LARDER_TRY(const auto piece, in.next());
        if (piece.empty()) break;
        out += piece;
    }
    LARDER_TRY(const auto again, in.next());
    CHECK(again.empty());
    return out;
}

result<std::string> unpack(compression kind, const std::string& packed, std::uint64_t limit = 100'000'000,
                           std::size_t piece = 0) {
    LARDER_TRY(const auto in, decompress(memory_source(packed, piece), kind, limit));
    return all(*in);
}

/// Text that packs, longer than the buffers.
std::string sample(std::size_t size) {
    std::mt19937 random{7};
    std::string text;
    while (text.size() < size) text += "Package: p" + std::to_string(random() % 100'000) + "\nVersion: 1.0-1\n\n";
    text.resize(size);
    return text;
}

void fails(const result<std::string>& r, errc code) {
    REQUIRE_FALSE(r);
    CHECK(r.error().code() == code);
}

}  // namespace

TEST_CASE("decompress: every format gives back what was packed, in pieces of any size", "[index]") {
    for (const auto kind : every) {
        CAPTURE(static_cast<int>(kind));
        for (const std::size_t size : {0U, 1U, 1000U, 262'144U, 700'000U}) {
            const auto text = sample(size);
            const auto packed = pack(kind, text);
            CHECK(*unpack(kind, packed) == text);
            CHECK(*unpack(kind, packed, size, 4096) == text);
            if (size <= 1000) CHECK(*unpack(kind, packed, size, 1) == text);
        }
    }
    CHECK(*unpack(compression::none, sample(5000), 5000, 7) == sample(5000));
}

TEST_CASE("decompress: several members, streams or frames are one text", "[index]") {
    for (const auto kind : {compression::gz, compression::xz, compression::bz2, compression::zst, compression::lz4}) {
        CAPTURE(static_cast<int>(kind));
        const auto text = sample(300'000);
        const auto packed = pack(kind, text) + pack(kind, "") + pack(kind, "tail");
        CHECK(*unpack(kind, packed, text.size() + 4, 1000) == text + "tail");
        CHECK(*unpack(kind, packed) == text + "tail");
    }
}

TEST_CASE("decompress: input cut anywhere is malformed", "[index]") {
    for (const auto kind : every) {
        CAPTURE(static_cast<int>(kind));
        const auto packed = pack(kind, sample(2000));
        for (std::size_t keep = 0; keep < packed.size(); ++keep) {
            CAPTURE(keep);
            fails(unpack(kind, packed.substr(0, keep)), errc::malformed);
        }
    }
}

TEST_CASE("decompress: garbage instead of, in, or after the data is malformed", "[index]") {
    for (const auto kind : every) {
        CAPTURE(static_cast<int>(kind));
        const auto packed = pack(kind, sample(5000));
        fails(unpack(kind, packed + "garbage behind it"), errc::malformed);
        fails(unpack(kind, packed + std::string(64, '\0')), errc::malformed);
        fails(unpack(kind, "<html>502 Bad Gateway</html>" + packed), errc::malformed);
        if (kind == compression::lzma || kind == compression::zst) continue;  // libarchive adds no checksum
        auto flipped = packed;
        flipped[flipped.size() / 2] ^= 0x20;
        fails(unpack(kind, flipped), errc::malformed);
    }
}

TEST_CASE("decompress: more than the limit is too large, exactly the limit is not", "[index]") {
    const auto text = sample(600'000);
    for (const auto kind : every) {
        CAPTURE(static_cast<int>(kind));
        CHECK(unpack(kind, pack(kind, text), text.size()));
        fails(unpack(kind, pack(kind, text), text.size() - 1), errc::too_large);
        fails(unpack(kind, pack(kind, "x"), 0), errc::too_large);
    }
    fails(unpack(compression::none, text, text.size() - 1, 1000), errc::too_large);
}

TEST_CASE("hashing_source: hashes what passes", "[index]") {
    const auto text = sample(300'000);
    const auto packed = pack(compression::xz, text);
    auto unpacked = decompress(memory_source(packed), compression::xz, 300'000);
    REQUIRE(unpacked);
    hashing_source in{std::move(*unpacked)};
    CHECK(*all(in) == text);
    CHECK(in.size() == text.size());
    CHECK(in.finish() == sha256(text));
}

TEST_CASE("read_ahead: the same bytes, the same error, and no thread left when nobody reads on", "[index]") {
    const auto text = sample(300'000);
    CHECK(*all(*read_ahead(memory_source(text, 1000))) == text);
    CHECK(*all(*read_ahead(memory_source(""))) == "");
    const auto packed = pack(compression::gz, text).substr(0, 20'000);
    auto broken = decompress(memory_source(packed), compression::gz, 300'000);
    REQUIRE(broken);
    fails(all(*read_ahead(std::move(*broken))), errc::malformed);
    const auto left = read_ahead(memory_source(text, 10));
    CHECK(left->next()->size() == 10);
}

TEST_CASE("read_ahead: what the inner source throws reaches the reader", "[index]") {
    struct thrower final : byte_source {
        result<std::string_view> next() override { throw std::runtime_error{"broken world"}; }
    };
    const auto in = read_ahead(std::make_unique<thrower>());
    CHECK_THROWS_WITH(in->next(), "broken world");
}

TEST_CASE("file_source: reads from the beginning, whatever the descriptor's position", "[index]") {
    const auto text = sample(600'000);
    std::FILE* const file = std::tmpfile();
    REQUIRE(file);
    REQUIRE(std::fwrite(text.data(), 1, text.size(), file) == text.size());
    std::fflush(file);
    const auto in = file_source(unique_fd{::dup(::fileno(file))});
    CHECK(*all(*in) == text);
    std::fclose(file);
}
