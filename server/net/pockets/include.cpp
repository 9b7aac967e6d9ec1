#include "commits.hpp"
#include "held.hpp"
#include "pockets/arrivals.hpp"
#include "pockets/read_ahead.hpp"
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <larder/base/text.hpp>
#include <larder/debs/deb.hpp>
#include <larder/debs/source.hpp>
#include <larder/debs/stanza.hpp>
#include <set>
#include <sys/stat.h>

namespace larder::net {
namespace {

using namespace publishing;

constexpr std::uint64_t most_text = 4U << 20;

/// Hands on what another source gives, and puts it into a file of the store.
class storing_source final : public index::byte_source {
public:
    storing_source(std::unique_ptr<index::byte_source> in, store::incoming& to) : in_{std::move(in)}, to_{to} {}

    result<std::string_view> next() override {
        LARDER_TRY(const auto piece, in_->next());
        if (!piece.empty()) LARDER_CHECK(to_.append(piece));
        return piece;
    }

private:
    std::unique_ptr<index::byte_source> in_;
    store::incoming& to_;
};

/// Without waiting for the other end of a pipe.
result<unique_fd> open_file(const std::string& path) {
    unique_fd fd{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
    if (!fd) return errno_error(errno, "opening it");
    struct stat st {};
    if (::fstat(fd.get(), &st) != 0) return errno_error(errno, "opening it");
    if (!S_ISREG(st.st_mode)) return error{errc::refused, "it is no ordinary file"};
    return fd;
}

std::string folder_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == std::string::npos ? std::string{"."} : path.substr(0, slash);
}

std::string name_in(const std::string& path) { return path.substr(path.rfind('/') + 1); }

bool is_binary(debs::file_kind kind) {
    return kind == debs::file_kind::deb || kind == debs::file_kind::udeb || kind == debs::file_kind::ddeb;
}

/// A binary package, and a copy of its file on its way into the store.
struct arrived_deb {
    debs::binary_package package;
    std::unique_ptr<store::incoming> copy;
};

result<arrived_deb> read_arrived(engine& e, const std::string& path) {
    LARDER_TRY(auto fd, open_file(path));
    arrived_deb made;
    LARDER_TRY(made.copy, e.store().objects().begin());
    storing_source in{index::file_source(std::move(fd)), *made.copy};
    LARDER_TRY(made.package, debs::read_deb(in, name_in(path)));
    return made;
}

/// What is to be published of some files, and the files of the pool.
class intake {
public:
    intake(engine& e, pockets::pocket of, const include_options& options)
        : e_{e}, of_{std::move(of)}, options_{options}, staged_{e.held()}, commits_{e.store().objects()} {
        component_ = options.component.empty() ? of_.components.front() : options.component;
    }

