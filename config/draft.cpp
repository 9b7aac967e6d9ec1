#include "checks.hpp"
#include "format.hpp"
#include "naming.hpp"
#include <algorithm>
#include <larder/base/text.hpp>
#include <larder/config/draft.hpp>
#include <larder/core/address.hpp>
#include <larder/core/url.hpp>
#include <map>
#include <set>

namespace larder::config {
namespace {

using texts = std::vector<std::string>;

void add_new(texts& to, const std::string& what) {
    if (std::find(to.begin(), to.end(), what) == to.end()) to.push_back(what);
}
void add_new(texts& to, const texts& what) {
    for (const auto& w : what) add_new(to, w);
}

/// "http://user:secret@host/x" in its parts; apt decodes both.
struct credentials {
    std::string user, password;
};
std::string without_credentials(const std::string& uri, credentials& out) {
    const auto start = uri.find("://");
    if (start == std::string::npos) return uri;
    const auto end = std::min(uri.find_first_of("/?#", start + 3), uri.size());
    const auto at = uri.rfind('@', end);
    if (at == std::string::npos || at < start + 3) return uri;
    const auto login = uri.substr(start + 3, at - start - 3);
    const auto colon = std::min(login.find(':'), login.size());
    const auto decoded = [](const std::string& text) {
        return percent_decode(text).has_value() ? *percent_decode(text) : text;
    };
    out.user = decoded(login.substr(0, colon));
    if (colon < login.size()) out.password = decoded(login.substr(colon + 1));
    return uri.substr(0, start + 3) + uri.substr(at + 1);
}

/// Nothing but printable ASCII: what came out of a percent-encoding may be no UTF-8, which TOML is.
bool is_plain(std::string_view text) {
    return std::all_of(text.begin(), text.end(), [](char c) { return c >= 0x20 && c < 0x7f; });
}

/// One [[archive]] to be.
struct plan {
    texts upstream, suites, components, architectures, keyring, inline_keys, from;
    credentials login;
    bool own_architectures = false;  ///< a source named none
    bool check_valid_until = true;
};

class drafter {
public:
    explicit drafter(const draft_input& in) : in_{in} {
        for (const auto& address : in.own_addresses)
            if (const auto parsed = core::parse_address(address)) own_.push_back(*parsed);
        // "*:3142", "192.0.2.1:3142", "[::1]:3142"
        const auto listen = check_listen(in.listen);
        if (!listen) return;
        const auto colon = listen->rfind(':');
        port_ = std::stoul(listen->substr(colon + 1));
        auto host = listen->substr(0, colon);
        if (host.starts_with('[')) host = host.substr(1, host.size() - 2);
        if (const auto parsed = core::parse_address(host)) own_.push_back(*parsed);
    }

    draft_result make() {
        for (const auto& s : in_.sources) take(s);
        std::string archives;
        for (const auto& key : order_) archives += archive(plans_.at(key));
        out_.text = head() + archives;
        if (out_.archives == 0) {
            out_.text +=
                "\n# No source of this machine's apt could be taken over; an archive looks like this:\n"
                "#[[archive]]\n#name = \"debian\"\n#upstream = [\"http://archive.example/debian\"]\n"
                "#keyring = [\"/usr/share/keyrings/debian-archive-keyring.gpg\"]\n#suites = [\"bookworm\"]\n";
        }
        return std::move(out_);
    }

private:
    void note(const std::string& text) { out_.notes.push_back(text); }

