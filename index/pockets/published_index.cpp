#include "chunk_press.hpp"
#include "chunk_reader.hpp"
#include "form_hashing.hpp"
#include "line_cutter.hpp"
#include <algorithm>
#include <future>
#include <larder/base/text.hpp>
#include <larder/index/chunker.hpp>
#include <memory>
#include <thread>

namespace larder::pockets {
namespace {

/// Larger than those of kept_chunk_sizes: as a gzip member of its own a chunk of 64 KiB takes 4 % more than in one
/// stream, one of 16 KiB 12 %. Part of the format of what is published: other numbers are other bytes.
constexpr index::chunk_sizes published_sizes{16 * 1024, 64 * 1024, 256 * 1024};

constexpr std::string_view name_field = "Package:", md5_field = "\nDescription-md5: ", text_field = "\nDescription-en:";
constexpr std::size_t md5_size = 32;

/// The name of the package whose stanza this is: of its first line, as everything that writes indices has it.
std::string_view package_of(std::string_view stanza) {
    if (!stanza.starts_with(name_field)) return {};
    return trim(stanza.substr(name_field.size(), stanza.find('\n') - name_field.size()));
}

/// What a stanza is sorted by, and found by.
std::string name_of(std::string_view stanza) {
    const auto package = package_of(stanza);
    const auto rest = stanza.substr(std::min(stanza.size(), stanza.find('\n')));
    const bool translation = rest.starts_with(md5_field) && rest.size() > md5_field.size() + md5_size &&
                             rest.substr(md5_field.size() + md5_size).starts_with(text_field);
    if (!translation) return std::string{package};
    return translation_name(package, rest.substr(md5_field.size(), md5_size));
}

bool is_name(std::string_view text) {
    return !text.empty() && text.size() <= 500 &&
           std::all_of(text.begin(), text.end(), [](char c) { return c > ' ' && c < 0x7f; });
}

result<void> check(const stanza_edits& edits) {
    for (const auto& [name, stanza] : edits) {
        if (!is_name(name))
            return error{errc::malformed, "'" + printable(name, 60) + "' cannot be the name of a package"};
        if (!stanza) continue;
        if (name_of(*stanza) != name || !stanza->ends_with('\n') || stanza->find("\n\n") != std::string::npos)
            return error{errc::malformed, "the stanza of " + name + " is none: it begins with 'Package: " + name +
                                              "', has no empty line, and ends with a newline"};
    }
    return {};
}

/// The stanzas of a chunk, each with the empty line behind it.
template <class F>
result<void> each_stanza_of(std::string_view chunk, F&& take) {
    while (!chunk.empty()) {
        const auto end = chunk.find("\n\n");
        const auto size = end == std::string_view::npos ? chunk.size() : end + 2;
        LARDER_CHECK(take(chunk.substr(0, size)));
        chunk.remove_prefix(size);
    }
    return {};
}

/// The chunk that has a name, or would have it.
std::size_t chunk_of(const index::chunk_list& list, std::string_view name) {
    const auto after = std::upper_bound(list.chunks.begin(), list.chunks.end(), name,
                                        [](std::string_view n, const auto& one) { return n < one.first; });
    return after == list.chunks.begin() ? 0 : static_cast<std::size_t>(after - list.chunks.begin()) - 1;
}

/// Puts the edits into an index, and cuts it anew where that has any influence.
class editor {
public:
    editor(const std::optional<placed_list>& before, const stanza_edits& edits, const index::known_chunks& known,
           const object_opener& open, store::incoming& out, with_xz xz)
        : before_{before ? *before : placed_list{}},
          edits_{edits},
          reader_{open, before_.object},
          known_{with(known, before_)},
          xz_{xz},
          press_{known_, xz, out},
          cutter_{[this](std::string_view chunk) { take(chunk); }, published_sizes} {}

    result<index::chunk_list> run() {
        mark();
        for (std::size_t i = 0; i < before_.list.chunks.size(); ++i) {
            const auto& one = before_.list.chunks[i];
            // What a boundary hangs on lies before it, but for the size of the stanza behind it: so a chunk is cut
            // anew also when the next one is.
            const bool has_forms = xz_ == with_xz::no || one.xz != 0;
            if (!dirty_[i] && has_forms && cutter_.at_boundary()) {
                press_.keep(before_.list, before_.object, one);
                continue;
            }
            LARDER_TRY(const auto plain, reader_.plain(before_.list, one));
            LARDER_CHECK(each_stanza_of(plain, [this](std::string_view stanza) { return merge(stanza); }));
            // What belongs between this chunk and the next.
            if (i + 1 < before_.list.chunks.size()) LARDER_CHECK(put_until(before_.list.chunks[i + 1].first));
            LARDER_CHECK(how_);
        }
        LARDER_CHECK(put_until({}));
        cutter_.finish();
        LARDER_CHECK(how_);
        return press_.finish();
    }

private:
    static index::known_chunks with(index::known_chunks known, const placed_list& before) {
        index::add_chunks(known, before.object, before.list);
        return known;
    }

    void mark() {
        dirty_.assign(before_.list.chunks.size(), false);
        if (dirty_.empty()) return;
        for (const auto& [name, stanza] : edits_) {
            const auto at = chunk_of(before_.list, name);
            dirty_[at] = true;
            if (at != 0) dirty_[at - 1] = true;
        }
    }

    result<void> put(const std::optional<std::string>& stanza) {
        return stanza ? cutter_.add(*stanza + "\n") : result<void>{};
    }

