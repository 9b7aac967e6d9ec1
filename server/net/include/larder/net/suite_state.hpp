#pragma once

#include <larder/base/clock.hpp>
#include <larder/base/digest.hpp>
#include <larder/index/release.hpp>
#include <larder/store/objects.hpp>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace larder::net {

/// An object and its size, as a manifest names it.
struct stored_file {
    digest content;
    std::uint64_t size = 0;
};

/// The manifest of one verified state of a suite: a small text, kept as an object; its hash is the
/// snapshot's id, so equal states have equal ids on every Larder.
struct state_manifest {
    std::string archive;
    std::string suite;
    sys_seconds date{};                     ///< the Release's Date
    std::vector<std::string> signers;       ///< full fingerprints
    stored_file text;                       ///< the signed text, as the verifier returned it
    std::optional<stored_file> in_release;  ///< upstream's own bytes
    std::optional<stored_file> release, release_gpg;

    std::string write() const;
    static result<state_manifest> read(std::string_view text);
};

/// One verified state of a suite, parsed and ready for look-ups. Immutable; shared by all threads.
class suite_state {
public:
    suite_state(digest id, state_manifest manifest, index::release release);

    const digest& id() const noexcept { return id_; }
    const state_manifest& manifest() const noexcept { return manifest_; }
    const index::release& release() const noexcept { return release_; }

    /// A file that the Release names by its plain path ("main/binary-amd64/Packages.xz"); null if not.
    const index::release_file* by_path(std::string_view path) const { return release_.find(path); }
    /// A file asked for by hash: `kind` is the folder's name ("SHA256", "SHA512").
    const index::release_file* by_hash(std::string_view kind, std::string_view hex) const;

private:
    digest id_;
    state_manifest manifest_;
    index::release release_;
    std::unordered_map<digest, std::size_t, digest_hash> by_sha256_;
    std::unordered_map<std::string, std::size_t> by_sha512_;
};

using suite_state_ptr = std::shared_ptr<const suite_state>;

/// Reads a stored state back: its manifest, and the signed text (verified before it was stored, and
/// named by its hash, so it is not verified again).
result<suite_state_ptr> load_state(const store::object_store& objects, const digest& id);

}  // namespace larder::net
