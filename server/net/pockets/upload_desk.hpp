#pragma once

#include "pockets/staging.hpp"
#include <larder/debs/source.hpp>
#include <larder/net/engine.hpp>
#include <larder/signing/verifier.hpp>

namespace larder::net::publishing {

/// Where uploads to one pocket are looked at: what is signed, complete and right is included, what is wrong is removed,
/// and either is told. One call at a time for a pocket, whoever makes it: its folder is locked meanwhile.
class upload_desk {
public:
    upload_desk(engine& e, pockets::pocket of);

    const staging& place() const noexcept { return place_; }
    /// Removes what has waited for a day.
    result<void> tidy();
    /// Gives a file its name, and looks at the uploads that it is part of.
    upload_answer take(staging::draft& file);
    /// Looks at all uploads whose .changes is there: after a crash, or when something was in the way.
    result<void> look_again();
    /// Takes whole uploads out of the pocket's incoming folder.
    result<void> look_at_folder(const std::stop_token& stop);
    /// Those that wait, with what is missing.
    result<std::vector<upload_row>> waiting();

private:
    /// An upload whose signature is an uploader's.
    struct checked {
        debs::changes upload;
        digest signed_text{};
        std::string by;  ///< "key FINGERPRINT user id"
    };
    result<checked> check(const std::string& name, const std::string& bytes);
    result<checked> read_staged(const std::string& name);
    /// The uploaders' keys, read when there is something to verify: that starts a gpg.
    result<const signing::verifier*> keys();
    /// Files that it lists and that are not there.
    static std::vector<std::string> missing_of(const checked& one, const std::vector<waiting_file>& there);
    upload_answer take_changes(staging::draft& file);
    result<void> fits_what_waits(const staging::draft& file);
    upload_answer look_at(const std::string& changes);
    upload_answer settle(const std::string& changes, const checked& one);
    result<void> all_right(const checked& one) const;
    result<publication_report> include(const checked& one, bool dry_run) const;
    /// Of an upload that was taken before.
    result<std::optional<upload_answer>> seen_before(const checked& one) const;
    upload_answer reject(const std::string& changes, const std::string& by, const error& why);
    void remove(const std::string& changes, const checked& one) const;
    void note(const std::string& changes, std::string state, const std::string& by, const std::string& text);
    result<bool> copy_out(const std::string& name, const std::string& bytes, const checked& one);

    engine& e_;
    const pockets::pocket of_;
    const staging place_;
    std::unique_ptr<signing::verifier> keys_;
};

}  // namespace larder::net::publishing