    /// The edits of names that come before this one; empty: all that are left.
    result<void> put_until(std::string_view name) {
        for (; next_ != edits_.end() && (name.empty() || next_->first < name); ++next_)
            LARDER_CHECK(put(next_->second));
        return {};
    }

    result<void> merge(std::string_view stanza) {
        const auto name = name_of(stanza);
        LARDER_CHECK(put_until(name));
        if (next_ == edits_.end() || next_->first != name) return cutter_.add(stanza);
        return put((next_++)->second);
    }

    void take(std::string_view chunk) {
        if (how_) how_ = press_.add(std::string{chunk}, name_of(chunk));
    }

    const placed_list before_;
    const stanza_edits& edits_;
    chunk_reader reader_;
    const index::known_chunks known_;
    const with_xz xz_;
    chunk_press press_;
    index::chunk_cutter cutter_;
    std::vector<bool> dirty_;
    stanza_edits::const_iterator next_ = edits_.begin();
    result<void> how_;
};

std::size_t most_threads() { return std::max(1U, std::thread::hardware_concurrency()); }

/// With the hashes of its forms; the list is written behind the chunks.
result<published_index> sealed(index::chunk_list list, const object_opener& open, store::incoming& out, with_xz xz,
                               const std::optional<placed_list>& before = {}, const form_marks_ptr& marks = nullptr) {
    published_index made;
    made.list = std::move(list);
    const auto common = before && marks ? common_chunks(made.list, *before) : 0;
    LARDER_CHECK((form_hashing{made.list, out.fd(), open, marks, common}.run(made, xz)));
    LARDER_TRY(const auto end, index::end_of_pack(made.list));
    LARDER_CHECK(out.append(end));
    return made;
}

}  // namespace

std::string translation_name(std::string_view package, std::string_view md5) {
    // In no package's name, and before all that is in one: so they are sorted as the packages are.
    return std::string{package} + "!" + std::string{md5};
}

result<published_index> publish_index(const std::optional<placed_list>& before, const stanza_edits& edits,
                                      const index::known_chunks& known, const object_opener& open, store::incoming& out,
                                      with_xz xz, const form_marks_ptr& marks) {
    LARDER_CHECK(check(edits));
    LARDER_TRY(auto list, (editor{before, edits, known, open, out, xz}.run()));
    return sealed(std::move(list), open, out, xz, before, marks);
}

result<published_index> publish_lines(const std::optional<placed_list>& before, const text_writer& write,
                                      const object_opener& open, store::incoming& out, with_xz xz) {
    index::known_chunks known;
    if (before) index::add_chunks(known, before->object, before->list);
    chunk_press press{known, xz, out};
    // They are not looked for by a name.
    line_cutter cutter{[&](std::string chunk) { return press.add(std::move(chunk), "-"); }};
    LARDER_CHECK(write([&](std::string_view piece) { return cutter.add(piece); }));
    LARDER_CHECK(cutter.finish());
    LARDER_TRY(auto list, press.finish());
    return sealed(std::move(list), open, out, xz);
}

result<std::map<std::string, std::string, std::less<>>> find_stanzas(const placed_list& in,
                                                                     const std::set<std::string, std::less<>>& names,
                                                                     const object_opener& open) {
    std::set<std::size_t> wanted;
    if (!in.list.chunks.empty())
        for (const auto& name : names) wanted.insert(chunk_of(in.list, name));
    const std::vector<std::size_t> places{wanted.begin(), wanted.end()};
    std::vector<std::vector<std::pair<std::string_view, std::string>>> found(in.list.chunks.size());
    LARDER_CHECK(read_chunks(in, places, open, [&](std::size_t place, std::string_view plain) {
        return each_stanza_of(plain, [&](std::string_view stanza) -> result<void> {
            if (const auto name = names.find(name_of(stanza)); name != names.end())
                found[place].emplace_back(*name, stanza.substr(0, stanza.size() - 1));
            return {};
        });
    }));
    std::map<std::string, std::string, std::less<>> all;
    for (const auto place : places)
        for (auto& [name, stanza] : found[place]) all.emplace(name, std::move(stanza));
    return all;
}

result<void> read_chunks(const placed_list& in, const std::vector<std::size_t>& which, const object_opener& open,
                         const std::function<result<void>(std::size_t place, std::string_view text)>& take) {
    constexpr std::size_t worth_a_thread = 8;
    const auto read = [&](std::size_t begin, std::size_t end) -> result<void> {
        chunk_reader reader{open, in.object};
        for (auto i = begin; i < end; ++i) {
            LARDER_TRY(const auto text, reader.plain(in.list, in.list.chunks.at(which[i])));
            LARDER_CHECK(take(which[i], text));
        }
        return {};
    };
    const auto threads = std::clamp<std::size_t>(which.size() / worth_a_thread, 1, most_threads());
    std::vector<std::future<result<void>>> others;
    for (std::size_t i = 1; i < threads; ++i)
        others.push_back(
            std::async(std::launch::async, read, which.size() * i / threads, which.size() * (i + 1) / threads));
    auto how = read(0, which.size() / threads);
    for (auto& one : others)
        if (auto its = one.get(); how && !its) how = std::move(its);
    return how;
}

result<void> splice(const placed_list& in, form which, const object_opener& open,
                    const std::function<result<void>(std::string_view)>& take) {
    chunk_reader reader{open, in.object};
    return splice_form(in.list, reader, which, take);
}

}  // namespace larder::pockets
