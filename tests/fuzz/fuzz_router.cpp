// Whatever the target says, a route's path stays below its archive, and nobody else's host is reached.
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <larder/base/text.hpp>
#include <larder/core/http_head.hpp>
#include <larder/core/options.hpp>
#include <larder/core/router.hpp>
#include <string>

using namespace larder::core;

namespace {

void require(bool holds) {
    if (!holds) std::abort();
}

router make() {
    options o;
    o.archives.resize(2);
    o.archives[0].name = "debian";
    o.archives[0].upstream = {"http://deb.example/debian", "http://127.0.0.1:8001/debian"};
    o.archives[1].name = "secure";
    o.archives[1].upstream = {"https://tls.example"};
    o.server.connect_allow = {"tls.example:443"};
    const std::vector<std::string> own{"larder.example"};
    return *router::make(o, own);
}

void below(const std::string& path) {
    if (path.empty()) return;
    const auto clean = larder::clean_path(path);
    require(clean && *clean == path);
}

struct check {
    void operator()(const archive_file& r) const {
        require(r.archive < 2);
        below(r.path);
    }
    void operator()(const snapshot_file& r) const {
        require(r.archive < 2);
        below(r.path);
        below(r.when);
        require(r.when.find('/') == std::string::npos);
    }
    void operator()(const deployment_file& r) const {
        require(r.archive < 2);
        below(r.path);
        below(r.name);
        require(r.name.find('/') == std::string::npos);
    }
    void operator()(const deployment_page& r) const {
        for (const auto& part : {r.name, r.file}) {
            below(part);
            require(part.find('/') == std::string::npos);
        }
    }
    void operator()(const image_file& r) const { below(r.path); }
    void operator()(const api_call& r) const { below(r.path); }
    void operator()(const page& r) const { below(r.path); }
    void operator()(const key_file& r) const {
        below(r.name);
        require(r.name.find('/') == std::string::npos);
    }
    void operator()(const metrics&) const {}
    void operator()(const healthz&) const {}
    void operator()(const connect& r) const { require(r.host == "tls.example" && r.port == 443); }
    void operator()(const not_configured& r) const {
        require((r.status == 403 || r.status == 404) && r.why.find_first_of("\r\n") == std::string::npos);
    }
    void operator()(const refuse& r) const { require(r.status >= 400 && !r.why.empty()); }
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    static const router route_of = make();
    const std::string text{reinterpret_cast<const char*>(data), size};
    const auto line = text.substr(0, text.find('\n'));
    for (const std::string verb : {"GET ", "POST ", "CONNECT "}) {
        const auto request = verb + line + " HTTP/1.1\r\nHost: larder.example\r\n\r\n";
        request_head head;
        parse_fault why;
        if (parse_head(request, head, why) != head_state::complete) continue;
        std::visit(check{}, route_of(head));
    }
    (void)query_value(text, "a");
    return 0;
}
