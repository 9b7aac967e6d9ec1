#include <arpa/inet.h>
#include <catch2/catch.hpp>
#include <cstring>
#include <larder/base/file.hpp>
#include <netinet/in.h>
#include <pockets/export/bucket.hpp>
#include <pockets/export/export_record.hpp>
#include <sys/socket.h>
#include <unistd.h>

using namespace larder;
using namespace larder::net::publishing;

namespace {

export_record some_record() {
    const auto when = parse_timestamp("20261121T120000Z").value();
    export_record record;
    record.archive = "cloud";
    record.suites["jammy-updates/zed"] = {7, sha256("seven"), when, 6, sha256("six")};
    record.suites["stable"] = {1, sha256("one"), when, 0, {}};
    record.files["pool/main/s/service_2.0+b1~rc_amd64.deb"] = {sha256("deb"), 3, "17.5-3-3", {}};
    record.files["dists/stable/InRelease"] = {sha256("in"), 2, {}, when};
    return record;
}

/// A port that nobody listens at, for as long as this lives.
class nobody_there {
public:
    nobody_there() : fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        sockaddr_in at{};
        at.sin_family = AF_INET;
        at.sin_addr.s_addr = ::htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof at;
        sockaddr any{};
        std::memcpy(&any, &at, sizeof at);
        REQUIRE(::bind(fd_.get(), &any, size) == 0);
        REQUIRE(::getsockname(fd_.get(), &any, &size) == 0);
        std::memcpy(&at, &any, sizeof at);
        port_ = ::ntohs(at.sin_port);
    }
    std::string url() const { return "http://127.0.0.1:" + std::to_string(port_); }

private:
    unique_fd fd_;
    unsigned port_ = 0;
};

}  // namespace

TEST_CASE("export: its record reads back as it was written, and is the same text again") {
    const auto text = some_record().write();
    const auto read = export_record::read(text);
    REQUIRE(read);
    CHECK(read->write() == text);
    CHECK(read->suites.at("jammy-updates/zed").former_state == sha256("six"));
    CHECK(read->files.at("dists/stable/InRelease").stamp.empty());
}

TEST_CASE("export: a record that leads out of its tree, or is cut, is refused with its line") {
    const auto text = some_record().write();
    for (const auto* path : {"../stable/InRelease", "/etc/passwd", "dists/../../x", "dists//x"}) {
        auto bad = text;
        bad.replace(bad.find("dists/stable/InRelease"), std::strlen("dists/stable/InRelease"), path);
        const auto read = export_record::read(bad);
        REQUIRE_FALSE(read);
        CHECK(read.error().detail().find("line 5") != std::string::npos);
    }
    CHECK_FALSE(export_record::read(text.substr(0, text.size() - 1)));
    CHECK_FALSE(export_record::read(""));
    CHECK_FALSE(export_record::read("larder-export 1\n"));
    CHECK(export_record::read("larder-export 2\n").error().code() == errc::unsupported);
}

TEST_CASE("export: a bucket's address is taken apart, and what is none says so") {
    const auto one = bucket_address::parse("s3://packages/cloud/apt/", "https://s3.example/", "");
    REQUIRE(one);
    CHECK(one->bucket == "packages");
    CHECK(one->prefix == "cloud/apt/");
    CHECK(one->endpoint == "https://s3.example");
    CHECK(one->region == "us-east-1");
    CHECK(bucket_address::parse("s3://packages", "http://127.0.0.1:9000", "eu")->prefix.empty());
    for (const auto* url : {"s3://", "s3://a", "s3://Packages/x", "s3://pack?ages", "s3://packages/../x", "packages"})
        CHECK_FALSE(bucket_address::parse(url, "https://s3.example", ""));
    for (const auto* endpoint : {"", "s3.example", "ftp://s3.example", "https://", "https://me:pw@s3.example",
                                 "https://s3.example/path", "https://s3.example?x"})
        CHECK_FALSE(bucket_address::parse("s3://packages", endpoint, ""));
}

TEST_CASE("export: a service that is not there is tried six times, with growing pauses, or until it is stopped") {
    const nobody_there gone;
    const auto where = bucket_address::parse("s3://packages", gone.url(), "").value();
    std::vector<std::int64_t> pauses;
    bucket all{where,
               {"id", "secret", {}},
               {},
               [&](auto how_long) {
                   pauses.push_back(how_long.count());
                   return true;
               },
               {}};
    CHECK(all.list().error().code() == errc::upstream_down);
    CHECK(pauses == std::vector<std::int64_t>{200, 400, 800, 1600, 3200});
    bucket stopped{where, {"id", "secret", {}}, {}, [](auto) { return false; }, {}};
    CHECK(stopped.list().error().code() == errc::cancelled);
}

TEST_CASE("export: a file that would take several parts is refused before anything is sent") {
    const nobody_there gone;
    bucket to{bucket_address::parse("s3://packages", gone.url(), "").value(),
              {"id", "secret", {}},
              {},
              [](auto) { return false; },
              {}};
    bucket_upload huge;
    huge.size = (5ULL << 30) + 1;
    CHECK(to.put("pool/huge", huge).error().code() == errc::refused);
}

TEST_CASE("export: a page of a listing is read with its ETags, and errors with their words") {
    const auto page = read_bucket_listing(
        "<ListBucketResult><IsTruncated>true</IsTruncated><NextContinuationToken>n&amp;1</NextContinuationToken>"
        "<Contents><Key>a/b&lt;c</Key><ETag>&quot;77&quot;</ETag><Size>12</Size><Owner><ID>x</ID></Owner></Contents>"
        "<CommonPrefixes><Prefix>p</Prefix></CommonPrefixes></ListBucketResult>");
    REQUIRE(page);
    REQUIRE(page->objects.size() == 1);
    CHECK(page->objects[0].key == "a/b<c");
    CHECK(page->objects[0].etag == "77");
    CHECK(page->objects[0].size == 12);
    CHECK(page->next == "n&1");
    CHECK(read_bucket_error("<Error><Code>NoSuchKey</Code><Message>not\nthere</Message></Error>")
              .starts_with("NoSuchKey: "));
    CHECK(read_bucket_error("<html>").empty());
}

TEST_CASE("export: a listing that is cut, too long, too deep, or brings its own entities is none") {
    const std::string one = "<Contents><Key>k</Key><Size>1</Size></Contents>";
    std::string many = "<ListBucketResult>", deep = "<ListBucketResult>";
    for (int i = 0; i < 1001; ++i) many += one;
    for (int i = 0; i < 100; ++i) deep += "<a>";
    CHECK(read_bucket_listing(many + "</ListBucketResult>").error().code() == errc::too_large);
    CHECK(read_bucket_listing(deep).error().code() == errc::too_large);
    CHECK(read_bucket_listing("<ListBucketResult><Contents><Key>" + std::string(10'000, 'k') +
                              "</Key></Contents></ListBucketResult>")
              .error()
              .code() == errc::too_large);
    for (const auto* text : {"", "<ListBucketResult>", "<Other/>", "<!DOCTYPE a [<!ENTITY b 'c'>]><ListBucketResult/>",
                             "<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>",
                             "<ListBucketResult><Contents><Size>-1</Size></Contents></ListBucketResult>"})
        CHECK(read_bucket_listing(text).error().code() == errc::malformed);
}
