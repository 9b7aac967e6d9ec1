#pragma once

#include <string>
#include <string_view>

namespace larder::net::site {

/// Marks the forms that this server has made, for whom and of what: a page elsewhere can have a browser send a form,
/// with the password that it knows, but cannot read ours. The secret lasts as long as the process. Thread-safe.
class form_seal {
public:
    form_seal();

    /// HMAC-SHA256 (RFC 2104), hex.
    std::string of(std::string_view text) const;
    /// In a time that does not depend on where they differ.
    bool fits(std::string_view text, std::string_view seal) const;

private:
    std::string secret_;
};

}  // namespace larder::net::site
