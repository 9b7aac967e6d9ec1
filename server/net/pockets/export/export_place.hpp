#pragma once

#include "pockets/export/export_record.hpp"
#include "pockets/export/plain_tree.hpp"
#include <larder/net/pocket_export.hpp>
#include <memory>
#include <stop_token>

namespace larder::net::publishing {

/// Where a tree is written to. One thread; blocks. A file appears whole under its path, or not at all.
class export_place {
public:
    virtual ~export_place() = default;

    /// What was noted there; nothing in a place that is empty. `refused` for one that is something else.
    virtual result<std::optional<export_record>> read_record() = 0;
    /// In one step, durably.
    virtual result<void> write_record(const export_record& record) = 0;

    /// Tells the file that is there from any other that may come to be there; empty: there is none.
    virtual result<std::string> stamp_of(const std::string& path) = 0;
    /// Its stamp, when the file that is there has these bytes, by looking at them; else empty.
    virtual result<std::string> find(const std::string& path, const tree_file& file) = 0;

    /// Writes it, or what takes its place; its stamp. That it is durable only settle() says.
    virtual result<std::string> put(const std::string& path, const tree_file& file) = 0;
    virtual result<void> settle() = 0;
    /// One that is not there is fine.
    virtual result<void> remove(const std::string& path) = 0;
};

/// A folder of this machine, which is made where it is not there. Nobody else exports into it as long as this lives.
result<std::unique_ptr<export_place>> open_folder(engine& e, const pocket_export_options& options);

/// The same below a prefix of a bucket, whose options say that it is one.
bool is_bucket(const pocket_export_options& options);
result<std::unique_ptr<export_place>> open_bucket(engine& e, const pocket_export_options& options,
                                                  std::stop_token stop);

}  // namespace larder::net::publishing
