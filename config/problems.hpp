#pragma once

#include <larder/base/error.hpp>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace larder::config {

/// All that is wrong with one file, and where its settings stand.
class problems {
public:
    explicit problems(std::string_view file) : file_{file} {}

    /// Remembers the line of a setting, so that what is checked later can point at it.
    void stands_at(const std::string& where, unsigned line) { lines_[where] = line; }
    /// 0 for what the file does not have.
    unsigned line_of(const std::string& where) const;

    /// `where` is "server.listen", or empty for the file as a whole.
    void add(unsigned line, std::string where, std::string what);

    bool none() const noexcept { return found_.empty(); }
    /// One line each, in the order of the file.
    error all() const;

private:
    struct problem {
        unsigned line = 0;
        std::string where, what;
    };
    std::string file_;
    std::map<std::string, unsigned> lines_;
    std::vector<problem> found_;
};

}  // namespace larder::config
