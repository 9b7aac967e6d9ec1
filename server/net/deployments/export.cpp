#include "deployments/contents.hpp"
#include "own_key.hpp"
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <larder/base/text.hpp>
#include <larder/deployments/bundle.hpp>
#include <larder/index/byte_source.hpp>
#include <larder/net/bundles.hpp>
#include <larder/signing/verifier.hpp>
#include <unistd.h>

namespace larder::net {
namespace {

using namespace pinning;
using deployments::bundle_head;
using deployments::bundle_list;
using deployments::bundle_writer;

/// From here on a thread is worth it.
constexpr std::uint64_t large_object = 1 << 20;

/// Whether the next entry of a bundle is this one, to the last byte.
bool is_next(deployments::bundle_reader& in, const std::string& name, const digest& content) {
    const auto entry = in.next();
    if (!entry || !*entry || (*entry)->name != name) return false;
    hasher hash;
    for (;;) {
        const auto piece = in.read();
        if (!piece) return false;
        if (piece->empty()) return hash.finish() == content;
        hash.update(*piece);
    }
}

/// How many entries of a former attempt are those that would be written now: the head, where this store has signed the
/// same, and what follows it. A loss of power may have left anything in their place.
std::size_t still_good(engine& e, const std::string& part, const bundle_writer& out, const contents& all,
                       const bundle_head& wanted) {
    const auto key = e.key().get();
    const auto own = key ? signing::verifier::open({(*key)->public_key()}) : key.error();
    const auto text = own ? (*own)->inline_signed(out.first()) : own.error();
    const auto head = text ? bundle_head::read(text->text()) : text.error();
    if (!head || head->identity() != wanted.identity()) return 0;
    const auto in = deployments::open_bundle_reader(part);
    if (!in || !is_next(**in, std::string{deployments::head_entry}, sha256(out.first()))) return 0;
    if (!is_next(**in, std::string{deployments::list_entry}, head->list)) return 1;
    std::size_t good = 2;
    for (const auto& one : all.list().objects) {
        if (good == out.whole() || !is_next(**in, deployments::object_entry(one.content), one.content)) break;
        ++good;
    }
    return good;
}

bundle_writer::source once(std::string_view text) {
    return [text, given = false]() mutable -> result<std::string_view> {
        if (given) return std::string_view{};
        given = true;
        return text;
    };
}

result<void> add_object(engine& e, bundle_writer& out, const bundle_list::object& one, bundle_writer::effort how,
                        const std::function<void(std::uint64_t)>& passed) {
    LARDER_TRY(auto file, e.store().objects().open(one.content));
    auto reading = std::make_unique<index::hashing_source>(index::file_source(std::move(file)));
    auto& hash = *reading;
    std::unique_ptr<index::byte_source> in = std::move(reading);
    // Read and hashed on one core, written on another.
    if (one.size >= large_object) in = index::read_ahead(std::move(in));
    bool ended = false;
    const auto give = [&]() -> result<std::string_view> {
        if (ended) return std::string_view{};
        auto piece = in->next();
        if (!piece) return piece;
        passed(piece->size());
        if (!piece->empty()) return piece;
        ended = true;
        if (hash.finish() != one.content)
            return error{errc::digest_mismatch, "object " + one.content.hex() + " is damaged; larder doctor mends it"};
        return piece;
    };
    return out.add(deployments::object_entry(one.content), one.size, one.modified, how, give);
}

result<void> write_all_of(engine& e, bundle_writer& out, const contents& all, const bundle_head& wanted,
                          std::string_view list, export_report& report, const course& of) {
    const auto now = e.clock().now();
    LARDER_TRY(const auto head, signed_head(e, wanted));
    of.tell({"looking at what is there of " + report.file, 0, 0});
    const auto good = still_good(e, report.file + ".part", out, all, wanted);
    LARDER_CHECK(out.keep(good));
    using enum bundle_writer::effort;
    if (good < 1) LARDER_CHECK(out.add(std::string{deployments::head_entry}, head.size(), now, none, once(head)));
    if (good < 2) LARDER_CHECK(out.add(std::string{deployments::list_entry}, list.size(), now, some, once(list)));
    report.resumed = good < 2 ? 0 : good - 2;
    std::uint64_t done = 0;
    const auto passed = [&](std::uint64_t n) {
        done += n;
        of.tell({"writing " + report.file, done, all.bytes()});
    };
    const auto& objects = all.list().objects;
    for (std::size_t i = 0; i < objects.size(); ++i) {
        if (of.stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
        if (i < report.resumed) {
            done += objects[i].size;
            continue;
        }
        const auto how = i < all.metadata() ? bundle_writer::effort::some : bundle_writer::effort::none;
        LARDER_CHECK(add_object(e, out, objects[i], how, passed));
    }
    return out.finish();
}

/// What is there already must be a bundle, too: the server may write what whoever calls may not.
result<void> may_replace(const std::string& file) {
    std::error_code ec;
    const auto kind = std::filesystem::symlink_status(file, ec).type();
    if (kind == std::filesystem::file_type::not_found) return {};
    if (kind == std::filesystem::file_type::regular) {
        const unique_fd fd{::open(file.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW)};
        const auto first = fd ? pread_all(fd.get(), 4, 0, "reading " + file) : result<std::string>{error{}};
        if (first && *first == std::string_view{"\x28\xb5\x2f\xfd"}) return {};  // zstd's (RFC 8878, section 3.1.1)
    }
    return error{errc::refused, file + " is there already, and is no bundle"};
}

error not_all_here(const export_report& report) {
    const auto& first = report.missing.front();
    return {errc::absent, std::to_string(report.missing.size()) + " files that it holds are not here (the first: " +
                              first.package + " " + first.version + "): larder deployment fetch " + report.name +
                              " brings what can be had; --partial exports without them"};
}

}  // namespace

result<export_report> export_deployment(engine& e, const export_options& options, const progress_sink& tell,
                                        std::stop_token stop) {
    if (!options.file.starts_with('/')) return error{errc::bad_config, "a bundle's file is named with its whole path"};
    LARDER_CHECK(may_replace(options.file));
    const course of{tell, stop};
    LARDER_TRY(const auto d, registry_of(e).find(options.name));
    export_report report;
    report.name = d.name;
    report.file = options.file;
    report.generation = d.head;
    contents all{e};
    LARDER_CHECK(all.collect(d, of));
    report.missing = all.missing();
    if (!report.missing.empty() && !options.partial) return not_all_here(report);
    const auto list = all.list().write();
    const auto head = head_of(e, d, all, list);
    const auto part = options.file + ".part";
    LARDER_TRY(const auto out, deployments::open_bundle_writer(part));
    LARDER_CHECK(write_all_of(e, *out, all, head, list, report, of));
    if (::rename(part.c_str(), options.file.c_str()) != 0)
        return error{errc::io, "renaming " + part + ": " + std::strerror(errno)};
    LARDER_CHECK(sync_folder(std::filesystem::path{options.file}.parent_path().string()));
    report.objects = all.list().objects.size();
    report.bytes = all.bytes();
    std::error_code ignored;
    report.file_bytes = std::filesystem::file_size(options.file, ignored);
    LARDER_TRY(const auto key, e.key().get());
    report.signer = key->fingerprint();
    return report;
}

result<own_key_report> show_own_key(engine& e) {
    LARDER_TRY(const auto key, e.key().get());
    return own_key_report{key->fingerprint(), key->public_key()};
}

}  // namespace larder::net
