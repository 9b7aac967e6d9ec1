#include "commits.hpp"
#include "deployments/adoption.hpp"
#include <larder/base/text.hpp>
#include <unordered_map>

// A bundle taken in: read from its beginning to its end, and adopted.

namespace larder::net {
namespace {

using namespace pinning;
using deployments::bundle_list;
using deployments::bundle_reader;

error ends_too_soon() {
    return {errc::malformed, "the bundle ends too soon: the export was interrupted, or the file was cut off"};
}

class importer {
public:
    importer(engine& e, const import_bundle_options& options, const course& of)
        : e_{e}, options_{options}, of_{of}, into_{e, terms_of(options), of_} {}

    result<import_bundle_report> run() {
        LARDER_TRY(in_, deployments::open_bundle_reader(options_.file));
        LARDER_CHECK(read_head());
        LARDER_CHECK(read_list());
        LARDER_CHECK(take_objects());
        return into_.adopt();
    }

private:
    static adoption_terms terms_of(const import_bundle_options& options) {
        adoption_terms terms;
        terms.keyrings = options.keyrings;
        terms.what = "import";
        terms.source = "the bundle";
        terms.who = options.who;
        return terms;
    }

    result<void> read_head() {
        LARDER_TRY(const auto first, in_->next());
        if (!first || first->name != deployments::head_entry)
            return error{errc::malformed, options_.file + " is no bundle of a deployment"};
        LARDER_TRY(const auto signed_text, in_->read_all(most_head));
        return into_.take_head(signed_text);
    }

    result<void> read_list() {
        LARDER_TRY(const auto second, in_->next());
        if (!second || second->name != deployments::list_entry) return ends_too_soon();
        LARDER_TRY(const auto text, in_->read_all(most_list));
        LARDER_CHECK(into_.take_list(text));
        for (const auto& one : into_.list().holds) held_as_.emplace(one.content, &one);
        return {};
    }

    result<void> take_objects() {
        commits into{e_.store().objects()};
        std::uint64_t done = 0;
        for (const auto& one : into_.list().objects) {
            if (of_.stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
            LARDER_TRY(const auto entry, in_->next());
            if (!entry) return ends_too_soon();
            if (entry->name != deployments::object_entry(one.content) || entry->size != one.size)
                return error{errc::malformed, "the bundle has '" + printable(entry->name, 150) +
                                                  "' where its list has " + deployments::object_entry(one.content)};
            LARDER_CHECK(take(one, into));
            done += one.size;
            of_.tell({"reading " + options_.file, done, into_.head().bytes});
        }
        return into.settle();
    }

    result<void> take(const bundle_list::object& one, commits& into) {
        LARDER_TRY(const auto here, into_.keeps(one));
        if (here) return {};
        LARDER_TRY(auto file, e_.store().objects().begin());
        for (;;) {
            LARDER_TRY(const auto piece, in_->read());
            if (piece.empty()) break;
            if (file->size() + piece.size() > one.size)
                return error{errc::malformed, "an entry of the bundle is larger than its list says"};
            LARDER_CHECK(file->append(piece));
        }
        return into.add(std::move(file), one.content, one.modified, origin_of(one.content));
    }

    /// Where a file that is held belongs; of the others only that they were in the bundle, and who made that.
    store::provenance origin_of(const digest& content) const {
        store::provenance from{store::arrival::bundled, e_.clock().now(), {}, {}, {options_.file}};
        from.from.push_back("made by " + into_.made_by());
        const auto held = held_as_.find(content);
        if (held == held_as_.end()) return from;
        from.archive = held->second->archive;
        from.path = held->second->path;
        return from;
    }

    engine& e_;
    const import_bundle_options& options_;
    const course& of_;
    adoption into_;
    std::unique_ptr<bundle_reader> in_;
    std::unordered_map<digest, const store::held_object*, digest_hash> held_as_;  ///< of the list
};

}  // namespace

result<import_bundle_report> import_bundle(engine& e, const import_bundle_options& options, const progress_sink& tell,
                                           std::stop_token stop) {
    const course of{tell, stop};
    return importer{e, options, of}.run();
}

}  // namespace larder::net
