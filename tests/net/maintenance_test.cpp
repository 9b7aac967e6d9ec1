#include "store_ground.hpp"
#include <boost/json.hpp>
#include <kept_chunks.hpp>
#include <larder/index/compose.hpp>
#include <maintenance/hash_all.hpp>

using namespace larder;
using namespace larder::net;
using namespace larder::net::test;

TEST_CASE("gc: the least recently used go first, those of unknown use before all", "[net][maintenance]") {
    ground g{25};
    const auto old = g.put("old, 10 b.", 100);
    const auto young = g.put("young, 10b", 300);
    const auto middle = g.put("middle 10b", 200);
    const auto unknown = g.put("unknown10b");
    const auto report = gc(*g.e, in_earnest(), quiet).value();
    CHECK(report.cached == 4);
    CHECK(report.removed == 2);
    CHECK(report.removed_bytes == 20);
    CHECK(report.used_before == sys_seconds{100s});
    CHECK_FALSE(g.has(unknown));
    CHECK_FALSE(g.has(old));
    CHECK(g.has(middle));
    CHECK(g.has(young));
    CHECK(gc(*g.e, in_earnest(), quiet).value().removed == 0);
}

TEST_CASE("checking: what was written to after it was hashed is not taken for whole", "[net]") {
    ground g;
    const auto is_checked = [&](const digest& d) {
        const auto fd = g.e->store().objects().open(d).value();
        return g.e->check_first(d, 9, stamp_of(fd.get())) == nullptr;
    };
    const auto left_alone = g.put("something"), written_to = g.put("somewhat.");
    g.damage(written_to);
    // Said late, as a busy loop does.
    g.e->is_whole(left_alone);
    g.e->is_whole(written_to);
    CHECK(is_checked(left_alone));
    CHECK_FALSE(is_checked(written_to));
}

TEST_CASE("gc: a dry run tells the same and removes nothing", "[net][maintenance]") {
    ground g;
    const auto d = g.put("something");
    auto options = in_earnest();
    options.dry_run = true;
    CHECK(gc(*g.e, options, quiet).value().removed == 1);
    CHECK(g.has(d));
    CHECK(gc_options{}.dry_run);
}

TEST_CASE("gc: what a ref reaches stays, whatever the limit", "[net][maintenance]") {
    ground g;
    const auto [current, index] = g.state("stable");
    const auto [past, past_index] = g.state("older");
    const auto other = g.put("named by a ref of another kind");
    const auto loose = g.put("named by nothing");
    g.refer("archive/debian/suite/stable", current.hex());
    g.refer("history/debian/stable@20260101T000000Z", past.hex());
    g.refer("deployment/x", other.hex());
    g.refer("note/x", "no digest at all");
    const auto report = gc(*g.e, in_earnest(), quiet).value();
    CHECK_FALSE(g.has(loose));
    CHECK(g.has(other));
    CHECK(g.has(current));
    CHECK(g.has(index));
    CHECK(g.has(past));
    // An older state stays as it was signed; the indices of it are a cache.
    CHECK_FALSE(g.has(past_index));
    CHECK(report.removed == 2);
    CHECK(load_state(g.e->store().objects(), current));
    CHECK(load_state(g.e->store().objects(), past));
}

TEST_CASE("gc: the index of a former state is kept as chunks before it goes", "[net][maintenance]") {
    ground g;
    const auto [past, index] = g.state("older");
    g.refer("history/debian/older@20260101T000000Z", past.hex());
    const auto dry = gc(*g.e, gc_options{}, quiet).value();
    CHECK(dry.former_indices == 1);
    CHECK_FALSE(has_chunks(g.e->store().refs(), index));
    const auto report = gc(*g.e, in_earnest(), quiet).value();
    CHECK(report.former_indices == 1);
    CHECK(report.former_indices_bytes > 0);
    CHECK_FALSE(g.has(index));
    REQUIRE(find_chunks(g.e->store(), index).value());
    REQUIRE(join_to_object(g.e->store(), index, index));
    CHECK(g.e->store().objects().read(index).value() == "index of older");
    CHECK(gc(*g.e, in_earnest(), quiet).value().former_indices == 0);
    CHECK_FALSE(g.has(index));
}

TEST_CASE("gc: of a damaged index of a former state nothing is kept, and it goes", "[net][maintenance]") {
    ground g;
    const auto [past, index] = g.state("older");
    g.refer("history/debian/older@20260101T000000Z", past.hex());
    g.damage(index);
    CHECK(gc(*g.e, in_earnest(), quiet).value().former_indices == 0);
    CHECK_FALSE(g.has(index));
    CHECK(chunk_refs(g.e->store().refs()).value().empty());
}