    void take(const apt_source& s) {
        credentials login;
        const auto url = check_url(without_credentials(s.uri, login));
        if (!url) return note(s.where + ": " + url.error().detail() + "; left out");
        if (is_larder_itself(*url)) return note(s.where + ": that is this server itself; left out");
        const auto keyring = keyring_of(s);
        if (keyring.empty() && s.inline_key.empty())
            return note(s.where + ": no keyring to verify '" + *url + "' with; left out");
        texts suites;
        for (const auto& suite : s.suites) {
            if (const auto good = check_suite(suite))
                suites.push_back(*good);
            else
                note(s.where + ": " + good.error().detail());
        }
        if (suites.empty()) return note(s.where + ": no suite that could be used; left out");
        auto& p = plan_for(*url);
        add_new(p.upstream, *url);
        add_new(p.suites, suites);
        add_valid(p.components, s.components, check_component, s.where);
        add_valid(p.architectures, s.architectures, check_architecture, s.where);
        add_new(p.keyring, keyring);
        if (!s.inline_key.empty()) add_new(p.inline_keys, s.inline_key);
        add_new(p.from, s.where);
        if (!login.user.empty() && is_plain(login.user) && check_user(login.user))
            p.login = login;
        else if (!login.user.empty())
            note(s.where + ": the user name in the URL cannot be taken over");
        p.own_architectures = p.own_architectures || s.architectures.empty();
        p.check_valid_until = p.check_valid_until && s.check_valid_until && in_.check_valid_until;
    }

    void add_valid(texts& to, const texts& from, result<std::string> (*judge)(std::string_view),
                   const std::string& where) {
        for (const auto& text : from) {
            if (const auto good = judge(text))
                add_new(to, *good);
            else
                note(where + ": " + good.error().detail());
        }
    }

    /// http and https of the same address are one archive.
    plan& plan_for(const std::string& url) {
        const auto key = url.substr(url.find("://"));
        const auto [at, fresh] = plans_.try_emplace(key);
        if (fresh) order_.push_back(key);
        return at->second;
    }

    /// Paths count as they are; for fingerprints apt looks through all it trusts, and so do we, without
    /// the narrowing: hence the note.
    texts keyring_of(const apt_source& s) {
        if (s.signed_by.empty()) return s.inline_key.empty() ? in_.trusted_keyrings : texts{};
        texts paths;
        for (const auto& key : s.signed_by) {
            if (const auto path = check_path(key); path && is_plain(*path)) {
                if (!in_.is_file || in_.is_file(*path))
                    add_new(paths, *path);
                else
                    note(s.where + ": the keyring " + printable(key) + " is not there");
            } else {
                add_new(paths, in_.trusted_keyrings);
                note(s.where + ": Signed-By names the key " + printable(key, 60) +
                     "; all keys that apt trusts are taken in its place, narrow the keyring by hand");
            }
        }
        return paths;
    }

    bool is_here(std::string_view address) const {
        const auto parsed = core::parse_address(address);
        if (!parsed) return false;
        const auto kind = core::classify(*parsed);
        return kind == core::address_class::loopback || kind == core::address_class::unspecified ||
               std::find(own_.begin(), own_.end(), *parsed) != own_.end();
    }

    /// By its port and by every way to say "this machine": whatever leads back here would make Larder its
    /// own client.
    bool is_larder_itself(const std::string& text) const {
        const auto url = core::parse_url(text);
        if (!url || url->port != port_) return false;
        if (url->host == "localhost" || url->host.ends_with(".localhost") || is_here(url->host)) return true;
        if (!in_.resolve || core::parse_address(url->host)) return false;
        const auto addresses = in_.resolve(url->host);
        return std::any_of(addresses.begin(), addresses.end(), [this](const auto& a) { return is_here(a); });
    }

    std::string archive(const plan& p) {
        const auto name = name_for(p.upstream.front(), names_);
        auto keyring = p.keyring;
        for (std::size_t i = 0; i < p.inline_keys.size(); ++i) {
            const auto number = i == 0 ? "" : "-" + std::to_string(i + 1);
            const auto path = in_.folder + "/keyrings/" + name + number + ".asc";
            out_.files.push_back({path, p.inline_keys[i], 0644});
            keyring.push_back(path);
        }
        auto architectures = p.own_architectures ? in_.architectures : texts{};
        add_new(architectures, p.architectures);

        std::string from;
        for (const auto& where : p.from) from += (from.empty() ? "" : ", ") + where;
        std::string text = "\n# From " + printable(from, 200) + "\n[[archive]]\n";
        const auto line = [&text](const char* key, const std::string& value) {
            text += std::string{key} + " = " + value + "\n";
        };
        line("name", to_text(name));
        line("upstream", to_text(p.upstream));
        line("keyring", to_text(keyring));
        line("suites", to_text(p.suites));
        if (!p.components.empty()) line("components", to_text(p.components));
        if (!architectures.empty()) line("architectures", to_text(architectures));
        if (!p.login.user.empty()) {
            const auto path = in_.folder + "/secrets/" + name + ".password";
            out_.files.push_back({path, p.login.password + "\n", 0600});
            line("user", to_text(p.login.user));
            line("password_file", to_text(path));
        }
        if (!p.check_valid_until) {
            text += "# apt on this machine does not check Valid-Until here.\n";
            line("check_valid_until", "false");
        }
        ++out_.archives;
        return text;
    }

