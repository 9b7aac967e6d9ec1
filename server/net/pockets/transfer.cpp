#include "pockets/transfer.hpp"
#include "pockets/edition.hpp"
#include "pockets/pocket_memory.hpp"
#include <algorithm>
#include <larder/base/text.hpp>

namespace larder::net::publishing {
namespace {

bool is_of_sources(std::string_view path) { return path.ends_with("/Sources"); }

std::unordered_set<digest, digest_hash> chunks_of(const pocket_contents& of, const std::string& path) {
    std::unordered_set<digest, digest_hash> all;
    if (const auto found = of.lists.find(path); found != of.lists.end())
        for (const auto& chunk : found->second.list.chunks) all.insert(chunk.content);
    return all;
}

/// "main/binary-amd64/Packages": amd64. Empty for sources, and for what is not installed beside other packages.
std::string architecture_in(const std::string& path) {
    if (is_of_sources(path) || path.find("/debian-installer/") != std::string::npos) return {};
    const auto folder = path.substr(0, path.rfind('/'));
    return folder.substr(folder.rfind("/binary-") + std::string_view{"/binary-"}.size());
}

template <class F>
void each_of(const pocket_contents& in, F&& take) {
    for (const auto& [path, chunks] : in.chunks)
        for (const auto& chunk : chunks)
            for (const auto& one : *chunk) take(one);
}

}  // namespace

result<pocket_contents> contents_of(engine& e, const pockets::pocket& of) {
    pocket_contents all;
    if (of.head == 0) return all;
    LARDER_TRY(const auto last, registry_of(e).load(of, of.head));
    for (const auto& kept : last.indices) {
        if (!lists_packages(kept.path)) continue;
        auto& list = all.lists[kept.path];
        LARDER_TRY(list, list_of(e, kept));
        LARDER_TRY(all.chunks[kept.path], e.remembered().contents.of(list, is_of_sources(kept.path), opener_of(e)));
    }
    return all;
}

result<void> transfer::read(const std::vector<std::string>& only) {
    LARDER_TRY(there_, contents_of(e_, from_));
    LARDER_TRY(here_, contents_of(e_, to_));
    LARDER_CHECK(choose(only));
    std::set<std::string> paths;
    for (const auto& [path, list] : there_.lists) paths.insert(path);
    for (const auto& [path, list] : here_.lists) paths.insert(path);
    for (const auto& path : paths) LARDER_CHECK(compare(path));
    return {};
}

result<void> transfer::choose(const std::vector<std::string>& only) {
    each_of(there_, [&](const listed_stanza& one) { sources_.insert(one.package.source); });
    std::unordered_set<std::string_view> wanted;
    for (const auto& name : only) {
        const auto found = sources_.find(name);
        if (found == sources_.end())
            return error{errc::absent, "pocket " + from_.name() + " has no source package '" + printable(name, 110) +
                                           "', nor anything that was built from one"};
        wanted.insert(*found);
    }
    if (!only.empty()) sources_ = std::move(wanted);
    return {};
}

transfer::differing transfer::own_of(const pocket_contents& one, const pocket_contents& other,
                                     const std::string& path) const {
    differing all;
    const auto list = one.lists.find(path);
    if (list == one.lists.end()) return all;
    const auto common = chunks_of(other, path);
    const auto& contents = one.chunks.at(path);
    for (std::size_t i = 0; i < contents.size(); ++i)
        if (!common.contains(list->second.list.chunks[i].content))
            for (const auto& stanza : *contents[i])
                if (is_promoted(stanza.package.source)) all.emplace(stanza.package.name, &stanza);
    return all;
}

result<void> transfer::compare(const std::string& path) {
    const auto there = own_of(there_, here_, path), here = own_of(here_, there_, path);
    LARDER_CHECK(check_room(path, there));
    pockets::stanza_edits edits;
    std::set<std::string, std::less<>> coming;
    for (const auto& [name, one] : here)
        if (!there.contains(name)) {
            edits.emplace(name, std::nullopt);
            touched_.insert(one->package.source);
        }
    for (const auto& [name, one] : there) {
        const auto was = here.find(name);
        if (was != here.end() && was->second->text == one->text) continue;
        coming.emplace(name);
        touched_.insert(one->package.source);
    }
    if (!coming.empty()) {
        LARDER_TRY(auto texts, pockets::find_stanzas(there_.lists.at(path), coming, opener_of(e_)));
        for (auto& [name, text] : texts) edits[name] = std::move(text);
    }
    if (edits.empty()) return {};
    LARDER_CHECK(note_replaced(path, edits));
    note_texts(path, edits);
    edits_.emplace(path, std::move(edits));
    return {};
}

/// A promotion is all or nothing: a target without the place for a part of it takes none.
result<void> transfer::check_room(const std::string& path, const differing& there) const {
    const auto paths = index_paths(to_);
    const bool installer = path.find("/debian-installer/") != std::string::npos;
    if (installer || std::find(paths.begin(), paths.end(), path) != paths.end()) return {};
    if (there.empty()) return {};
    return error{errc::refused, "pocket " + to_.name() + " has no " + path + ", in which " + from_.name() +
                                    " has packages: its components and architectures are fewer"};
}

result<void> transfer::note_replaced(const std::string& path, const pockets::stanza_edits& edits) {
    auto& text = replaced_[path];
    const auto list = here_.lists.find(path);
    if (list == here_.lists.end()) return {};
    std::set<std::string, std::less<>> changed;
    for (const auto& [name, edit] : edits) changed.insert(name);
    LARDER_TRY(const auto present, pockets::find_stanzas(list->second, changed, opener_of(e_)));
    for (const auto& [name, stanza] : present) text += stanza + "\n";
    return {};
}

void transfer::note_texts(const std::string& path, const pockets::stanza_edits& edits) {
    const auto architecture = architecture_in(path);
    if (architecture.empty()) return;
    auto& texts = texts_[architecture];
    for (const auto& [name, text] : edits)
        if (text) texts.coming += *text + "\n";
    texts.going += replaced_.at(path);
}

qa::promotion transfer::promotion() const {
    qa::promotion made;
    made.from = from_.name();
    made.to = to_.name();
    each_of(there_, [&](const listed_stanza& one) {
        if (touched_.contains(one.package.source)) made.promoted.push_back(one.package);
    });
    return made;
}

}  // namespace larder::net::publishing
