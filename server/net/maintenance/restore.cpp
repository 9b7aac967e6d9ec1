#include "maintenance/restore.hpp"
#include "maintenance/downloads.hpp"
#include "rescue.hpp"
#include <future>
#include <mutex>

namespace larder::net::maintenance {
namespace {

using namespace std::chrono_literals;

/// A state's release files, by whichever way they came.
struct release_files {
    std::string in_release, release, release_gpg;
    sys_seconds modified{};
    std::string url;  ///< that they came from; empty: they are here
};

result<state_manifest> manifest_of(const store::object_store& objects, const state_ref& of) {
    LARDER_TRY(const auto id, digest::from_hex(of.value));
    LARDER_TRY(const auto text, objects.read(id, 1 << 20));
    return state_manifest::read(text);
}

void note(state_troubles& all, const digest& d, const error& why) {
    if (is_about_bytes(why))
        all.missing.push_back(d);
    else
        all.unreadable.emplace_back(d, why);
}

/// The last whole state before a current one; nothing when there is none.
result<const state_ref*> last_whole_before(const store::object_store& objects, const state_ref& of,
                                           const std::vector<state_ref>& all) {
    // The history is in order of time: the last whole one is the youngest.
    for (auto past = all.rbegin(); past != all.rend(); ++past) {
        if (past->current || past->archive != of.archive || past->suite != of.suite || past->value == of.value)
            continue;
        const auto troubles = troubles_of(objects, *past);
        if (troubles.none()) return &*past;
        if (!troubles.unreadable.empty())
            return error{errc::io,
                         "the state before it cannot be read now: " + troubles.unreadable.front().second.detail()};
    }
    return nullptr;
}

/// Makes what archive::keep makes of the same files; only if that is this very state is it kept.
result<void> keep_again(engine& e, const archive& a, const state_ref& of, const release_files& files) {
    const auto verified = files.in_release.empty() ? a.keys().detached(files.release, files.release_gpg)
                                                   : a.keys().inline_signed(files.in_release);
    if (!verified) return verified.error();
    LARDER_TRY(const auto release, index::parse_release(*verified));
    const auto named = [](const std::string& bytes) { return stored_file{sha256(bytes), bytes.size()}; };
    state_manifest manifest;
    manifest.archive = of.archive;
    manifest.suite = of.suite;
    manifest.date = release.date;
    manifest.signers = verified->signers();
    manifest.text = named(verified->text());
    std::vector<std::string> wanted{verified->text()};
    if (!files.in_release.empty()) {
        manifest.in_release = named(files.in_release);
        wanted.push_back(files.in_release);
    } else {
        manifest.release = named(files.release);
        manifest.release_gpg = named(files.release_gpg);
        wanted.push_back(files.release);
        wanted.push_back(files.release_gpg);
    }
    auto text = manifest.write();
    if (sha256(text).hex() != of.value)
        return error{errc::absent, "upstream has another state by now, of " + format_iso(release.date)};
    wanted.push_back(std::move(text));
    const suite in{of.suite};
    for (const auto& bytes : wanted) {
        std::optional<store::provenance> from;
        const auto* file = bytes == files.release_gpg ? "Release.gpg"
                           : files.in_release.empty() ? "Release"
                                                      : "InRelease";
        if (!files.url.empty() && &bytes != &wanted.back())
            from =
                store::provenance{store::arrival::repaired,   e.clock().now(), of.archive, in.file(file), {files.url},
                                  *digest::from_hex(of.value)};
        LARDER_TRY(const auto content, e.store().objects().put(bytes, files.modified, std::move(from)));
        static_cast<void>(content);
    }
    return {};
}

/// The release files that are still here.
result<release_files> from_store(const store::object_store& objects, const state_ref& of) {
    LARDER_TRY(const auto manifest, manifest_of(objects, of));
    release_files files;
    files.modified = manifest.date;
    if (manifest.in_release) {
        LARDER_TRY(files.in_release, objects.read(manifest.in_release->content, 20'000'000));
        if (const auto info = objects.find(manifest.in_release->content); info && *info)
            files.modified = (*info)->modified;
        return files;
    }
    if (!manifest.release || !manifest.release_gpg) return error{errc::absent, "its release files are not here"};
    LARDER_TRY(files.release, objects.read(manifest.release->content, 20'000'000));
    LARDER_TRY(files.release_gpg, objects.read(manifest.release_gpg->content, 20'000'000));
    return files;
}

result<document> ask(engine& e, const archive& a, const std::string& path, const std::stop_token& stop) {
    auto work = e.parts().hub.ask(a.mirrors_ptr(), path, std::nullopt, index::max_release_size, {});
    auto ended = asio::co_spawn(e.parts().loop, std::move(work), asio::use_future);
    while (ended.wait_for(100ms) != std::future_status::ready)
        if (stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
    return ended.get();
}

result<release_files> from_upstream(engine& e, const archive& a, const state_ref& of, const std::stop_token& stop) {
    const suite in{of.suite};
    release_files files;
    auto signed_text = ask(e, a, in.file("InRelease"), stop);
    if (signed_text) {
        files.in_release = std::move(signed_text->body);
        files.url = std::move(signed_text->url);
        files.modified = signed_text->modified.value_or(e.clock().now());
        return files;
    }
    if (signed_text.error().code() != errc::absent) return signed_text.error();
    LARDER_TRY(auto release, ask(e, a, in.file("Release"), stop));
    LARDER_TRY(auto signature, ask(e, a, in.file("Release.gpg"), stop));
    files.modified = release.modified.value_or(e.clock().now());
    files.url = std::move(release.url);
    files.release = std::move(release.body);
    files.release_gpg = std::move(signature.body);
    return files;
}

/// A peer has its objects by their hashes: the manifest, and then what that names.
result<void> from_peers(engine& e, const state_ref& of, const std::stop_token& stop) {
    error why{errc::absent, "no peer is configured"};
    for (int turn = 0; turn < 2; ++turn) {
        std::vector<fetch_order> orders;
        for (const auto& content : troubles_of(e.store().objects(), of).missing)
            if (auto order = e.routes()->elsewhere->by_hash(content)) orders.push_back(std::move(*order));
        const auto ended = [&why](std::size_t, const result<void>& how) {
            if (!how) why = how.error();
        };
        LARDER_CHECK(download(
            e, orders, "asking peers", ended, [](const progress&) {}, stop));
    }
    if (troubles_of(e.store().objects(), of).none()) return {};
    return why;
}

}  // namespace

bool is_about_bytes(const error& why) {
    switch (why.code()) {
        case errc::absent:
        case errc::digest_mismatch:
        case errc::too_large:
        case errc::malformed: return true;
        default: return false;
    }
}

state_troubles troubles_of(const store::object_store& objects, const state_ref& of) {
    state_troubles all;
    const auto id = digest::from_hex(of.value);
    if (!id) return all;
    const auto manifest = manifest_of(objects, of);
    if (!manifest) {
        note(all, *id, manifest.error());
        return all;
    }
    for (const auto& file : files_of(*manifest))
        if (const auto bytes = objects.read(file.content, 20'000'000); !bytes) note(all, file.content, bytes.error());
    return all;
}

result<void> restore(engine& e, const state_ref& of, std::stop_token stop) {
    const auto a = e.find_archive(of.archive);
    if (!a) return error{errc::absent, "archive '" + of.archive + "' is not configured any more"};
    if (const auto here = from_store(e.store().objects(), of); here && keep_again(e, *a, of, *here)) return {};
    const auto files = from_upstream(e, *a, of, stop);
    const auto again = files ? keep_again(e, *a, of, *files) : files.error();
    if (again || from_peers(e, of, stop)) return {};
    return again;
}

result<std::string> give_up(engine& e, const state_ref& of, const std::vector<state_ref>& all) {
    const state_ref* past = nullptr;
    if (of.current) {
        LARDER_TRY(past, last_whole_before(e.store().objects(), of, all));
    }
    {
        // As archive::switch_to does: gc looks at the refs again before it removes one object more.
        const std::lock_guard lock{e.parts().refs_mutex};
        ++e.parts().refs_changed;
        LARDER_CHECK(e.store().refs().change({{of.ref, of.version, past ? std::optional{past->value} : std::nullopt}}));
    }
    if (const auto a = e.find_archive(of.archive)) a->forget_states(of.suite);
    if (past == nullptr) return of.ref + ": forgotten";
    return of.ref + ": went back to the state of " + past->ref.substr(past->ref.rfind('@') + 1);
}

}  // namespace larder::net::maintenance
