#pragma once

#include <cstdint>
#include <larder/net/pockets.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace larder::net {

// How packages come into a pocket by other hands than an administrator's, and what the pocket says of packages. All of
// it blocks; ordinary threads.

// ---- uploads: dput over HTTP, or a folder

struct uploader_options {
    std::string pocket;
    std::string key;  ///< to add: armoured, or a file on this machine; to remove: a fingerprint, or its last 16 digits
    publisher who;
};
/// Whoever has the key may upload from now on. `refused` for a file with several keys, or one that cannot be used;
/// `conflict` when it may already.
result<pockets::pocket> add_uploader(engine& e, const uploader_options& options);
/// `absent` when no uploader has it.
result<pockets::pocket> remove_uploader(engine& e, const uploader_options& options);

/// How uploads come; what is not given stays as it is.
struct intake_options {
    std::string pocket;
    std::optional<std::string> folder;  ///< on this machine, whole path, where uploads are looked for; empty: none
    std::optional<bool> token;          ///< over HTTP a token with the role upload is asked for, too
    std::optional<std::vector<std::string>> distributions;  ///< that an upload may be for beside the suite
    publisher who;
};
result<pockets::pocket> set_intake(engine& e, const intake_options& options);

/// A file that is on its way here over HTTP. Its bytes are appended; a file that is not finished is removed.
class upload_in_progress {
public:
    virtual ~upload_in_progress() = default;
    virtual result<void> append(std::string_view bytes) = 0;
};

/// What is answered: `status` as in HTTP, and a line for people.
struct upload_answer {
    int status = 200;
    std::string text;
};
upload_answer answer_of(const error& why);

struct upload_request {
    std::string path;  ///< "ARCHIVE/SUITE/FILE"
    std::uint64_t size = 0;
    bool has_token = false;  ///< of the role upload, or more
};
/// `absent`: no such pocket; `refused`: it takes no uploads; `bad_config`: it asks for a token; `malformed` for a name
/// that cannot be one of an upload's; `too_large` and `full` over the limits (a file 8 GiB, a .changes 1 MiB; all that
/// waits for a pocket 32 GiB and 10,000 files). What has waited for a day is removed first.
result<std::shared_ptr<upload_in_progress>> begin_upload(engine& e, const upload_request& request);
/// The file is whole. When with it an upload is (its .changes has arrived, is signed by an uploader, and every file
/// that it lists is there and right), it is included and published at once; or refused, and removed. 201: kept until
/// then; 202: a .changes that waits for files.
upload_answer finish_upload(engine& e, const std::shared_ptr<upload_in_progress>& file);

/// What became of the last uploads (100), the last first, and those that wait.
struct upload_row {
    sys_seconds when{};
    std::string changes;  ///< the file's name
    std::string state;    ///< "accepted", "rejected", "waiting"
    std::string by;       ///< "key FINGERPRINT user id"; empty where no uploader's signature was found
    std::string text;     ///< why, for what, or what is missing
};
struct upload_list {
    std::string pocket;
    std::vector<upload_row> uploads;
};
result<upload_list> list_uploads(engine& e, const std::string& pocket);

// ---- overrides

struct override_options {
    std::string pocket;
    std::string package;  ///< of binary packages, or "src:NAME"
    bool clear = false;   ///< nothing is said of it any more: as the package itself says
    std::optional<std::string> section, priority;
    std::optional<unsigned> phased;  ///< 0 to 100
    publisher who;
};
/// What the pocket says of a package: put into what stands there now, with one publication, and into what comes. What
/// is not given stays as it is said already.
result<publication_report> set_override(engine& e, const override_options& options);

std::string to_json(const upload_list&);

}  // namespace larder::net
