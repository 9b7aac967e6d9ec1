#include "pockets/offers.hpp"
#include "deployments/cut.hpp"
#include "index_reader.hpp"
#include "kept_chunks.hpp"
#include "suite.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/debs/paragraph.hpp>
#include <larder/index/compose.hpp>

namespace larder::net::publishing {
namespace {

using pinning::suite_choice;

bool lists(const suite_state& state, const suite& in, const std::vector<std::string>& components,
           const std::string& architecture) {
    if (in.flat()) return architecture != "source" || state.by_path("Sources") != nullptr;
    for (const auto& one : pinning::needed_files(state, in, components, {architecture}))
        if (one.lists_packages && pinning::architecture_of(one.forms.front()->path) == architecture) return true;
    return false;
}

/// "main/binary-amd64/Packages" -> "main"; of a flat suite nothing.
std::string component_in(const std::string& stem) {
    const auto end = std::min(stem.rfind("/binary-"), stem.rfind("/source/"));
    return end == std::string::npos ? std::string{} : stem.substr(0, end);
}

result<std::unique_ptr<index::byte_source>> open_listed(engine& e, const suite_state& state, const std::string& stem,
                                                        const pinning::index_forms::mapped_type& index) {
    if (index.here != nullptr) return open_index(e.store().objects(), *index.here->sha256, index.here->path);
    if (const auto* plain = plain_form(state, stem)) return open_chunks(e.store(), *plain->sha256);
    return error{errc::absent, "its " + stem + " is not here"};
}

suite_choice name_of(const std::string& name) {
    const auto slash = name.find('/');
    return {name.substr(0, slash), name.substr(slash + 1), {}};
}

}  // namespace

result<offered_suite> find_offered(engine& e, const std::string& from, const pockets::pocket& of,
                                   const progress_sink& tell, const std::stop_token& stop) {
    offered_suite made;
    LARDER_TRY(made.from, pinning::parse_choice(from));
    if (made.from.text() == of.name() && made.from.when.empty())
        return error{errc::refused, of.name() + " is taken from itself"};
    // Which architectures it has, its state tells.
    tell({"asking for " + made.from.text(), 0, 0});
    LARDER_TRY(const auto state, pinning::state_of_choice(e, made.from, stop));
    LARDER_TRY(made.state, load_state(e.store().objects(), state));
    made.name = made.from.text() + "@" + format_timestamp(made.state->release().date);
    const auto archive = e.find_archive(made.from.archive);
    const suite in{made.from.suite};
    bool binaries = false;
    for (const auto& one : of.architectures)
        if (lists(*made.state, in, archive->options().components, one)) {
            made.architectures.push_back(one);
            binaries = binaries || one != "source";
        }
    if (!binaries)
        return error{errc::refused,
                     made.name + " has none of the architectures of " + of.name() + ": " + joined(of.architectures)};
    if (archive->options().local) return made;
    auto choice = made.from;
    choice.when = state.hex();
    LARDER_TRY(const auto brought, pinning::make_cut(e, {choice}, made.architectures, tell, stop));
    static_cast<void>(brought);
    return made;
}

result<suite_state_ptr> state_in_force(engine& e, const std::string& name) {
    const auto of = name_of(name);
    const suite in{of.suite};
    LARDER_TRY(const auto ref, e.store().refs().get(in.ref(of.archive)));
    if (!ref)
        return error{errc::absent, name + " has no state here: larder archive update " + of.archive + " brings it"};
    LARDER_TRY(const auto id, digest::from_hex(ref->value));
    return load_state(e.store().objects(), id);
}

result<void> each_index_of(engine& e, const std::string& name, const suite_state& state,
                           const std::string& architecture, const index_taker& take) {
    const auto of = name_of(name);
    const suite in{of.suite};
    LARDER_TRY(const auto indices, pinning::package_indices(e.store().objects(), state, in,
                                                            pinning::components_of(e, of.archive), {architecture}));
    for (const auto& [stem, index] : indices) {
        const bool sources = pinning::architecture_of(stem) == "source" || stem.ends_with("Sources");
        if (sources != (architecture == "source")) continue;
        auto text = open_listed(e, state, stem, index);
        if (!text) return text.error().in(name);
        if (auto taken = take(component_in(stem), **text); !taken) return taken.error().in(name + ", " + stem);
    }
    return {};
}

result<void> each_translation_of(engine& e, const offered_suite& of,
                                 const std::function<result<void>(index::byte_source&)>& take) {
    const suite in{of.from.suite};
    for (const auto& one : pinning::needed_files(*of.state, in, pinning::components_of(e, of.from.archive), {})) {
        if (one.lists_packages) continue;
        pinning::index_forms::mapped_type index{one.forms};
        for (const auto* form : one.forms) {
            LARDER_TRY(const auto found, e.store().objects().find(*form->sha256));
            if (found && index.here == nullptr) index.here = form;
        }
        const auto text = open_listed(e, *of.state, one.forms.front()->path, index);
        if (!text && text.error().code() == errc::absent) continue;
        if (!text) return text.error().in(of.name);
        LARDER_CHECK(take(**text));
    }
    return {};
}

result<std::unique_ptr<qa::package_pool>> pool_of(engine& e, const std::string& name, const suite_state& state,
                                                  const std::string& architecture) {
    auto pool = std::make_unique<qa::package_pool>();
    const bool mixed = suite{name_of(name).suite}.flat();
    const auto add = [&](const std::string&, index::byte_source& in) -> result<void> {
        std::string text;
        // A flat suite has one index for all architectures.
        LARDER_CHECK(index::each_stanza(in, [&](const index::raw_stanza& one) -> result<void> {
            if (mixed) {
                const auto read = debs::paragraph::read(one.text);
                if (!read || (read->get("Architecture") != "all" && read->get("Architecture") != architecture))
                    return {};
            }
            (text += one.text) += "\n";
            return {};
        }));
        return pool->add(std::move(text));
    };
    LARDER_CHECK(each_index_of(e, name, state, architecture, add));
    return pool;
}

result<std::map<name_and_version, found_stanza>> stanzas_of(engine& e, const offered_suite& of,
                                                            const std::string& architecture,
                                                            const std::set<name_and_version>& wanted) {
    std::map<name_and_version, found_stanza> all;
    if (wanted.empty()) return all;
    const auto look = [&](const std::string& component, index::byte_source& in) {
        return index::each_stanza(in, [&](const index::raw_stanza& one) -> result<void> {
            const name_and_version key{one.name, one.version};
            if (!wanted.contains(key) || all.contains(key)) return {};
            if (architecture != "source") {
                LARDER_TRY(const auto read, debs::paragraph::read(one.text));
                const auto its = read.get("Architecture");
                if (its != "all" && its != architecture) return {};
            }
            all.emplace(key, found_stanza{component, std::string{one.text}});
            return {};
        });
    };
    LARDER_CHECK(each_index_of(e, of.from.text(), *of.state, architecture, look));
    return all;
}

}  // namespace larder::net::publishing
