#pragma once

#include <larder/qa/installability.hpp>
#include <memory>
#include <string>
#include <vector>

namespace larder::qa::test {

/// "app:i386 1" with these fields, as a stanza. Without an architecture: amd64.
std::string stanza(const std::string& package, const std::string& fields = "");

/// Some packages for amd64 machines, and what is said of them.
class small_archive {
public:
    explicit small_archive(std::vector<std::string> foreign = {});

    /// A stanza; fields are separated by newlines.
    small_archive& has(const std::string& package, const std::string& fields = "");
    /// "app", or "app:i386", or "app 2" where there are several: exactly one.
    package_id id(const std::string& package) const;
    bool installs(const std::string& package);
    std::string why_not(const std::string& package);
    installability& now();
    universe& all() { return *all_; }
    /// What the last stanza that was read was.
    index_reading read(const std::string& text);

private:
    std::unique_ptr<universe> all_;
    std::unique_ptr<installability> now_;
    std::vector<package_id> packages_;
};

/// A number below `end`; the same sequence everywhere.
class dice {
public:
    explicit dice(std::uint64_t seed) : state_{seed * 2 + 1} {}
    unsigned below(unsigned end) {
        state_ = state_ * 6364136223846793005U + 1442695040888963407U;
        return static_cast<unsigned>((state_ >> 33) % end);
    }

private:
    std::uint64_t state_;
};

/// A few dozen packages that ask much of each other, of both architectures.
std::vector<std::string> random_stanzas(dice&, unsigned count);

}  // namespace larder::qa::test
