#include "pockets/edition.hpp"
#include "pockets/installable.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/debs/names.hpp>
#include <larder/debs/paragraph.hpp>
#include <larder/index/compose.hpp>
#include <larder/qa/gate.hpp>
#include <set>

namespace larder::net {
namespace {

using namespace publishing;

/// A package of a pocket with its stanza.
struct carried {
    qa::promoted_package package;
    std::string stanza;
};
/// By index and name.
using contents = std::map<std::string, std::map<std::string, carried, std::less<>>>;

result<carried> read_carried(const index::raw_stanza& one, bool source) {
    carried made;
    LARDER_TRY(const auto paragraph, debs::paragraph::read(one.text));
    made.stanza = one.text;
    auto& p = made.package;
    p.name = one.name;
    p.version = one.version;
    p.architecture = source ? "source" : std::string{paragraph.get("Architecture")};
    const auto field = source ? std::string_view{} : paragraph.get("Source");
    if (field.empty()) {
        p.source = p.name;
        p.source_version = p.version;
        return made;
    }
    LARDER_TRY(auto of, debs::read_source_name(field, p.version));
    p.source = std::move(of.name);
    p.source_version = std::move(of.version);
    return made;
}

result<contents> contents_of(engine& e, const pockets::pocket& of) {
    contents all;
    if (of.head == 0) return all;
    LARDER_TRY(const auto last, registry_of(e).load(of, of.head));
    for (const auto& kept : last.indices) {
        LARDER_TRY(auto placed, list_of(e, kept));
        const auto in = index::join_chunks(std::move(placed.list), placed.object, opener_of(e));
        auto& here = all[kept.path];
        const bool source = kept.path.ends_with("/Sources");
        LARDER_CHECK(index::each_stanza(*in, [&](const index::raw_stanza& one) -> result<void> {
            LARDER_TRY(auto read, read_carried(one, source));
            here.emplace(one.name, std::move(read));
            return {};
        }));
    }
    return all;
}

/// What is promoted of one pocket to another.
class transfer {
public:
    transfer(engine& e, pockets::pocket from, pockets::pocket to, const promote_options& options)
        : e_{e}, from_{std::move(from)}, to_{std::move(to)}, options_{options} {}

    result<void> read() {
        LARDER_TRY(there_, contents_of(e_, from_));
        LARDER_TRY(here_, contents_of(e_, to_));
        for (const auto& [path, all] : there_)
            for (const auto& [name, one] : all) sources_.insert(one.package.source);
        for (const auto& wanted : options_.only)
            if (!sources_.contains(wanted))
                return error{errc::absent, "pocket " + from_.name() + " has no source package '" +
                                               printable(wanted, 110) + "', nor anything that was built from one"};
        if (!options_.only.empty()) sources_ = {options_.only.begin(), options_.only.end()};
        return check_room();
    }

    /// A source that the target has leaves it with all that was built from it, where it is not what comes.
    std::map<std::string, pockets::stanza_edits> edits() const {
        std::map<std::string, pockets::stanza_edits> all;
        for (const auto& [path, packages] : here_)
            for (const auto& [name, one] : packages)
                if (sources_.contains(one.package.source)) all[path][name] = std::nullopt;
        for (const auto& [path, packages] : there_)
            for (const auto& [name, one] : packages)
                if (sources_.contains(one.package.source)) all[path][name] = one.stanza;
        return all;
    }

    /// What of the target's stanzas goes and comes, by architecture.
    std::map<std::string, stanza_texts> texts() const {
        std::map<std::string, stanza_texts> all;
        for (const auto& architecture : to_.architectures) {
            if (architecture == "source") continue;
            auto& texts = all[architecture];
            for (const auto& component : to_.components) {
                const auto path = index_path(component, architecture);
                if (const auto here = here_.find(path); here != here_.end())
                    for (const auto& [name, one] : here->second) {
                        texts.present += one.stanza + "\n";
                        if (sources_.contains(one.package.source)) texts.going += one.stanza + "\n";
                    }
                if (const auto there = there_.find(path); there != there_.end())
                    for (const auto& [name, one] : there->second) {
                        if (!sources_.contains(one.package.source)) continue;
                        texts.coming += one.stanza + "\n";
                        // Of another source until now.
                        const auto* was = present(path, name);
                        if (was != nullptr && !sources_.contains(was->package.source))
                            texts.going += was->stanza + "\n";
                    }
            }
        }
        return all;
    }

