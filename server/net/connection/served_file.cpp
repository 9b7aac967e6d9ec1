#include "connection/served_file.hpp"
#include <sys/stat.h>

namespace larder::net {

void open_files::let_go() {
    by_content_.clear();
    by_use_.clear();
    memory_ = 0;
}

result<served_file_ptr> open_files::get(const digest& content, const store::object_info& info) {
    const auto found = by_content_.find(content);
    if (found != by_content_.end() && (*found->second)->changed()) {
        by_use_.erase(found->second);  // without memory_: such a file is not in memory
        by_content_.erase(found);
    } else if (found != by_content_.end()) {
        by_use_.splice(by_use_.begin(), by_use_, found->second);
        return *found->second;
    }
    LARDER_TRY(auto file, open(content, info));
    by_use_.push_front(file);
    by_content_[content] = by_use_.begin();
    memory_ += file->memory.size();
    shrink();
    return file;
}

result<served_file_ptr> open_files::open(const digest& content, const store::object_info& info) {
    auto file = std::make_shared<served_file>();
    file->content = content;
    file->size = info.size;
    file->modified = info.modified;
    file->etag = "\"" + content.hex() + "\"";
    auto& objects = engine_.store().objects();
    if (info.size <= most_in_memory) {
        auto bytes = objects.read(content, most_in_memory);
        if (!bytes && bytes.error().code() == errc::digest_mismatch) engine_.damaged(content);
        if (!bytes) return bytes.error();
        file->memory = std::move(*bytes);
        file->in_memory = true;
        return served_file_ptr{std::move(file)};
    }
    LARDER_TRY(file->fd, objects.open(content));
    file->stamp = stamp_of(file->fd.get());
    return served_file_ptr{std::move(file)};
}

void open_files::shrink() {
    while (by_use_.size() > most_ || memory_ > most_memory) {
        const auto& last = by_use_.back();
        memory_ -= last->memory.size();
        by_content_.erase(last->content);
        by_use_.pop_back();
    }
}

}  // namespace larder::net