    std::string head() {
        std::string text =
            "# larder.toml, made from this machine's apt sources. Every setting has a default; all of them are\n"
            "# explained by larder(8) and docs/configuration.md.\n\n"
            "[server]\n# \"*:3142\" serves the whole network.\nlisten = [" +
            quote(in_.listen) + "]\n";
        text += "admin_socket = " + quote(in_.admin_socket) + "\n";
        text += "\n[store]\npath = " + quote(in_.store_path) +
                "\n# Of what nothing pins; what is pinned is never removed.\nmax_cache_size = " +
                to_text(core::store_options{}.max_cache_size) + "\n";
        return text + upstream();
    }

    std::string upstream() {
        std::string text;
        if (const auto proxy = parent_proxy(); !proxy.empty())
            text += "# The proxy that apt on this machine uses.\nproxy = " + quote(proxy) + "\n";
        texts networks;
        std::string why;
        std::set<std::string> hosts;
        for (const auto& key : order_)
            for (const auto& url : plans_.at(key).upstream) hosts.insert(host_of(url));
        for (const auto& host : hosts) {
            const auto closed = private_addresses(host);
            if (closed.empty()) continue;
            why += (why.empty() ? "" : ", ") + host;
            add_new(networks, closed);
        }
        if (!networks.empty())
            text += "# " + why +
                    ": only at these addresses as seen from here, which are not public. Other such addresses\n"
                    "# are refused; write a wider range (\"10.0.0.0/8\") if theirs may change.\n"
                    "private_networks = " +
                    to_text(networks) + "\n";
        return text.empty() ? text : "\n[upstream]\n" + text;
    }

    std::string parent_proxy() {
        if (in_.proxy.empty()) return {};
        const auto url = check_proxy(in_.proxy);
        if (!url) {
            note("Acquire::http::Proxy: " + url.error().detail() + "; left out");
            return {};
        }
        if (is_larder_itself(*url)) {
            note("Acquire::http::Proxy is this server itself; left out");
            return {};
        }
        return *url;
    }

    static std::string host_of(const std::string& url) {
        auto host = url.substr(url.find("://") + 3);
        host = host.substr(0, host.find('/'));
        const auto colon = host.rfind(':');
        if (colon != std::string::npos && host.find(']', colon) == std::string::npos) host.resize(colon);
        return host;
    }

    /// None for a host that has a public address, or that is an address or "localhost" itself: what the
    /// configuration names literally is allowed by that.
    texts private_addresses(const std::string& host) {
        if (!in_.resolve || host == "localhost" || host.starts_with('[') || check_cidr(host)) return {};
        texts ranges;
        const auto addresses = in_.resolve(host);
        if (addresses.empty()) note(host + ": cannot be resolved from here now");
        for (const auto& address : addresses) {
            const auto parsed = core::parse_address(address);
            if (parsed && core::classify(*parsed) == core::address_class::public_) return {};
            if (const auto range = check_cidr(address)) add_new(ranges, *range);
        }
        std::sort(ranges.begin(), ranges.end());
        return ranges;
    }

    const draft_input& in_;
    std::vector<core::ip_address> own_;
    unsigned long port_ = 0;  ///< of `listen`; 0 is no URL's
    draft_result out_;
    std::map<std::string, plan> plans_;
    texts order_;
    std::set<std::string> names_;
};

}  // namespace

draft_result draft(const draft_input& in) { return drafter{in}.make(); }

}  // namespace larder::config
