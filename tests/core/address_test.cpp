#include <catch2/catch.hpp>
#include <larder/core/address.hpp>
#include <larder/core/options.hpp>

using namespace larder;
using namespace larder::core;

namespace {

std::string_view kind_of(std::string_view text) {
    const auto a = parse_address(text);
    return a ? to_string(classify(*a)) : "no address";
}
ip_address ip(std::string_view text) { return *parse_address(text); }

}  // namespace

TEST_CASE("address: literals are read strictly", "[core][address]") {
    CHECK(to_string(ip("192.0.2.1")) == "192.0.2.1");
    CHECK(to_string(ip("::")) == "0:0:0:0:0:0:0:0");
    CHECK(to_string(ip("2001:DB8::1")) == "2001:db8:0:0:0:0:0:1");
    CHECK(ip("1:2:3:4:5:6:7::") == ip("1:2:3:4:5:6:7:0"));
    CHECK(ip("::2:3:4:5:6:7:8") == ip("0:2:3:4:5:6:7:8"));
    CHECK(ip("::ffff:1.2.3.4") == ip("::ffff:102:304"));
    CHECK(ip("64:ff9b::1.2.3.4") == ip("64:ff9b::102:304"));
    for (const auto* text : {"",
                             "1",
                             "1.2.3",
                             "1.2.3.4.5",
                             "1.2.3.256",
                             "01.2.3.4",
                             "1.2.3.4 ",
                             " 1.2.3.4",
                             "1..2.3",
                             "1.2.3.",
                             ".1.2.3",
                             "0x1.2.3.4",
                             "1.2.3.+4",
                             ":",
                             ":::",
                             "1:2:3:4:5:6:7",
                             "1::2::3",
                             "1:2:3:4:5:6:7:8:9",
                             "::12345",
                             "::g",
                             "1:2:3:4:5:6:7:8::",
                             "::1:2:3:4:5:6:7:8",
                             "1:",
                             ":1",
                             "1.2.3.4::",
                             "::1.2.3.4:5",
                             "[::1]",
                             "fe80::1%eth0",
                             "::1.2.3",
                             "1::2:3:4:5:6:7:8"}) {
        INFO(text);
        CHECK_FALSE(parse_address(text));
    }
}

TEST_CASE("address: special IPv4 ranges are told from public ones at their edges", "[core][address]") {
    CHECK(kind_of("8.8.8.8") == "public");
    CHECK(kind_of("0.0.0.0") == "unspecified");
    CHECK(kind_of("0.255.255.255") == "unspecified");
    CHECK(kind_of("1.0.0.0") == "public");
    CHECK(kind_of("10.255.255.255") == "private");
    CHECK(kind_of("11.0.0.0") == "public");
    CHECK(kind_of("100.63.255.255") == "public");
    CHECK(kind_of("100.64.0.0") == "private");
    CHECK(kind_of("100.127.255.255") == "private");
    CHECK(kind_of("100.128.0.0") == "public");
    CHECK(kind_of("127.0.0.1") == "loopback");
    CHECK(kind_of("127.255.255.255") == "loopback");
    CHECK(kind_of("169.254.169.254") == "link-local");
    CHECK(kind_of("169.253.255.255") == "public");
    CHECK(kind_of("172.15.255.255") == "public");
    CHECK(kind_of("172.16.0.0") == "private");
    CHECK(kind_of("172.31.255.255") == "private");
    CHECK(kind_of("172.32.0.0") == "public");
    CHECK(kind_of("192.168.1.1") == "private");
    CHECK(kind_of("192.0.2.1") == "reserved");
    CHECK(kind_of("198.18.0.1") == "reserved");
    CHECK(kind_of("198.20.0.1") == "public");
    CHECK(kind_of("223.255.255.255") == "public");
    CHECK(kind_of("224.0.0.1") == "multicast");
    CHECK(kind_of("239.255.255.255") == "multicast");
    CHECK(kind_of("240.0.0.1") == "reserved");
    CHECK(kind_of("255.255.255.255") == "reserved");
}

TEST_CASE("address: special IPv6 ranges are told from public ones", "[core][address]") {
    CHECK(kind_of("2a04:4e42::644") == "public");
    CHECK(kind_of("::") == "unspecified");
    CHECK(kind_of("::1") == "loopback");
    CHECK(kind_of("fe80::1") == "link-local");
    CHECK(kind_of("febf::1") == "link-local");
    CHECK(kind_of("fec0::1") == "private");
    CHECK(kind_of("fc00::1") == "private");
    CHECK(kind_of("fdff::1") == "private");
    CHECK(kind_of("ff02::1") == "multicast");
    CHECK(kind_of("2001:db8::1") == "reserved");
    CHECK(kind_of("100::1") == "reserved");
    CHECK(kind_of("4000::1") == "reserved");
}