TEST_CASE("gc: of an index one form of which is damaged another one is kept as chunks", "[net][maintenance]") {
    ground g;
    std::string text = "Package: hello\nVersion: 1\nDescription: ", packed;
    text.append(1000, 'x') += '\n';
    const auto writer = index::make_gzip_writer([&packed](std::string_view bytes) -> result<void> {
        packed += bytes;
        return {};
    });
    REQUIRE(writer->add(text));
    REQUIRE(writer->finish());
    const auto plain = g.put(text), smaller = g.put(packed);
    const std::string path = "main/binary-amd64/Packages";
    g.refer("history/debian/older@20260101T000000Z",
            g.state_with("older", {g.line(text, path), g.line(packed, path + ".gz")}).hex());
    g.damage(smaller);
    CHECK(gc(*g.e, in_earnest(), quiet).value().former_indices == 1);
    CHECK_FALSE(g.has(plain));
    REQUIRE(join_to_object(g.e->store(), plain, plain));
    CHECK(g.e->store().objects().read(plain).value() == text);
}

TEST_CASE("gc: an index that comes after the others of its state were kept as chunks is kept as well",
          "[net][maintenance]") {
    ground g;
    const std::string here = "index that is here", late = "index that comes late";
    const auto id =
        g.state_with("older", {g.line(here, "main/binary-amd64/Packages"), g.line(late, "main/i18n/Translation-de")});
    g.refer("history/debian/older@20260101T000000Z", id.hex());
    g.put(here);
    CHECK(gc(*g.e, in_earnest(), quiet).value().former_indices == 1);
    const auto content = g.put(late);
    REQUIRE(index_of_state_came(g.e->store().known(), id));
    CHECK(gc(*g.e, in_earnest(), quiet).value().former_indices == 1);
    CHECK_FALSE(g.has(content));
    REQUIRE(join_to_object(g.e->store(), content, content));
    CHECK(g.has(content));
}

TEST_CASE("chunks: one file that is lost costs those that share it, and no others", "[net][maintenance]") {
    ground g;
    const auto [past, index] = g.state("older");
    const auto [other, other_index] = g.state("other");
    g.refer("history/debian/older@20260101T000000Z", past.hex());
    g.refer("history/debian/other@20260101T000000Z", other.hex());
    REQUIRE(gc(*g.e, in_earnest(), quiet));
    const auto ref = chunk_refs(g.e->store().refs(), &index).value().at(0);
    REQUIRE(g.e->store().objects().remove(ref.object));
    CHECK_FALSE(find_chunks(g.e->store(), index).value());
    CHECK(find_chunks(g.e->store(), other_index).value());
    CHECK(join_to_object(g.e->store(), index, index).error().code() == errc::absent);
    const auto report = doctor(*g.e, {}, quiet).value();
    CHECK_FALSE(report.whole());
    REQUIRE(report.lost.size() == 1);
    CHECK(report.lost[0].content == ref.object);
    REQUIRE(report.dropped.size() == 1);
    CHECK(report.dropped[0].find(ref.name) == 0);
    CHECK(chunk_refs(g.e->store().refs(), &index).value().empty());
    CHECK(doctor(*g.e, {}, quiet).value().whole());
}

TEST_CASE("gc: removes nothing when it cannot tell what a ref reaches", "[net][maintenance]") {
    ground g;
    const auto [current, index] = g.state("stable");
    const auto loose = g.put("loose");
    g.refer("archive/debian/suite/stable", current.hex());
    REQUIRE(g.e->store().objects().remove(current));
    const auto report = gc(*g.e, in_earnest(), quiet);
    REQUIRE_FALSE(report);
    CHECK(report.error().detail().find("archive/debian/suite/stable") != std::string::npos);
    CHECK(report.error().detail().find("doctor") != std::string::npos);
    CHECK(g.has(loose));
}

TEST_CASE("gc: an index of a former state that cannot be read now stays until it can be kept", "[net][maintenance]") {
    ground g;
    const auto [past, index] = g.state("older");
    g.refer("history/debian/older@20260101T000000Z", past.hex());
    const auto file = g.path_of(index);
    fs::rename(file, file + ".away");
    fs::create_symlink(file + ".away", file);
    CHECK(gc(*g.e, in_earnest(), quiet).value().former_indices == 0);
    REQUIRE(g.has(index));
    fs::rename(file + ".away", file);
    CHECK(gc(*g.e, in_earnest(), quiet).value().former_indices == 1);
    CHECK(join_to_object(g.e->store(), index, index));
}

