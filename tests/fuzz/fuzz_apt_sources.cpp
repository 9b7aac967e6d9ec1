#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <larder/config/draft.hpp>
#include <larder/config/load.hpp>
#include <string_view>

/// Whatever apt's files hold, the draft made of it is a configuration that parses.
extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    using namespace larder;
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    config::draft_input in;
    auto read = config::parse_one_line(text, "f.list", "amd64");
    read.add(config::parse_deb822(text, "f.sources", "amd64"));
    in.sources = read.sources;
    in.trusted_keyrings = {"/k.gpg"};
    in.architectures = {"amd64"};
    in.resolve = [](const std::string& host) {
        return host.size() % 2 == 0 ? std::vector<std::string>{"10.0.0.1"} : std::vector<std::string>{};
    };
    const auto made = config::draft(in);
    const auto parsed = config::parse(made.text, "draft.toml", config::file_check::off);
    if (!parsed || parsed->archives.size() != made.archives) std::abort();
    config::parse_apt_config(text);
    return 0;
}
