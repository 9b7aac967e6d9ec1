#pragma once

#include <cstdint>
#include <cstring>
#include <memory>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace larder::qa::detail {

/// Each text once, under a number. What it gave stays valid as long as the pool.
class text_pool {
public:
    using id = std::uint32_t;

    id intern(std::string_view text) {
        const auto found = ids_.find(text);
        if (found != ids_.end()) return found->second;
        const auto kept = keep(text);
        const auto made = static_cast<id>(texts_.size());
        texts_.push_back(kept);
        ids_.emplace(kept, made);
        return made;
    }
    std::string_view operator[](id of) const noexcept { return texts_[of]; }
    std::size_t size() const noexcept { return texts_.size(); }

private:
    std::string_view keep(std::string_view text) {
        if (text.size() > free_) {
            free_ = std::max<std::size_t>(text.size(), 64 * 1024);
            blocks_.push_back(std::make_unique<char[]>(free_));
            next_ = blocks_.back().get();
        }
        std::memcpy(next_, text.data(), text.size());
        const std::string_view kept{next_, text.size()};
        next_ += text.size();
        free_ -= text.size();
        return kept;
    }

    std::unordered_map<std::string_view, id> ids_;
    std::vector<std::string_view> texts_;
    std::vector<std::unique_ptr<char[]>> blocks_;
    char* next_ = nullptr;
    std::size_t free_ = 0;
};

}  // namespace larder::qa::detail
