#include "pockets/export/bucket.hpp"
#include "pockets/export/export_place.hpp"
#include <algorithm>

namespace larder::net::publishing {
namespace {

constexpr std::uint64_t most_record = 4ULL << 30;

std::string type_of(std::string_view path, tree_part part) {
    constexpr std::pair<std::string_view, const char*> endings[] = {
        {".deb", "application/vnd.debian.binary-package"},
        {".udeb", "application/vnd.debian.binary-package"},
        {".ddeb", "application/vnd.debian.binary-package"},
        {".gz", "application/gzip"},
        {".xz", "application/x-xz"},
        {".zst", "application/zstd"},
        {".bz2", "application/x-bzip2"},
        {".asc", "application/pgp-keys"},
        {".dsc", "text/plain; charset=utf-8"},
        {".gpg", "application/pgp-signature"},
    };
    for (const auto& [ending, type] : endings)
        if (path.ends_with(ending)) return type;
    return part == tree_part::pool || part == tree_part::by_hash ? "application/octet-stream"
                                                                 : "text/plain; charset=utf-8";
}

/// What is at a path of the pool, or at a hash, is never anything else.
const char* caching_of(tree_part part) {
    return part == tree_part::pool || part == tree_part::by_hash ? "public, max-age=31536000, immutable"
                                                                 : "public, max-age=60";
}

/// Keys of a bucket. A PUT is all or nothing, and durable once it is answered.
class bucket_place final : public export_place {
public:
    bucket_place(engine& e, std::unique_ptr<bucket> to, std::string name)
        : e_{e}, bucket_{std::move(to)}, name_{std::move(name)} {}

    result<std::optional<export_record>> read_record() override {
        LARDER_TRY(auto all, bucket_->list());
        for (auto& one : all) there_.insert_or_assign(std::move(one.key), seen{std::move(one.etag), one.size});
        const std::string record{export_record_name};
        if (!there_.contains(record)) {
            if (there_.empty()) return std::optional<export_record>{};
            return error{errc::refused, name_ + " has objects, and no " + record + ": name a prefix that has none"};
        }
        LARDER_TRY(const auto text, bucket_->get(record, most_record));
        auto read = export_record::read(text);
        if (!read) return read.error().in(name_ + "/" + record);
        return std::optional{std::move(*read)};
    }

    result<void> write_record(const export_record& record) override {
        tree_file file;
        file.part = tree_part::release;
        file.text = record.write();
        file.size = file.text.size();
        file.content = sha256(file.text);
        LARDER_TRY(const auto stamp, put(std::string{export_record_name}, file));
        static_cast<void>(stamp);
        return {};
    }

    result<std::string> stamp_of(const std::string& path) override {
        const auto found = there_.find(path);
        return found == there_.end() ? std::string{} : found->second.etag;
    }

    result<std::string> find(const std::string& path, const tree_file& file) override {
        const auto found = there_.find(path);
        if (found == there_.end() || found->second.size != file.size) return std::string{};
        // Noted there with a PUT whose bytes the service has compared with that hash.
        LARDER_TRY(const auto object, bucket_->head(path));
        return object.sha256 == file.content.hex() ? object.etag : std::string{};
    }

    result<std::string> put(const std::string& path, const tree_file& file) override {
        bucket_upload what;
        what.size = file.size;
        what.sha256 = file.content.hex();
        what.content_type = type_of(path, file.part);
        what.cache_control = caching_of(file.part);
        LARDER_TRY(const auto body, body_of(path, file));
        what.fd = body.fd();
        LARDER_TRY(auto etag, bucket_->put(path, what));
        there_.insert_or_assign(path, seen{etag, file.size});
        return etag;
    }

    result<void> settle() override { return {}; }

    result<void> remove(const std::string& path) override {
        there_.erase(path);
        return bucket_->remove(path);
    }

private:
    struct seen {
        std::string etag;
        std::uint64_t size = 0;
    };
    /// A file to read from: the object, or one without a name.
    struct body_file {
        unique_fd object;
        std::unique_ptr<store::incoming> made;
        int fd() const { return made ? made->fd() : object.get(); }
    };

    /// Compared with its hash here, too: a damaged object is not even offered.
    result<body_file> body_of(const std::string& path, const tree_file& file) {
        body_file body;
        if (file.text.empty())
            if (auto fd = e_.store().objects().open(file.content)) body.object = std::move(*fd);
        if (!body.object) {
            LARDER_TRY(body.made, e_.store().objects().begin());
        }
        LARDER_CHECK(read_file_of(e_, path, file, [&](std::string_view piece) {
            return body.made ? body.made->append(piece) : result<void>{};
        }));
        return body;
    }

    engine& e_;
    std::unique_ptr<bucket> bucket_;
    const std::string name_;
    std::map<std::string, seen, std::less<>> there_;
};

}  // namespace

bool is_bucket(const pocket_export_options& options) { return options.to.starts_with("s3://"); }

result<std::unique_ptr<export_place>> open_bucket(engine& e, const pocket_export_options& options,
                                                  std::stop_token stop) {
    if (options.hard_links) return error{errc::bad_config, "--hard-links is for a folder, not for a bucket"};
    LARDER_TRY(auto where, bucket_address::parse(options.to, options.endpoint, options.region));
    LARDER_TRY(auto who, bucket_credentials::find());
    auto to = std::make_unique<bucket>(std::move(where), std::move(who), e.routes()->options.upstream,
                                       pause_until(stop), stop);
    return std::unique_ptr<export_place>{std::make_unique<bucket_place>(e, std::move(to), options.to)};
}

}  // namespace larder::net::publishing
