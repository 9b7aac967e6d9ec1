// Any split of the bytes gives the same answer; views stay inside the buffer; nothing smuggled passes.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <larder/core/http_head.hpp>
#include <string>
#include <string_view>

using namespace larder::core;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

bool inside(std::string_view part, std::string_view whole) {
    return part.data() == nullptr ||
           (part.data() >= whole.data() && part.data() + part.size() <= whole.data() + whole.size());
}

void check_complete(const request_head& h, std::string_view text) {
    require(h.size <= text.size() && text.substr(0, h.size).ends_with("\r\n\r\n"));
    require(text.substr(0, h.size - 4).find("\r\n\r\n", 1) == std::string_view::npos || text.starts_with("\r\n"));
    for (const auto part :
         {h.target, h.host, h.range, h.if_range, h.if_modified_since, h.if_none_match, h.authorization,
          h.proxy_authorization, h.user_agent, h.cache_control, h.accept, h.content_type, h.verb_text}) {
        require(inside(part, text.substr(0, h.size)));
        require(part.find_first_of(std::string_view{"\r\n\0", 3}) == std::string_view::npos);
    }
    require(!h.target.empty());
    require(!(h.chunked && h.content_length));
    require(h.minor == 0 || h.minor == 1);
}

head_state in_pieces(std::string_view text, std::size_t step, request_head& head, parse_fault& why) {
    std::size_t searched = 0;
    auto state = head_state::incomplete;
    for (std::size_t used = 0; state == head_state::incomplete && used < text.size();) {
        used = std::min(text.size(), used + step);
        state = parse_head(text.substr(0, used), head, why, searched, 4096);
    }
    return state;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string text{reinterpret_cast<const char*>(data), size};
    request_head whole;
    parse_fault why;
    std::size_t searched = 0;
    const auto state = parse_head(text, whole, why, searched, 4096);
    if (state == head_state::complete) check_complete(whole, text);
    if (state == head_state::bad) require(why.status >= 400 && !why.text.empty() && why.kind != fault_kind::none);
    for (const std::size_t step : {1U, 2U, 3U, 7U, 64U}) {
        request_head head;
        parse_fault other;
        if (text.empty()) break;
        require(in_pieces(text, step, head, other) == state);
        if (state == head_state::complete) require(head.size == whole.size && head.target == whole.target);
        if (state == head_state::bad) require(other.kind == why.kind && other.status == why.status);
    }
    return 0;
}
