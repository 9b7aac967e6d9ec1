#pragma once

#include <larder/signing/verifier.hpp>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace larder::signing::test {

/// A text as a Release file may be, with what clear-signing must escape.
inline constexpr const char* release_text =
    "Origin: Example\nSuite: stable\nDescription: one\n- dashed\n-----five\n\nSHA256:\n abc 12 main/Packages\n";

using arguments = std::vector<std::string>;

/// A folder for one test, removed at its end.
class temporary_folder {
public:
    temporary_folder();
    ~temporary_folder();
    temporary_folder(const temporary_folder&) = delete;
    temporary_folder& operator=(const temporary_folder&) = delete;

    const std::string& path() const noexcept { return path_; }
    /// Writes a file in it; its path.
    std::string write(const std::string& name, std::string_view bytes) const;

private:
    std::string path_;
};

/// A real gpg in a home of its own, with an agent of its own for the secret keys: the people who sign.
/// A failure of gpg fails the test.
class workshop {
public:
    workshop() = default;
    ~workshop();
    workshop(const workshop&) = delete;
    workshop& operator=(const workshop&) = delete;

    /// Runs gpg with `input` as its standard input; what it wrote to its standard output.
    std::string gpg(arguments args, std::string_view input = {});

    /// The fingerprint of a key made for `name` (made once); `when` is for a clock set to the past.
    std::string key(const std::string& name, const std::string& algorithm = "ed25519",
                    const std::string& expires = "never", const arguments& when = {});

    /// Public keys, binary; `more` may be {"--armor"}.
    std::string keyring(const std::vector<std::string>& names, const arguments& more = {});

    std::string clearsign(std::string_view text, const std::vector<std::string>& names, const arguments& more = {});
    /// Armoured.
    std::string detach(std::string_view text, const std::vector<std::string>& names, const arguments& more = {});

    std::string dearmour(std::string_view armoured);
    /// As a signature block.
    std::string armour(std::string_view packets);

    void revoke(const std::string& name);

    const std::string& home() const noexcept { return home_.path(); }

private:
    arguments as(const std::vector<std::string>& names, const arguments& more) const;

    temporary_folder home_;
    std::map<std::string, std::string> keys_;
};

/// The one that all tests share: keys take time to make.
workshop& shop();

/// A verifier that trusts the keys of these names.
std::unique_ptr<verifier> trusting(const std::vector<std::string>& names);

/// The signature block of a clear-signed file, and what stands before it.
std::string signature_of(const std::string& clearsigned);
std::string head_of(const std::string& clearsigned);

/// "bad_signature: …", or "accepted".
template <class T>
std::string said(const result<T>& r) {
    return r.has_value() ? "accepted" : r.error().message();
}

}  // namespace larder::signing::test
