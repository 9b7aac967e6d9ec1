#pragma once

#include <initializer_list>
#include <larder/core/options.hpp>
#include <memory>
#include <string_view>
#include <utility>

namespace larder::net {

enum class log_level { debug, info, warn, error };

/// Structured logs: one sentence and its fields ("archive=debian suite=bookworm"). To stderr as one
/// line, or to journald with each field under its own name (LARDER_ARCHIVE=…). Thread-safe.
class logger {
public:
    using field = std::pair<std::string_view, std::string_view>;

    virtual ~logger() = default;
    virtual void write(log_level level, std::string_view sentence, std::initializer_list<field> fields = {}) = 0;
    virtual bool wants(log_level level) const noexcept = 0;
    virtual void set_level(log_level level) noexcept = 0;
};

/// `target` auto: journald when systemd connected stderr to it ($JOURNAL_STREAM), else stderr.
std::unique_ptr<logger> make_logger(const core::log_options& options);

}  // namespace larder::net
