#include <catch2/catch.hpp>
#include <larder/debs/names.hpp>

using namespace larder;
using namespace larder::debs;

TEST_CASE("names: a source package's folder has its first letter, or lib and one more", "[names]") {
    CHECK(pool_folder("main", "hello").value() == "pool/main/h/hello");
    CHECK(pool_folder("main", "libfoo").value() == "pool/main/libf/libfoo");
    CHECK(pool_folder("non-free/games", "0ad").value() == "pool/non-free/games/0/0ad");
    CHECK(pool_folder("main", "lib").value() == "pool/main/lib/lib");
}

TEST_CASE("names: nothing climbs out of the pool", "[names]") {
    for (const auto* name :
         {"..", ".", "", "a", "../x", "a/b", "/etc", "Hello", "h\xc3\xa9llo", "a b", "a\nb", "-ab", ".ab"})
        CHECK(!pool_folder("main", name));
    for (const auto* component : {"", "..", "main/..", "/main", "main/", "main//x", "Main", "a b", ".x"})
        CHECK(!pool_folder(component, "hello"));
    CHECK(!check_package_name(std::string(201, 'a')));
}

TEST_CASE("names: a file's name is made of what is in it, without the epoch", "[names]") {
    CHECK(package_file_name("hello", "1:2.0-3", "amd64", file_kind::deb).value() == "hello_2.0-3_amd64.deb");
    CHECK(package_file_name("hello", "2.0~rc1+b1", "all", file_kind::udeb).value() == "hello_2.0~rc1+b1_all.udeb");
    CHECK(dsc_file_name("hello", "1:2.0-3").value() == "hello_2.0-3.dsc");
    CHECK(!package_file_name("hello", "1:2:0-3", "amd64", file_kind::deb));
    CHECK(!package_file_name("hello", "1.0/../2", "amd64", file_kind::deb));
    CHECK(!package_file_name("hello", "1.0", "../amd64", file_kind::deb));
    CHECK(!package_file_name("hello", "1.0", "amd64", file_kind::dsc));
    CHECK(!package_file_name(std::string(150, 'a'), std::string(150, '1'), "amd64", file_kind::deb));
}

TEST_CASE("names: a binary package is for one architecture", "[names]") {
    for (const auto* one : {"amd64", "all", "kfreebsd-amd64", "x32"}) CHECK(check_architecture(one));
    for (const auto* one : {"", "any", "source", "linux-any", "any-i386", "amd64 i386", "AMD64", "-x"})
        CHECK(!check_architecture(one));
}

TEST_CASE("names: files of an upload are plain names", "[names]") {
    for (const auto* one : {"hello_1.0-1_amd64.deb", "foo_1.0+dfsg~rc1.orig-comp.tar.xz.asc", "A"})
        CHECK(check_file_name(one));
    for (const auto* one : {"", ".", "..", ".hidden", "a/b", "../a", "a b", "a\nb", "a\\b", "a%2fb", "a:b", "-rf"})
        CHECK(!check_file_name(one));
}

TEST_CASE("names: Source may have a version in brackets", "[names]") {
    CHECK(read_source_name("hello", "1.0").value().version == "1.0");
    const auto other = read_source_name("hello (1:0.9-1)", "1.0").value();
    CHECK(other.name == "hello");
    CHECK(other.version == "1:0.9-1");
    CHECK(read_source_name("hello(2)", "1.0").value().version == "2");
    for (const auto* odd : {"", "hello (", "hello (1.0", "hello ()", "(1.0)", "hello (x)", "hello world"})
        CHECK(!read_source_name(odd, "1.0"));
}

TEST_CASE("names: the ending tells what a file is", "[names]") {
    CHECK(kind_of_file("hello_1.0_amd64.deb") == file_kind::deb);
    CHECK(kind_of_file("hello_1.0_amd64.udeb") == file_kind::udeb);
    CHECK(kind_of_file("hello-dbgsym_1.0_amd64.ddeb") == file_kind::ddeb);
    CHECK(kind_of_file("a.dsc") == file_kind::dsc);
    CHECK(kind_of_file("a.changes") == file_kind::changes);
    CHECK(kind_of_file("a.buildinfo") == file_kind::buildinfo);
    CHECK(kind_of_file("a.tar.xz") == file_kind::other);
    CHECK(kind_of_file("deb") == file_kind::other);
}
