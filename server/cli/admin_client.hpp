#pragma once

#include <boost/json/value.hpp>
#include <larder/base/result.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace larder::cli {

/// A running server's API, over its admin socket: whoever may open the socket is admin.
class admin_client {
public:
    /// Nothing when no server listens at `socket` (or it is empty); `refused` when one does and this
    /// user may not talk to it.
    static result<std::optional<admin_client>> connect(const std::string& socket);

    admin_client(admin_client&&) noexcept;
    admin_client& operator=(admin_client&&) noexcept;
    ~admin_client();

    /// Below /api/v1, "/status". The body of a 2xx answer; any other is the error that it tells.
    result<boost::json::value> get(std::string_view path);
    result<boost::json::value> post(std::string_view path, const boost::json::value& body);

private:
    struct impl;
    explicit admin_client(std::unique_ptr<impl>);
    std::unique_ptr<impl> impl_;
};

/// The code of that name, as the API has it; `io` for one this program does not know.
errc errc_of(std::string_view name) noexcept;

}  // namespace larder::cli
