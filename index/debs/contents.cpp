#include "packed_paths.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/debs/contents.hpp>
#include <tuple>

namespace larder::debs {
namespace {

constexpr std::size_t column = 55;
constexpr std::size_t piece = 64U << 10;

std::string_view package_of(std::string_view label) noexcept { return label.substr(label.rfind('/') + 1); }

/// By package, as the labels of a line stand; only the place breaks ties between the same label.
std::vector<const contents_entry*> in_order(std::span<const contents_entry> entries) {
    std::vector<const contents_entry*> all;
    for (const auto& e : entries) all.push_back(&e);
    std::sort(all.begin(), all.end(), [](const auto* a, const auto* b) {
        return std::tuple{package_of(a->label), std::string_view{a->label}, a->packed} <
               std::tuple{package_of(b->label), std::string_view{b->label}, b->packed};
    });
    return all;
}

bool is_label(std::string_view label) noexcept {
    return !label.empty() && std::all_of(label.begin(), label.end(), [](char c) {
        return static_cast<unsigned char>(c) > ' ' && c != ',' && c != 127;
    });
}

/// Merges the sorted lists of all packages.
class merge {
public:
    merge(std::span<const contents_entry> entries, const std::function<result<void>(std::string_view)>& sink)
        : entries_{in_order(entries)}, sink_{sink} {}

    result<void> run() {
        LARDER_CHECK(open());
        while (!heap_.empty()) {
            const auto i = pop();
            LARDER_CHECK(take(cursors_[i].path(), entries_[i]->label));
            LARDER_CHECK(advance(i));
        }
        LARDER_CHECK(end_line());
        return out_.empty() ? result<void>{} : sink_(out_);
    }

private:
    result<void> open() {
        for (std::size_t i = 0; i < entries_.size(); ++i) {
            if (!is_label(entries_[i]->label))
                return error{errc::malformed, "'" + printable(entries_[i]->label) + "' is no label of a package"};
            auto cursor = detail::path_cursor::open(entries_[i]->packed);
            if (!cursor) return cursor.error().in(printable(entries_[i]->label));
            cursors_.push_back(std::move(*cursor));
            LARDER_CHECK(advance(i));
        }
        return {};
    }

    /// The last first: the heap's top is the lowest.
    bool after(std::size_t a, std::size_t b) const {
        const auto order = cursors_[a].path().compare(cursors_[b].path());
        return order != 0 ? order > 0 : a > b;
    }

    std::size_t pop() {
        std::pop_heap(heap_.begin(), heap_.end(), [this](auto a, auto b) { return after(a, b); });
        const auto i = heap_.back();
        heap_.pop_back();
        return i;
    }

    result<void> advance(std::size_t i) {
        const auto more = cursors_[i].next();
        if (!more) return more.error().in(printable(entries_[i]->label));
        if (!*more) return {};
        heap_.push_back(i);
        std::push_heap(heap_.begin(), heap_.end(), [this](auto a, auto b) { return after(a, b); });
        return {};
    }

    result<void> take(const std::string& path, const std::string& label) {
        if (path == path_) {
            if (label != label_) out_.append(",").append(label);
            label_ = label;
            return {};
        }
        LARDER_CHECK(end_line());
        path_ = path;
        label_ = label;
        out_ += path;
        out_.append(path.size() < column ? column - path.size() : 0, ' ').append(" ").append(label);
        return {};
    }

    result<void> end_line() {
        if (path_.empty()) return {};
        out_ += '\n';
        if (out_.size() < piece) return {};
        LARDER_CHECK(sink_(out_));
        out_.clear();
        return {};
    }

    std::vector<const contents_entry*> entries_;
    const std::function<result<void>(std::string_view)>& sink_;
    std::vector<detail::path_cursor> cursors_;
    std::vector<std::size_t> heap_;
    std::string path_, label_, out_;  // of the present line
};

}  // namespace

std::string contents_label(std::string_view section, std::string_view package) {
    return section.empty() ? std::string{package} : std::string{section} + "/" + std::string{package};
}

result<void> write_contents(std::span<const contents_entry> entries,
                            const std::function<result<void>(std::string_view)>& sink) {
    return merge{entries, sink}.run();
}

}  // namespace larder::debs