TEST_CASE("address: an IPv4 address inside an IPv6 one is judged by itself", "[core][address]") {
    for (const auto* text : {"::ffff:127.0.0.1", "::127.0.0.1", "64:ff9b::127.0.0.1",
                             "2002:7f00:1::", "::ffff:0:127.0.0.1", "2001:0:1:2:3:4:80ff:fffe"}) {
        INFO(text);
        CHECK(kind_of(text) == "loopback");
    }
    CHECK(kind_of("::ffff:169.254.169.254") == "link-local");
    CHECK(kind_of("64:ff9b::10.0.0.1") == "private");
    CHECK(kind_of("2002:a9fe:a9fe::1") == "link-local");
    CHECK(kind_of("::ffff:8.8.8.8") == "public");
    CHECK(kind_of("64:ff9b:1::8.8.8.8") == "private");
    CHECK(kind_of("::ffff:0.0.0.0") == "unspecified");
}

TEST_CASE("address: a range holds what shares its prefix", "[core][address]") {
    const auto ten = *network::parse("10.0.0.0/9");
    CHECK(ten.contains(ip("10.127.255.255")));
    CHECK_FALSE(ten.contains(ip("10.128.0.0")));
    CHECK(ten.contains(ip("::ffff:10.1.2.3")));
    CHECK_FALSE(ten.contains(ip("::10.1.2.3")));
    CHECK(network::parse("0.0.0.0/0")->contains(ip("8.8.8.8")));
    CHECK_FALSE(network::parse("::/0")->contains(ip("8.8.8.8")));
    CHECK(network::parse("fd00::/8")->contains(ip("fd12::1")));
    CHECK(network::parse("192.0.2.7")->contains(ip("192.0.2.7")));
    CHECK_FALSE(network::parse("192.0.2.7")->contains(ip("192.0.2.6")));
    for (const auto* text :
         {"", "10.0.0.0/", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/x", "10/8", "::/129", "a.example/8"}) {
        INFO(text);
        CHECK_FALSE(network::parse(text));
    }
}

TEST_CASE("address: only what the configuration names may be reached beside public addresses", "[core][address]") {
    options o;
    o.upstream.private_networks = {"10.0.0.0/8"};
    o.archives.resize(3);
    o.archives[0].upstream = {"http://127.0.0.1:8080/debian", "http://192.168.7.7/debian"};
    o.archives[1].upstream = {"http://mirror.example/debian"};
    o.archives[2].upstream = {"http://localhost/debian"};
    const auto policy = *address_policy::make(o);
    CHECK(policy.allows(0, ip("127.0.0.1")));
    CHECK(policy.allows(0, ip("::ffff:127.0.0.1")));
    CHECK_FALSE(policy.allows(0, ip("127.0.0.2")));
    CHECK_FALSE(policy.allows(0, ip("::1")));
    CHECK(policy.allows(0, ip("192.168.7.7")));
    CHECK_FALSE(policy.allows(0, ip("192.168.7.8")));
    CHECK_FALSE(policy.allows(1, ip("127.0.0.1")));
    CHECK_FALSE(policy.allows(1, ip("169.254.169.254")));
    CHECK(policy.allows(1, ip("8.8.8.8")));
    CHECK(policy.allows(1, ip("10.1.2.3")));
    CHECK(policy.allows(2, ip("127.0.0.1")));
    CHECK(policy.allows(2, ip("::1")));
    CHECK_FALSE(policy.allows(ip("127.0.0.1")));
    CHECK(policy.allows(ip("10.1.2.3")));
    CHECK_FALSE(policy.allows(9, ip("127.0.0.1")));
}

TEST_CASE("address: multicast and unspecified addresses are never allowed", "[core][address]") {
    options o;
    o.upstream.private_networks = {"0.0.0.0/0", "::/0"};
    o.archives.resize(1);
    o.archives[0].upstream = {"http://0.0.0.0/debian", "http://[::]/debian"};
    const auto policy = *address_policy::make(o);
    CHECK_FALSE(policy.allows(0, ip("0.0.0.0")));
    CHECK_FALSE(policy.allows(0, ip("::")));
    CHECK_FALSE(policy.allows(0, ip("::ffff:0.0.0.0")));
    CHECK_FALSE(policy.allows(0, ip("224.0.0.1")));
    CHECK(policy.allows(0, ip("127.0.0.1")));
}

TEST_CASE("address: a parent proxy's literal address may be reached for every archive", "[core][address]") {
    options o;
    o.upstream.proxy = "http://user:pw@10.9.8.7:3128";
    o.archives.resize(1);
    const auto policy = *address_policy::make(o);
    CHECK(policy.allows(0, ip("10.9.8.7")));
    CHECK(policy.allows(ip("10.9.8.7")));
    CHECK_FALSE(policy.allows(ip("10.9.8.8")));
    o.upstream.private_networks = {"10.0.0.0/40"};
    CHECK_FALSE(address_policy::make(o));
}