    result<void> run(const progress_sink& tell, const std::stop_token& stop) {
        if (std::find(of_.components.begin(), of_.components.end(), component_) == of_.components.end())
            return error{errc::refused, "pocket " + of_.name() + " has no component '" + printable(component_, 60) +
                                            "'; it has " + joined(of_.components)};
        // Other files are few, and read when their turn comes.
        read_ahead<std::optional<arrived_deb>> ahead{options_.files.size(),
                                                     [this](std::size_t n) -> result<std::optional<arrived_deb>> {
                                                         const auto& file = options_.files[n];
                                                         if (!is_binary(debs::kind_of_file(name_in(file))))
                                                             return std::optional<arrived_deb>{};
                                                         LARDER_TRY(auto made, read_arrived(e_, file));
                                                         return std::optional{std::move(made)};
                                                     }};
        std::uint64_t done = 0;
        for (const auto& file : options_.files) {
            if (stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
            tell({"reading " + name_in(file), done++, options_.files.size()});
            auto arrived = ahead.next();
            if (!arrived) return arrived.error().in(file);
            auto taken = *arrived ? take_deb(std::move(**arrived), file) : take(file);
            if (!taken) return taken.error().in(file);
        }
        LARDER_CHECK(commits_.settle());
        if (options_.made_here) return {};
        if (!options_.allow_downgrade) LARDER_CHECK(check_no_downgrade(e_, of_, edits));
        return check_sources(e_, of_, edits, sources_needed_);
    }

    index_edits edits;
    std::vector<store::held_object> files;

private:
    result<void> take(const std::string& file) {
        switch (debs::kind_of_file(name_in(file))) {
            case debs::file_kind::deb:
            case debs::file_kind::udeb:
            case debs::file_kind::ddeb: {
                LARDER_TRY(auto arrived, read_arrived(e_, file));
                return take_deb(std::move(arrived), file);
            }
            case debs::file_kind::dsc: return take_dsc(file);
            case debs::file_kind::changes: return take_changes(file);
            case debs::file_kind::buildinfo: return {};  // told of what was built, and part of no index
            case debs::file_kind::other: break;
        }
        return error{errc::refused, "not a .deb, .udeb, .ddeb, .dsc or .changes"};
    }

    /// Makes it an object, and of the pool.
    result<void> keep(std::unique_ptr<store::incoming> file, const std::string& path) {
        const auto size = file->size();
        const auto content = file->finish();
        LARDER_CHECK(check_pool_path(e_, of_.archive, path, content));
        if (const auto [at, fresh] = given_.try_emplace(path, content); !fresh && at->second != content)
            return error{errc::refused, path + " is given twice, with other bytes: give what changed another version"};
        staged_.add(content);
        LARDER_CHECK(commits_.add(std::move(file), content, e_.clock().now()));
        files.push_back({content, size, of_.archive, path});
        return {};
    }

    result<void> take_deb(arrived_deb arrived, const std::string& path) {
        const auto& package = arrived.package;
        const bool everywhere = package.architecture == "all";
        if (!everywhere && (package.architecture == "source" || !of_.has_architecture(package.architecture)))
            return error{errc::refused, "pocket " + of_.name() + " has no architecture " + package.architecture +
                                            "; it has " + joined(of_.architectures)};
        LARDER_TRY(const auto folder, debs::pool_folder(component_, package.source.name));
        LARDER_TRY(const auto name,
                   debs::package_file_name(package.name, package.version, package.architecture, package.kind));
        LARDER_TRY(const auto stanza, debs::packages_stanza(package, folder + "/" + name));
        for (const auto& architecture : of_.architectures)
            if (architecture != "source" && (everywhere || architecture == package.architecture))
                LARDER_CHECK(put(architecture, package.kind, package.name, package.version, stanza));
        sources_needed_.emplace(package.source.name, path);
        return keep(std::move(arrived.copy), folder + "/" + name);
    }

    result<void> put(const std::string& architecture, debs::file_kind kind, const std::string& name,
                     const std::string& version, const std::string& stanza) {
        const auto [given, first] = versions_.try_emplace({architecture, name}, version);
        if (!first && given->second != version)
            return error{errc::refused, name + " is given twice, as " + given->second + " and " + version +
                                            ": a pocket has one version of a package"};
        if (kind == debs::file_kind::udeb)
            edits[component_ + "/debian-installer/binary-" + architecture + "/Packages"][name] = stanza;
        else
            put_stanza(edits, of_, component_, architecture, name, stanza);
        return {};
    }

    result<void> take_dsc(const std::string& path) {
        if (!of_.has_architecture("source"))
            return error{errc::refused, "pocket " + of_.name() + " has no sources: it was made without --arch source"};
        LARDER_TRY(const auto bytes, read_file(path, most_text));
        LARDER_TRY(const auto source, debs::read_dsc(bytes, name_in(path)));
        LARDER_TRY(const auto folder, debs::pool_folder(component_, source.name));
        LARDER_TRY(const auto name, debs::dsc_file_name(source.name, source.version));
        LARDER_TRY(const auto stanza, debs::sources_stanza(source, folder));
        for (const auto& file : source.files)
            if (auto kept = keep_listed(folder_of(path), file, folder); !kept) return kept.error().in(file.name);
        LARDER_CHECK(keep_listed(folder_of(path), {name_in(path), source.content, source.size}, folder, name));
        return put("source", debs::file_kind::dsc, source.name, source.version, stanza);
    }

    result<void> keep_listed(const std::string& from, const debs::listed_file& file, const std::string& folder,
                             const std::string& as = {}) {
        const auto path = folder + "/" + (as.empty() ? file.name : as);
        auto copy = copy_of(from + "/" + file.name, file);
        // An upload of another revision leaves out what upstream released: the archive has it.
        if (!copy && copy.error().code() == errc::absent) {
            LARDER_TRY(const bool there, in_pool(path, file));
            if (there) return {};
        }
        if (!copy) return copy.error();
        return keep(std::move(*copy), path);
    }

    /// Whether the archive has had these bytes by that path, and has them still.
    result<bool> in_pool(const std::string& path, const debs::listed_file& wanted) {
        LARDER_TRY(const auto known, e_.store().known().find(of_.archive, path));
        for (const auto& claim : known) {
            if (claim.content != wanted.content) continue;
            staged_.add(wanted.content);
            LARDER_TRY(const auto here, e_.store().objects().find(wanted.content));
            if (!here) continue;
            files.push_back({wanted.content, wanted.size, of_.archive, path});
            return true;
        }
        return false;
    }

    result<std::unique_ptr<store::incoming>> copy_of(const std::string& path, const debs::listed_file& wanted) {
        LARDER_TRY(auto fd, open_file(path));
        LARDER_TRY(auto copy, e_.store().objects().begin());
        storing_source in{index::file_source(std::move(fd)), *copy};
        hasher hash;
        for (;;) {
            LARDER_TRY(const auto piece, in.next());
            if (piece.empty()) break;
            hash.update(piece);
            if (copy->size() > wanted.size) break;
        }
        if (copy->size() != wanted.size || hash.finish() != wanted.content)
            return error{errc::digest_mismatch,
                         path + " is not the file that is listed: its size or its SHA-256 differs"};
        return copy;
    }

    result<void> take_changes(const std::string& path) {
        LARDER_TRY(const auto bytes, read_file(path, most_text));
        LARDER_TRY(const auto text, debs::signed_part(bytes));
        LARDER_TRY(const auto upload, debs::read_changes(text, name_in(path)));
        for (const auto& file : upload.files) {
            const auto beside = folder_of(path) + "/" + file.name;
            if (const auto copy = copy_of(beside, file); !copy) return copy.error().in(file.name);
            if (file.kind == debs::file_kind::other) continue;  // of the source package: taken with its .dsc
            if (auto taken = take(beside); !taken) return taken.error().in(beside);
        }
        return {};
    }

    engine& e_;
    const pockets::pocket of_;
    const include_options& options_;
    held_list::staging staged_;
    commits commits_;
    std::string component_;
    std::map<std::string, digest> given_;                                  ///< by the path in the pool
    std::map<std::pair<std::string, std::string>, std::string> versions_;  ///< by architecture and name
    std::map<std::string, std::string> sources_needed_;                    ///< and the file that needs it
};

}  // namespace

result<publication_report> include_packages(engine& e, const include_options& options, const progress_sink& tell,
                                            std::stop_token stop) {
    LARDER_TRY(const auto mine, turn::take(e, options.pocket));
    const auto& of = mine.of();
    if (options.files.empty()) return error{errc::refused, "nothing is given to be included"};
    if (options.allow_downgrade && trim(options.who.reason).empty())
        return error{errc::refused, "a version that goes backwards needs a reason: --reason TEXT"};
    if (options.past_support && trim(options.who.reason).empty())
        return error{errc::refused, "what comes in after the end of its support needs a reason: --reason TEXT"};
    intake all{e, of, options};
    LARDER_CHECK(all.run(tell, stop));
    edition what;
    what.of = of;
    what.next.how = options.made_here ? pockets::step::keyring : pockets::step::include;
    what.next.by = options.who.by;
    what.next.reason = options.who.reason;
    what.edits = std::move(all.edits);
    what.files = std::move(all.files);
    what.past_support = options.past_support;
    if (!options.noted_as.empty()) what.also.push_back({options.noted_as, 0, std::to_string(of.head + 1)});
    return publish(e, std::move(what),
                   [&](const auto& changes, auto&) { return !options.dry_run && !changes.empty(); });
}

}  // namespace larder::net
