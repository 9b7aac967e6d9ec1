#include "incoming_file.hpp"
#include <cerrno>

namespace larder::store {

result<std::unique_ptr<incoming_file>> incoming_file::begin(std::shared_ptr<const layout> at) {
    std::string name;
    unique_fd fd;
    if (at->temporaries == temporary_kind::nameless) {
        fd.reset(at->ops->open_nameless(at->incoming.get()));
    } else {
        name = at->fresh_name();
        fd.reset(at->ops->open_named(at->incoming.get(), name.c_str()));
    }
    if (!fd) return errno_error(errno, "creating a file in " + at->folder + "/incoming");
    return std::unique_ptr<incoming_file>{new incoming_file{std::move(at), std::move(fd), std::move(name)}};
}

incoming_file::~incoming_file() {
    if (!name_.empty()) at_->ops->unlink(at_->incoming.get(), name_.c_str());
}

result<void> incoming_file::append(std::string_view bytes) {
    if (finished_) return error{errc::refused, "an incoming object was finished; nothing can be appended to it"};
    auto rest = bytes;
    auto offset = size_;
    while (!rest.empty()) {
        const auto n = at_->ops->write_at(fd_.get(), rest.data(), rest.size(), offset);
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) return errno_error(errno, "writing in " + at_->folder + "/incoming");
        rest.remove_prefix(static_cast<std::size_t>(n));
        offset += static_cast<std::uint64_t>(n);
    }
    // Only what is written counts: after an error the same bytes may be appended again.
    hash_.update(bytes);
    size_ = offset;
    return {};
}

digest incoming_file::finish() {
    if (!finished_) finished_ = hash_.finish();
    return *finished_;
}

result<void> incoming_file::restart() {
    if (at_->ops->truncate(fd_.get()) != 0)
        return errno_error(errno, "emptying a file in " + at_->folder + "/incoming");
    hash_ = hasher{};
    finished_.reset();
    size_ = 0;
    return {};
}

result<void> incoming_file::publish(const digest& d) {
    const auto final_name = layout::object_name(d);
    const int here = at_->incoming.get();
    const int objects = at_->objects.get();
    if (name_.empty()) {
        if (at_->ops->link_nameless(fd_.get(), objects, final_name.c_str()) == 0) return {};
        if (errno != EEXIST) return errno_error(errno, "naming " + at_->object_path(d));
        auto name = at_->fresh_name();
        if (at_->ops->link_nameless(fd_.get(), here, name.c_str()) != 0)
            return errno_error(errno, "naming a file in " + at_->folder + "/incoming");
        name_ = std::move(name);
    }
    if (at_->ops->rename(here, name_.c_str(), objects, final_name.c_str()) != 0)
        return errno_error(errno, "naming " + at_->object_path(d));
    name_.clear();
    return {};
}

}  // namespace larder::store
