#include "pockets/chunk_contents.hpp"
#include <algorithm>
#include <larder/debs/names.hpp>
#include <larder/index/deb822.hpp>

namespace larder::net::publishing {
namespace {

/// Some 250 bytes each.
constexpr std::size_t most_stanzas = 400'000;

result<listed_stanza> read_listed(const index::stanza& fields, std::string_view text, bool source) {
    listed_stanza made;
    auto& p = made.package;
    p.name = std::string{fields.get("Package")};
    p.version = std::string{fields.get("Version")};
    p.architecture = source ? "source" : std::string{fields.get("Architecture")};
    made.text = sha256(text);
    const auto field = source ? std::string_view{} : fields.get("Source");
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

result<chunk_contents_ptr> read_chunk(std::string_view text, bool source) {
    auto all = std::make_shared<chunk_contents>();
    index::stanza fields;
    while (!text.empty()) {
        const auto end = text.find("\n\n");
        const auto one = text.substr(0, end == std::string_view::npos ? text.size() : end + 1);
        index::deb822_reader reader{one};
        LARDER_TRY(const bool any, reader.next(fields));
        if (any) {
            LARDER_TRY(auto listed, read_listed(fields, one, source));
            all->push_back(std::move(listed));
        }
        text.remove_prefix(std::min(text.size(), one.size() + 1));
    }
    return chunk_contents_ptr{std::move(all)};
}

}  // namespace

chunk_contents_ptr known_contents::find(const digest& chunk) {
    const std::lock_guard lock{mutex_};
    const auto found = known_.find(chunk);
    if (found == known_.end()) return nullptr;
    found->second.asked = clock::now();
    return found->second.contents;
}

void known_contents::keep(const digest& chunk, const chunk_contents_ptr& contents) {
    const std::lock_guard lock{mutex_};
    // More than any pockets of this size have: rather read again than grow.
    if (stanzas_ > most_stanzas) {
        known_.clear();
        stanzas_ = 0;
    }
    if (known_.try_emplace(chunk, entry{contents, clock::now()}).second) stanzas_ += contents->size();
}

void known_contents::forget(clock::time_point before) {
    const std::lock_guard lock{mutex_};
    std::erase_if(known_, [&](const auto& one) {
        if (one.second.asked >= before) return false;
        stanzas_ -= one.second.contents->size();
        return true;
    });
}

result<std::vector<chunk_contents_ptr>> known_contents::of(const pockets::placed_list& in, bool source,
                                                           const pockets::object_opener& open) {
    std::vector<chunk_contents_ptr> all;
    std::vector<std::size_t> missing;
    for (const auto& chunk : in.list.chunks) {
        all.push_back(find(chunk.content));
        if (all.back() == nullptr) missing.push_back(all.size() - 1);
    }
    LARDER_CHECK(pockets::read_chunks(in, missing, open, [&](std::size_t place, std::string_view text) -> result<void> {
        LARDER_TRY(all[place], read_chunk(text, source));
        keep(in.list.chunks[place].content, all[place]);
        return {};
    }));
    return all;
}

}  // namespace larder::net::publishing
