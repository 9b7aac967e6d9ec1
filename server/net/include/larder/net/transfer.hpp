#pragma once

#include <cstdint>
#include <functional>
#include <larder/base/clock.hpp>
#include <larder/base/result.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sockaddr;

namespace larder::net {

/// One GET to one upstream URL.
struct transfer_request {
    std::string url;
    std::uint64_t offset = 0;                      ///< ask for the bytes from here on (Range)
    std::optional<sys_seconds> if_modified_since;  ///< 304 when nothing is newer
    std::string user, password, bearer;            ///< sent to the first host only, never after a redirect to another
    std::vector<std::string> redirect_hosts;       ///< hosts beside the URL's own that a redirect may lead to
    bool urgent = false;                           ///< metadata: does not queue behind packages
    std::function<bool(const sockaddr*)> may_connect;  ///< asked for every address before a connection is made
};

/// The final answer's head (redirects are followed inside).
struct transfer_head {
    int status = 0;                            ///< 200, 206, 304, or an error status
    std::optional<std::uint64_t> length;       ///< of this body (Content-Length)
    std::optional<std::uint64_t> range_start;  ///< of a 206
    std::optional<std::uint64_t> range_total;  ///< of a 206; the whole file's size
    std::optional<sys_seconds> last_modified;
    std::string url;  ///< that it came from, after redirects; without credentials, and without its query
};

/// How a transfer ended. `code` is set for everything but a complete answer of any status.
struct transfer_end {
    std::optional<error> failure;
    bool connected = false;  ///< an HTTP answer began
    int status = 0;
    std::optional<std::chrono::milliseconds> retry_after;  ///< what the answer asked for (Retry-After)
};

/// Takes what a transfer brings; called on the upstream loop only. Nothing is called after `ended`.
class transfer_sink {
public:
    virtual ~transfer_sink() = default;
    /// False ends the transfer (`cancelled`); the sink knows why.
    virtual bool begin(const transfer_head&) = 0;
    /// False ends the transfer likewise.
    virtual bool body(std::string_view bytes) = 0;
    virtual void ended(const transfer_end&) = 0;
};

}  // namespace larder::net
