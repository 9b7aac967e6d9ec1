#include "form_hashing.hpp"
#include "chunk_press.hpp"
#include "xz_blocks.hpp"
#include <algorithm>
#include <future>
#include <larder/index/byte_source.hpp>

namespace larder::pockets {
namespace {

/// A mark takes some 300 bytes, of each form.
constexpr std::size_t chunks_a_mark = 16;

/// What a form is when the index is empty: one member, or frame, of nothing.
std::string empty_form(form which) {
    auto nothing = press({}, with_xz::no);
    return which == form::gzip ? std::move(nothing.gzip) : std::move(nothing.zstd);
}

bool has(const index::kept_chunk& one, form which) { return which == form::xz ? one.xz != 0 : one.gzip != 0; }

error not_published() { return {errc::malformed, "an index that is kept, but was not published so"}; }

/// The uncompressed form, chunk by chunk.
class plain_source final : public index::byte_source {
public:
    plain_source(const index::chunk_list& list, int own, const object_opener& open, std::size_t first)
        : list_{list}, reader_{open, own}, next_{first} {}

    result<std::string_view> next() override {
        if (next_ == list_.chunks.size()) return std::string_view{};
        return reader_.plain(list_, list_.chunks[next_++]);
    }

private:
    const index::chunk_list& list_;
    chunk_reader reader_;
    std::size_t next_;
};

}  // namespace

std::size_t common_chunks(const index::chunk_list& of, const placed_list& before) {
    const auto same = [&](const index::kept_chunk& a, const index::kept_chunk& b) {
        if (a.pack == 0) return false;
        const auto& file = b.pack == 0 ? before.object : before.list.packs[b.pack - 1];
        return of.packs[a.pack - 1] == file && a.offset == b.offset && a.content == b.content && a.stored == b.stored &&
               a.gzip == b.gzip;
    };
    const auto& all = before.list.chunks;
    return static_cast<std::size_t>(
        std::mismatch(of.chunks.begin(), of.chunks.end(), all.begin(), all.end(), same).first - of.chunks.begin());
}

void form_hashing::running::take(std::string_view chunk) {
    if (next != 0 && next % chunks_a_mark == 0 && (marks.empty() || marks.back().chunks != next))
        marks.push_back({next, size, std::make_shared<const hasher>(hash.copy())});
    hash.update(chunk);
    size += chunk.size();
    ++next;
}

form_hashing::running form_hashing::resume(const std::vector<hash_mark>* known) const {
    running made;
    if (known == nullptr) return made;
    for (const auto& one : *known)
        if (one.chunks <= common_) made.marks.push_back(one);
    if (made.marks.empty()) return made;
    const auto& last = made.marks.back();
    made.hash = last.hash->copy();
    made.size = last.size;
    made.next = last.chunks;
    return made;
}

/// Unpacked and checked by one thread, and hashed by this one.
result<served_form> form_hashing::plain(std::vector<hash_mark>& marks) const {
    auto now = resume(before_ ? &before_->plain : nullptr);
    std::unique_ptr<index::byte_source> text = std::make_unique<plain_source>(list_, own_, open_, now.next);
    if (list_.chunks.size() > now.next + 1) text = index::read_ahead(std::move(text));
    for (;;) {
        LARDER_TRY(const auto chunk, text->next());
        if (chunk.empty()) break;
        now.take(chunk);
    }
    marks = std::move(now.marks);
    return served_form{now.size, now.hash.finish()};
}

result<served_form> form_hashing::spliced(form which, std::vector<hash_mark>& marks) const {
    auto now = resume(!before_ ? nullptr : which == form::gzip ? &before_->gzip : &before_->zstd);
    if (list_.chunks.empty()) now.take(empty_form(which));
    chunk_reader reader{open_, own_};
    while (now.next < list_.chunks.size()) {
        const auto& one = list_.chunks[now.next];
        if (!has(one, which)) return not_published();
        LARDER_TRY(const auto bytes, reader.stored(list_, one, which));
        now.take(bytes);
    }
    marks = std::move(now.marks);
    return served_form{now.size, now.hash.finish()};
}

result<served_form> form_hashing::xz() const {
    chunk_reader reader{open_, own_};
    hasher hash;
    served_form made;
    LARDER_CHECK(splice_form(list_, reader, form::xz, [&](std::string_view bytes) -> result<void> {
        hash.update(bytes);
        made.size += bytes.size();
        return {};
    }));
    made.content = hash.finish();
    return made;
}

result<void> form_hashing::run(published_index& made, with_xz with) const {
    auto marks = std::make_shared<form_marks>();
    auto beside = std::async(std::launch::async, [&] { return plain(marks->plain); });
    auto gzip = spliced(form::gzip, marks->gzip);
    auto zstd = spliced(form::zstd, marks->zstd);
    LARDER_TRY(const auto text, beside.get());
    made.list.content = text.content;
    LARDER_TRY(made.gzip, std::move(gzip));
    LARDER_TRY(made.zstd, std::move(zstd));
    if (with == with_xz::yes) {
        LARDER_TRY(made.xz, xz());
    }
    made.marks = std::move(marks);
    return {};
}

result<void> splice_form(const index::chunk_list& list, chunk_reader& reader, form which,
                         const std::function<result<void>(std::string_view)>& take) {
    xz_frame around;
    if (which == form::xz) LARDER_CHECK(take(around.head()));
    if (list.chunks.empty() && which != form::xz) return take(empty_form(which));
    for (const auto& one : list.chunks) {
        if (!has(one, which)) return not_published();
        LARDER_TRY(const auto bytes, reader.stored(list, one, which));
        if (which == form::xz) LARDER_CHECK(around.note(bytes, one.size));
        LARDER_CHECK(take(bytes));
    }
    return which == form::xz ? take(around.tail()) : result<void>{};
}

}  // namespace larder::pockets
