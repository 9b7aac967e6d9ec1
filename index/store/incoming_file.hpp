#pragma once

#include "layout.hpp"
#include <larder/store/objects.hpp>

namespace larder::store {

/// A temporary file in incoming/ and its running hash.
class incoming_file final : public incoming {
public:
    static result<std::unique_ptr<incoming_file>> begin(std::shared_ptr<const layout> at);
    ~incoming_file() override;

    result<void> append(std::string_view bytes) override;
    std::uint64_t size() const noexcept override { return size_; }
    int fd() const noexcept override { return fd_.get(); }
    digest finish() override;
    result<void> restart() override;

    /// Gives it its name below objects/; an object that has the name already is replaced in one step
    /// (the bytes are the same, unless the old ones are damaged).
    result<void> publish(const digest&);

private:
    incoming_file(std::shared_ptr<const layout> at, unique_fd fd, std::string name)
        : at_{std::move(at)}, fd_{std::move(fd)}, name_{std::move(name)} {}

    std::shared_ptr<const layout> at_;  ///< shared: a download may outlive the store by a moment
    unique_fd fd_;
    std::string name_;  ///< in incoming/; empty while it has none
    hasher hash_;
    std::optional<digest> finished_;
    std::uint64_t size_ = 0;
};

}  // namespace larder::store
