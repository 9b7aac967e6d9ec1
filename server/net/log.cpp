#include <larder/base/text.hpp>
#include <larder/net/log.hpp>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>
#define SD_JOURNAL_SUPPRESS_LOCATION
#include <atomic>
#include <cstdlib>
#include <sys/uio.h>
#include <syslog.h>
#include <systemd/sd-journal.h>

namespace larder::net {
namespace {

log_level parse_level(std::string_view name) {
    if (name == "debug") return log_level::debug;
    if (name == "warn") return log_level::warn;
    if (name == "error") return log_level::error;
    return log_level::info;
}

/// Values with spaces or quotes are quoted, so that a line can be taken apart again.
std::string quoted(std::string_view value) {
    auto text = printable(value, 1000);
    if (!text.empty() && text.find_first_of(" \"=") == std::string::npos) return text;
    std::string out{'"'};
    for (const char c : text) {
        if (c == '"' || c == '\\') out += '\\';
        out += c;
    }
    return out + '"';
}

class levelled : public logger {
public:
    explicit levelled(log_level least) : least_{least} {}
    bool wants(log_level level) const noexcept override { return level >= least_.load(std::memory_order_relaxed); }
    void set_level(log_level level) noexcept override { least_.store(level, std::memory_order_relaxed); }

private:
    std::atomic<log_level> least_;
};

class stderr_logger final : public levelled {
public:
    explicit stderr_logger(log_level least)
        : levelled{least}, out_{"larder", std::make_shared<spdlog::sinks::stderr_sink_mt>()} {
        out_.set_pattern("%Y-%m-%dT%H:%M:%S.%e %l %v");
        out_.set_level(spdlog::level::trace);
        out_.flush_on(spdlog::level::trace);
    }

    void write(log_level level, std::string_view sentence, std::initializer_list<field> fields) override {
        if (!wants(level)) return;
        std::string line = printable(sentence, 2000);
        for (const auto& [name, value] : fields) line += " " + std::string{name} + "=" + quoted(value);
        switch (level) {
            case log_level::debug: return out_.debug(line);
            case log_level::info: return out_.info(line);
            case log_level::warn: return out_.warn(line);
            case log_level::error: return out_.error(line);
        }
    }

private:
    spdlog::logger out_;
};

class journal_logger final : public levelled {
public:
    using levelled::levelled;

    void write(log_level level, std::string_view sentence, std::initializer_list<field> fields) override {
        if (!wants(level)) return;
        std::vector<std::string> lines{"MESSAGE=" + printable(sentence, 2000),
                                       "PRIORITY=" + std::to_string(priority(level)), "SYSLOG_IDENTIFIER=larder"};
        for (const auto& [name, value] : fields) {
            std::string key = "LARDER_";
            for (const char c : name) key += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
            lines.push_back(key + "=" + printable(value, 2000));
        }
        std::vector<iovec> parts;
        for (auto& line : lines) parts.push_back({line.data(), line.size()});
        sd_journal_sendv(parts.data(), static_cast<int>(parts.size()));
    }

private:
    static int priority(log_level level) {
        switch (level) {
            case log_level::debug: return LOG_DEBUG;
            case log_level::info: return LOG_INFO;
            case log_level::warn: return LOG_WARNING;
            case log_level::error: return LOG_ERR;
        }
        return LOG_INFO;
    }
};

}  // namespace

std::unique_ptr<logger> make_logger(const core::log_options& options) {
    const bool journal =
        options.target == "journald" || (options.target == "auto" && std::getenv("JOURNAL_STREAM") != nullptr);
    const auto least = parse_level(options.level);
    if (journal) return std::make_unique<journal_logger>(least);
    return std::make_unique<stderr_logger>(least);
}

}  // namespace larder::net