TEST_CASE("gc: what comes to be referred to during a pass stays", "[net][maintenance]") {
    ground g;
    std::vector<digest> all;
    for (int i = 0; i < 300; ++i) all.push_back(g.put("object " + std::to_string(i), i));
    const auto swing = [&](const progress& told) {
        if (told.doing != "removing" || told.done == told.total) return;
        const std::lock_guard lock{g.e->parts().refs_mutex};
        ++g.e->parts().refs_changed;
        g.refer("note/x", all.back().hex());
    };
    const auto before = g.e->removals();
    CHECK(gc(*g.e, in_earnest(), swing).value().removed == 299);
    CHECK(g.has(all.back()));
    CHECK(g.e->removals() > before);
}

TEST_CASE("gc: what is held for a deployment that is not there goes", "[net][maintenance]") {
    ground g;
    const auto held = g.put("held for nobody");
    REQUIRE(g.e->store().holds().add("nobody", {{held, 15, "debian", "pool/x.deb"}}));
    CHECK(gc(*g.e, in_earnest(), quiet).value().removed == 1);
}

TEST_CASE("chunks: an index whose chunks are in another's lost file is not kept, and is once that is back",
          "[net][maintenance]") {
    ground g;
    std::string text;
    for (int i = 0; i < 200; ++i)
        text += "Package: p" + std::to_string(i) + "\nDescription: " + std::string(1000, 'x') + "\n\n";
    const auto first = sha256(text), second = sha256(text + "Package: q\n");
    const std::vector<std::pair<std::string, std::string>> states{{"20260101T000000Z", text},
                                                                  {"20260102T000000Z", text + "Package: q\n"}};
    for (const auto& [when, bytes] : states) {
        g.put(bytes);
        const auto id = g.state_with("older", {g.line(bytes, "main/binary-amd64/Packages")});
        g.refer("history/debian/older@" + when, id.hex());
        const auto changes = g.e->parts().refs_changed;
        REQUIRE(gc(*g.e, in_earnest(), quiet).value().former_indices == 1);
        CHECK(g.e->parts().refs_changed > changes);
    }
    const auto kept = find_chunks(g.e->store(), second).value();
    REQUIRE((kept && kept->list.packs.size() == 1));
    const auto file = g.path_of(kept->list.packs.front());
    fs::rename(file, file + ".away");
    CHECK_FALSE(find_chunks(g.e->store(), second).value());
    CHECK_FALSE(find_chunks(g.e->store(), first).value());
    fs::rename(file + ".away", file);
    CHECK(join_to_object(g.e->store(), second, second));
}

TEST_CASE("gc: removes nothing when the Release of a former state cannot be read now", "[net][maintenance]") {
    ground g;
    const auto [past, index] = g.state("older");
    g.refer("history/debian/older@20260101T000000Z", past.hex());
    const auto manifest = state_manifest::read(g.e->store().objects().read(past).value()).value();
    // As good as a disk that fails: opening it is an error, and it is there.
    const auto file = g.path_of(manifest.text.content);
    fs::rename(file, file + ".away");
    fs::create_symlink(file + ".away", file);
    CHECK_FALSE(gc(*g.e, in_earnest(), quiet));
    CHECK(g.has(index));
    // Once it is lost nobody can tell what its indices were.
    fs::remove(file);
    CHECK(gc(*g.e, in_earnest(), quiet));
    CHECK_FALSE(g.has(index));
}

TEST_CASE("gc: what came within the grace stays", "[net][maintenance]") {
    ground g;
    const auto d = g.put("young");
    auto options = in_earnest();
    options.grace_seconds = 600;
    CHECK(gc(*g.e, options, quiet).value().removed == 0);
    CHECK(g.has(d));
}

TEST_CASE("gc: free_bytes removes below the limit, and no more than that", "[net][maintenance]") {
    ground g{1000};
    g.put("0123456789", 1);
    const auto kept = g.put("abcdefghij", 2);
    auto options = in_earnest();
    options.free_bytes = 5;
    CHECK(gc(*g.e, options, quiet).value().removed_bytes == 10);
    CHECK(g.has(kept));
}

TEST_CASE("gc: a stop ends it with cancelled", "[net][maintenance]") {
    ground g;
    const auto d = g.put("something");
    std::stop_source stop;
    stop.request_stop();
    CHECK(gc(*g.e, in_earnest(), quiet, stop.get_token()).error().code() == errc::cancelled);
    CHECK(doctor(*g.e, {}, quiet, stop.get_token()).error().code() == errc::cancelled);
    CHECK(g.has(d));
}

TEST_CASE("doctor: a whole store is whole", "[net][maintenance]") {
    ground g;
    const auto [current, index] = g.state("stable");
    g.refer("archive/debian/suite/stable", current.hex());
    const auto report = doctor(*g.e, {}, quiet).value();
    CHECK(report.whole());
    CHECK(report.objects == 4);
    CHECK(report.states == 1);
    CHECK(report.damaged.empty());
}

