#include "commits.hpp"
#include "held.hpp"
#include "pockets/edition.hpp"
#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <larder/base/text.hpp>
#include <larder/debs/deb.hpp>
#include <larder/debs/source.hpp>
#include <larder/debs/stanza.hpp>
#include <larder/index/version.hpp>
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
        std::uint64_t done = 0;
        for (const auto& file : options_.files) {
            if (stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
            tell({"reading " + name_in(file), done++, options_.files.size()});
            if (auto taken = take(file); !taken) return taken.error().in(file);
        }
        LARDER_CHECK(commits_.settle());
        LARDER_CHECK(check_downgrades());
        return check_sources();
    }

    std::map<std::string, pockets::stanza_edits> edits;
    std::vector<store::held_object> files;

private:
    result<void> take(const std::string& file) {
        switch (debs::kind_of_file(name_in(file))) {
            case debs::file_kind::deb:
            case debs::file_kind::udeb:
            case debs::file_kind::ddeb: return take_deb(file);
            case debs::file_kind::dsc: return take_dsc(file);
            case debs::file_kind::changes: return take_changes(file);
            case debs::file_kind::buildinfo: return {};  // told of what was built, and part of no index
            case debs::file_kind::other: break;
        }
        return error{errc::refused, "not a .deb, .udeb, .ddeb, .dsc or .changes"};
    }

    /// Makes it an object, and of the pool. The same path with other bytes would be two packages of one name, version
    /// and architecture: clients that have seen one never take the other.
    result<void> keep(std::unique_ptr<store::incoming> file, const std::string& path) {
        const auto size = file->size();
        const auto content = file->finish();
        LARDER_TRY(const auto known, e_.store().known().find(of_.archive, path));
        for (const auto& claim : known)
            if (claim.content != content)
                return error{errc::refused, "archive '" + of_.archive + "' has had " + path +
                                                " with other bytes: give what changed another version"};
        staged_.add(content);
        LARDER_CHECK(commits_.add(std::move(file), content, e_.clock().now()));
        files.push_back({content, size, of_.archive, path});
        return {};
    }

    result<void> take_deb(const std::string& path) {
        LARDER_TRY(auto fd, open_file(path));
        LARDER_TRY(auto copy, e_.store().objects().begin());
        storing_source in{index::file_source(std::move(fd)), *copy};
        LARDER_TRY(const auto package, debs::read_deb(in, name_in(path)));
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
        return keep(std::move(copy), folder + "/" + name);
    }

    result<void> put(const std::string& architecture, debs::file_kind kind, const std::string& name,
                     const std::string& version, const std::string& stanza) {
        const auto [given, first] = versions_.try_emplace({architecture, name}, version);
        if (!first && given->second != version)
            return error{errc::refused, name + " is given twice, as " + given->second + " and " + version +
                                            ": a pocket has one version of a package"};
        for (const auto& component : of_.components) {
            auto path = index_path(component, architecture);
            if (kind == debs::file_kind::udeb)
                path = component + "/debian-installer/binary-" + architecture + "/Packages";
            // A package that moved to another component leaves the one it was in.
            if (component == component_)
                edits[path][name] = stanza;
            else if (kind != debs::file_kind::udeb)
                edits[path][name] = std::nullopt;
        }
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
        LARDER_TRY(auto copy, copy_of(from + "/" + file.name, file));
        return keep(std::move(copy), folder + "/" + (as.empty() ? file.name : as));
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

    /// What the pocket has of the packages that are to be replaced.
    result<std::map<std::string, std::string, std::less<>>> present(const std::string& path) const {
        std::map<std::string, std::string, std::less<>> versions;
        if (of_.head == 0) return versions;
        LARDER_TRY(const auto last, registry_of(e_).load(of_, of_.head));
        const auto kept =
            std::find_if(last.indices.begin(), last.indices.end(), [&](const auto& one) { return one.path == path; });
        if (kept == last.indices.end()) return versions;
        std::set<std::string, std::less<>> names;
        for (const auto& [name, stanza] : edits.at(path)) names.insert(name);
        LARDER_TRY(const auto list, list_of(e_, *kept));
        LARDER_TRY(const auto found, pockets::find_stanzas(list, names, opener_of(e_)));
        for (const auto& [name, stanza] : found) {
            const auto paragraph = debs::paragraph::read(stanza);
            if (paragraph) versions[name] = paragraph->get("Version");
        }
        return versions;
    }

    result<void> check_downgrades() const {
        if (options_.allow_downgrade || options_.made_here) return {};
        for (const auto& [path, all] : edits) {
            LARDER_TRY(const auto before, present(path));
            for (const auto& [name, version] : before) {
                const auto architecture = path.ends_with("/Sources") ? "source" : path.substr(path.find("binary-") + 7);
                const auto next = versions_.find({architecture.substr(0, architecture.find('/')), name});
                if (next == versions_.end() || index::compare_versions(next->second, version) >= 0) continue;
                return error{errc::refused, name + " " + next->second + " is older than " + version + ", which " +
                                                of_.name() +
                                                " has: clients would not follow. --allow-downgrade with "
                                                "--reason puts it there all the same"};
            }
        }
        return {};
    }

    result<void> check_sources() const {
        if (!of_.needs_source || options_.made_here) return {};
        for (const auto& [source, file] : sources_needed_) {
            if (versions_.contains({"source", source})) continue;
            std::set<std::string, std::less<>> names{source};
            bool found = false;
            if (of_.head != 0) {
                LARDER_TRY(const auto last, registry_of(e_).load(of_, of_.head));
                for (const auto& kept : last.indices) {
                    if (!kept.path.ends_with("/Sources")) continue;
                    LARDER_TRY(const auto list, list_of(e_, kept));
                    LARDER_TRY(const auto there, pockets::find_stanzas(list, names, opener_of(e_)));
                    found = found || !there.empty();
                }
            }
            if (!found)
                return error{errc::refused, file + ": its source package " + source + " is neither in " + of_.name() +
                                                " nor given with it, and the pocket asks for it: give the .dsc, too"};
        }
        return {};
    }

    engine& e_;
    const pockets::pocket of_;
    const include_options& options_;
    held_list::staging staged_;
    commits commits_;
    std::string component_;
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
    what.next.how = pockets::step::include;
    what.next.by = options.who.by;
    what.next.reason = options.who.reason;
    what.edits = std::move(all.edits);
    what.files = std::move(all.files);
    what.past_support = options.past_support;
    return publish(e, std::move(what),
                   [&](const auto& changes, auto&) { return !options.dry_run && !changes.empty(); });
}

}  // namespace larder::net