    qa::promotion promotion() const {
        qa::promotion made{from_.name(), to_.name(), {}, {}};
        for (const auto& [path, packages] : there_)
            for (const auto& [name, one] : packages)
                if (sources_.contains(one.package.source)) made.promoted.push_back(one.package);
        return made;
    }

private:
    const carried* present(const std::string& path, const std::string& name) const {
        const auto index = here_.find(path);
        if (index == here_.end()) return nullptr;
        const auto found = index->second.find(name);
        return found == index->second.end() ? nullptr : &found->second;
    }

    /// A promotion is all or nothing: a target without the place for a part of it takes none.
    result<void> check_room() const {
        for (const auto& [path, packages] : there_) {
            const bool any = std::any_of(packages.begin(), packages.end(), [this](const auto& one) {
                return sources_.contains(one.second.package.source);
            });
            const auto paths = index_paths(to_);
            const bool installer = path.find("/debian-installer/") != std::string::npos;
            if (any && !installer && std::find(paths.begin(), paths.end(), path) == paths.end())
                return error{errc::refused, "pocket " + to_.name() + " has no " + path + ", in which " + from_.name() +
                                                " has packages: its components and architectures are fewer"};
        }
        return {};
    }

    engine& e_;
    const pockets::pocket from_, to_;
    const promote_options& options_;
    contents there_, here_;
    std::set<std::string, std::less<>> sources_;
};

std::string text_of(const qa::finding& one) {
    return one.check + ": " + (one.passed ? "passed: " : "failed: ") + one.text;
}

}  // namespace

result<publication_report> promote_pocket(engine& e, const promote_options& options, const progress_sink& tell,
                                          std::stop_token stop) {
    LARDER_TRY(const auto mine, turn::take(e, options.pocket));
    const auto& from = mine.of();
    if (from.feeds.empty())
        return error{errc::refused,
                     "pocket " + from.name() + " feeds none: larder pocket create --feeds says which one"};
    LARDER_TRY(const auto to, registry_of(e).find(from.archive + "/" + from.feeds));
    if (trim(options.who.reason).empty())
        return error{errc::refused, "a promotion needs a reason, which its history shows: --reason TEXT"};
    if (to.supported_until && e.clock().now() >= *to.supported_until && options.override_reason.empty())
        return error{errc::refused,
                     "the support of " + to.name() + " has ended: --override REASON promotes all the same"};
    tell({"reading " + from.name(), 0, 0});
    transfer work{e, from, to, options};
    LARDER_CHECK(work.read());
    if (stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
    edition what;
    what.of = to;
    what.next.how = pockets::step::promote;
    what.next.from = from.name();
    what.next.origin = from.head;
    what.next.by = options.who.by;
    what.next.reason = options.who.reason;
    what.edits = work.edits();
    std::vector<std::string> findings;
    bool passed = true;
    auto promotion = work.promotion();
    const auto ask = [&](const std::vector<index::package_change>& changes,
                         pockets::publication& next) -> result<bool> {
        promotion.changes = changes;
        std::vector<qa::finding> found{qa::check_closed(promotion), qa::check_forwards(promotion)};
        if (!changes.empty()) {
            tell({"looking whether everything can be installed", 0, 0});
            LARDER_TRY(auto installable, check_installable(e, to, work.texts()));
            found.push_back(std::move(installable));
        }
        for (const auto& one : found) findings.push_back(text_of(one));
        passed = qa::lets_through(found);
        next.findings = findings;
        if (!passed) next.overridden = options.override_reason;
        return !options.dry_run && !changes.empty() && (passed || !options.override_reason.empty());
    };
    LARDER_TRY(auto report, publish(e, std::move(what), ask));
    report.findings = findings;
    report.passed = passed;
    return report;
}

}  // namespace larder::net