TEST_CASE("doctor: a damaged object that nothing knows is set aside and lost", "[net][maintenance]") {
    ground g;
    const auto d = g.put("bytes");
    g.damage(d);
    doctor_options look;
    look.repair = false;
    const auto seen = doctor(*g.e, look, quiet).value();
    CHECK(seen.damaged.size() == 1);
    CHECK_FALSE(seen.whole());
    CHECK(g.has(d));
    const auto report = doctor(*g.e, {}, quiet).value();
    REQUIRE(report.lost.size() == 1);
    CHECK(report.lost.front().content == d);
    CHECK_FALSE(g.has(d));
    CHECK(fs::exists(g.folder + "/store/damaged/" + d.hex()));
    CHECK(doctor(*g.e, {}, quiet).value().whole());
}

TEST_CASE("doctor: a current state that is gone gives way to the last whole one", "[net][maintenance]") {
    ground g;
    const auto [current, index] = g.state("stable");
    const auto [past, past_index] = g.state("before");
    const auto [older, older_index] = g.state("long before");
    g.refer("archive/debian/suite/stable", current.hex());
    g.refer("history/debian/stable@20260101T000000Z", older.hex());
    g.refer("history/debian/stable@20260201T000000Z", past.hex());
    g.refer("history/debian/stable@20260301T000000Z", current.hex());
    g.damage(current);
    const auto report = doctor(*g.e, {}, quiet).value();
    CHECK(report.lost.size() == 1);
    CHECK(report.dropped.size() == 2);
    CHECK(g.e->store().refs().get("archive/debian/suite/stable").value()->value == past.hex());
    CHECK_FALSE(g.e->store().refs().get("history/debian/stable@20260301T000000Z").value().has_value());
    CHECK(gc(*g.e, in_earnest(), quiet));
}

TEST_CASE("doctor: hashes with any number of threads, and finds each damage once", "[net][maintenance]") {
    ground g;
    std::vector<digest> all;
    for (int i = 0; i < 60; ++i)
        all.push_back(g.put(std::string(static_cast<std::size_t>(i) * 9970, 'x') + std::to_string(i)));
    for (int i = 0; i < 60; i += 10) g.damage(all[static_cast<std::size_t>(i)]);
    doctor_options look;
    look.repair = false;
    for (const unsigned threads : {1U, 2U, 7U}) {
        look.threads = threads;
        look.background = threads == 7;
        const auto report = doctor(*g.e, look, quiet).value();
        CHECK(report.objects == 60);
        CHECK(report.damaged.size() == 6);
    }
}

TEST_CASE("maintenance: refs of states are told from others by their names", "[net][maintenance]") {
    using maintenance::parse_state_ref;
    const auto current = parse_state_ref("archive/debian/suite/jammy-updates/zed");
    REQUIRE(current);
    CHECK((current->current && current->archive == "debian" && current->suite == "jammy-updates/zed"));
    const auto past = parse_state_ref("history/cloud/jammy-updates/zed@20260101T000000Z");
    REQUIRE(past);
    CHECK((!past->current && past->archive == "cloud" && past->suite == "jammy-updates/zed"));
    const auto flat = parse_state_ref("archive/x/suite/./");
    REQUIRE(flat);
    CHECK(flat->suite == "./");
    for (const auto* other : {"", "archive/", "archive/x", "archive/x/suite/", "archive/x/other/y",
                              "history/x/no-moment", "pocket/x/suite/y", "archive//suite/x"})
        CHECK_FALSE(parse_state_ref(other));
}

TEST_CASE("maintenance: reports are JSON objects with the members' names", "[net][maintenance]") {
    doctor_report d;
    d.lost.push_back({sha256("x"), {"debian/pool/\"x\""}, "line"});
    const auto doctor_json = boost::json::parse(to_json(d)).as_object();
    CHECK(doctor_json.at("whole").as_bool() == false);
    CHECK(doctor_json.at("lost").as_array().at(0).at("known_from").as_array().at(0) == "debian/pool/\"x\"");
    CHECK(boost::json::parse(to_json(gc_report{})).at("used_before").is_null());
    CHECK(boost::json::parse(to_json(import_report{})).at("unknown").as_array().empty());
    import_report odd;
    odd.unknown = {"caf\xe9\n.deb"};
    CHECK(boost::json::parse(to_json(odd)).at("unknown").at(0).as_string() == "caf\ufffd\n.deb");
    CHECK(boost::json::parse(to_json(update_report{})).at("fine").as_bool());
    CHECK(boost::json::parse(to_json(fetch_report{})).at("fine").as_bool());
    CHECK(boost::json::parse(to_json(store_report{})).at("disk").at("free") == 0);
}
