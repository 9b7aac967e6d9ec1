#include "descriptors.hpp"
#include <algorithm>
#include <sys/resource.h>

namespace larder::net {

std::size_t descriptor_limit() {
    rlimit limit{};
    if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 512;
    if (limit.rlim_cur < limit.rlim_max) {
        const rlimit raised{limit.rlim_max, limit.rlim_max};
        if (::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
    }
    return std::min<rlim_t>(limit.rlim_cur, 1U << 20);
}

}  // namespace larder::net
