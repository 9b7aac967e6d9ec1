#include "deployments/follow.hpp"
#include "deployments/contents.hpp"
#include "maintenance/downloads.hpp"
#include "rescue.hpp"
#include <algorithm>
#include <future>
#include <larder/base/text.hpp>

// A deployment taken over from a peer: its head, what the head names by its hash, and what that names.

namespace larder::net {
namespace pinning {
namespace {

using namespace std::chrono_literals;
using deployments::bundle_head;
using deployments::following;

/// By how much a peer's clock may be ahead.
constexpr auto most_ahead = 1h;

std::string note_name(const std::string& deployment) { return "followed/" + deployment; }

/// A base URL in its one form.
result<std::string> clean_url(const std::string& text) {
    const auto url = core::parse_url(text);
    if (!url) return error{errc::bad_config, "the peer's URL: " + url.error().detail()};
    auto out = core::to_string(*url);
    if (out.find('?') != std::string::npos)
        return error{errc::bad_config, "the peer's URL '" + printable(text, 300) + "' has a query; write the base URL"};
    while (out.ends_with('/')) out.pop_back();
    return out;
}

/// What the peer's answer means for whoever asked.
error explained(const error& why, const std::string& name) {
    const auto said = [&why](const char* status) { return why.detail().find(status) != std::string::npos; };
    if (said("answered 401") || said("answered 403"))
        return {errc::refused,
                "it wants a token of its API with the role read (there: larder token new NAME --role "
                "read; here: --token-file FILE)"};
    if (why.code() == errc::absent) return {errc::absent, "it has no deployment '" + name + "'"};
    return why;
}

result<std::string> ask(engine& e, const std::shared_ptr<mirror_group>& peer, const std::string& path,
                        std::uint64_t limit, const std::stop_token& stop) {
    auto work = e.parts().hub.ask(peer, path, std::nullopt, limit, {});
    auto ended = asio::co_spawn(e.parts().loop, std::move(work), asio::use_future);
    while (ended.wait_for(100ms) != std::future_status::ready)
        if (stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
    auto got = ended.get();
    if (!got && got.error().code() == errc::absent) return error{errc::absent, "it does not have " + path};
    if (!got) return got.error();
    return std::move(got->body);
}

/// That the peer does not show less than it did, or than is here.
result<void> is_no_older(engine& e, const bundle_head& head, const std::optional<followed>& before) {
    if (before && head.made < before->peer.made)
        return error{errc::refused, "it shows what it had signed on " + format_timestamp(head.made) +
                                        ", and what it signed on " + format_timestamp(before->peer.made) +
                                        " is here already: an older copy of it answers, or somebody between"};
    // Once taken, nothing that it signs with its clock set right would be new.
    if (head.made > e.clock().now() + most_ahead)
        return error{errc::refused, "it says that it signed this on " + format_timestamp(head.made) +
                                        ", which is yet to come: its clock is wrong, or this machine's"};
    const auto there = registry_of(e).find(head.deployment);
    if (!there && there.error().code() == errc::absent) return {};
    if (!there) return there.error();
    if (there->head > head.generation)
        return error{errc::refused, "it has generations up to " + std::to_string(head.generation) +
                                        ", and generation " + std::to_string(there->head) + " is here already"};
    return {};
}

/// Fetches what is not here; the first thing that cannot be had ends it.
result<void> bring(engine& e, adoption& into, const std::shared_ptr<mirror_group>& peer, follow_report& report,
                   const course& of) {
    std::vector<fetch_order> orders;
    for (const auto& one : into.list().objects) {
        if (of.stop.stop_requested()) return error{errc::cancelled, "stopped on request"};
        LARDER_TRY(const auto here, into.keeps(one));
        if (!here) orders.push_back(fetch_order{one.content, one.size, {object_path(one.content)}, peer});
    }
    std::stop_source enough;
    const std::stop_callback chain{of.stop, [&enough] { enough.request_stop(); }};
    std::optional<error> failure;
    const auto ended = [&](std::size_t i, const result<void>& how) {
        if (how) {
            ++report.fetched;
            report.fetched_bytes += orders[i].size;
        } else if (!failure) {
            failure = how.error();
            enough.request_stop();
        }
    };
    const auto done =
        maintenance::download(e, orders, "fetching from " + report.url, ended, of.tell, enough.get_token());
    if (failure) return *failure;
    return done;
}

/// What it follows now: while objects came somebody may have said that it is to follow another, or nobody.
result<std::optional<followed>> still_followed(engine& e, const std::string& name,
                                               const std::optional<followed>& before) {
    LARDER_TRY(auto now, followed_by(e.store().refs(), name));
    if (before && (!now || now->peer.url != before->peer.url))
        return error{errc::conflict, "deployment '" + name + "' follows it no more"};
    return now;
}

result<void> take(engine& e, const visit& to, const std::optional<followed>& before, adoption& into,
                  const std::shared_ptr<mirror_group>& peer, follow_report& report, const course& of) {
    LARDER_TRY(const auto list, ask(e, peer, object_path(into.head().list), most_list, of.stop));
    LARDER_CHECK(into.take_list(list));
    LARDER_CHECK(bring(e, into, peer, report, of));
    if (!to.once) {
        LARDER_TRY(const auto still, still_followed(e, to.name, before));
        const following now{to.url, to.token_file, into.head().made};
        into.also({deployments::following_ref(to.name), still ? still->version : 0, now.write()});
    }
    LARDER_TRY(report.taken, into.adopt());
    return {};
}

}  // namespace

result<std::optional<followed>> followed_by(const store::ref_store& refs, const std::string& name) {
    LARDER_TRY(const auto ref, refs.get(deployments::following_ref(name)));
    if (!ref) return std::optional<followed>{};
    LARDER_TRY(auto peer, following::read(ref->value));
    return std::optional{followed{std::move(peer), ref->version}};
}

result<std::shared_ptr<mirror_group>> peer_at(engine& e, const std::string& url, const std::string& token_file) {
    const auto routes = e.routes();
    auto file = token_file;
    for (const auto& peer : routes->options.peers)
        if (file.empty() && peer.url == url) file = peer.token_file;
    return make_peer_group(url, file, routes->elsewhere->addresses());
}

result<std::optional<follow_report>> pay(engine& e, const visit& to, const course& of, digest& taken_as) {
    follow_report report;
    report.url = to.url;
    report.following = !to.once;
    LARDER_TRY(const auto peer, peer_at(e, to.url, to.token_file));
    LARDER_TRY(const auto before, followed_by(e.store().refs(), to.name));
    adoption_terms terms;
    terms.keyrings = to.keyrings;
    LARDER_TRY(const auto keys, e.store().refs().get(deployments::keys_ref(to.name)));
    if (keys) terms.known_keys = keys->value;
    terms.what = "follow";
    terms.source = "the peer's deployment";
    terms.who = to.who;
    terms.settings = deployments::settings_of::there;
    terms.look = look_at::name;
    terms.tell = to.known ? journal_of::what_is_new : journal_of::all;
    adoption into{e, std::move(terms), of};
    of.tell({"asking " + to.url, 0, 0});
    const auto head = ask(e, peer, "api/v1/deployments/" + to.name + "/bundle-head", most_head, of.stop);
    if (!head) return explained(head.error(), to.name).in(to.url);
    if (auto good = into.take_head(*head); !good) return good.error().in(to.url);
    if (into.head().deployment != to.name)
        return error{errc::refused,
                     to.url + ": asked for deployment '" + to.name + "' it shows '" + into.head().deployment + "'"};
    if (auto good = is_no_older(e, into.head(), before); !good) return good.error().in(to.url);
    taken_as = into.head().identity();
    if (to.known == taken_as) return std::optional<follow_report>{};
    if (auto taken = take(e, to, before, into, peer, report, of); !taken) return taken.error().in(to.url);
    return std::optional{std::move(report)};
}

void note_visit(engine& e, const std::string& name, const std::optional<error>& trouble) {
    const auto before = following_status_of(e, name);
    const auto when = trouble ? before.asked : std::optional{e.clock().now()};
    const auto text = (when ? format_timestamp(*when) : std::string{"-"}) + "\n" +
                      (trouble ? printable(trouble->detail(), 500) : std::string{});
    // For people only: what could not be noted is in the log as well.
    if (const auto noted = e.store().known().put_note(note_name(name), text); !noted)
        e.log().write(log_level::warn, noted.error().message(), {{"deployment", name}});
}

follow_status following_status_of(engine& e, const std::string& name) {
    follow_status status;
    if (const auto peer = followed_by(e.store().refs(), name); peer && *peer) status.url = (*peer)->peer.url;
    const auto note = e.store().known().get_note(note_name(name));
    if (!note || !*note) return status;
    const auto parts = split(**note, '\n');
    if (const auto when = parse_timestamp(parts[0])) status.asked = *when;
    if (parts.size() > 1) status.trouble = parts[1];
    return status;
}

std::optional<follow_status> follows_whom(engine& e, const std::string& name) {
    auto status = following_status_of(e, name);
    if (status.url.empty()) return {};
    return status;
}

}  // namespace pinning

using namespace pinning;

result<follow_report> follow_deployment(engine& e, const follow_options& options, const progress_sink& tell,
                                        std::stop_token stop) {
    LARDER_CHECK(deployments::check_name(options.name));
    if (!options.token_file.empty() && !options.token_file.starts_with('/'))
        return error{errc::bad_config, "the file of the peer's token is named with its whole path"};
    LARDER_TRY(const auto before, followed_by(e.store().refs(), options.name));
    if (options.url.empty() && !before)
        return error{errc::bad_config, "deployment '" + options.name + "' follows nobody yet: name the peer's URL"};
    visit to;
    to.name = options.name;
    LARDER_TRY(to.url, clean_url(options.url.empty() ? before->peer.url : options.url));
    to.token_file = options.token_file;
    if (to.token_file.empty() && before && before->peer.url == to.url) to.token_file = before->peer.token_file;
    to.keyrings = options.keyrings;
    to.once = options.once;
    to.who = options.who;
    const course of{tell, stop};
    digest taken_as;
    LARDER_TRY(auto report, pay(e, to, of, taken_as));
    if (!options.once) note_visit(e, options.name, {});
    return std::move(*report);
}

result<deployments::deployment> unfollow_deployment(engine& e, const std::string& name, const signed_for& who) {
    LARDER_TRY(auto d, registry_of(e).find(name));
    LARDER_TRY(const auto before, followed_by(e.store().refs(), name));
    if (!before) return error{errc::refused, "deployment '" + name + "' follows nobody"};
    LARDER_CHECK(e.store().refs().change({{deployments::following_ref(name), before->version, std::nullopt}}));
    LARDER_CHECK(record(e, {0, {}, e.clock().now(), "deployment-unfollow", name, who.by, who.reason}));
    return d;
}

result<std::string> bundle_head_of(engine& e, const deployments::deployment& d, std::stop_token stop) {
    if (d.removed) return error{errc::absent, "deployment '" + d.name + "' was removed"};
    const progress_sink quiet = [](const progress&) {};
    const course of{quiet, stop};
    contents all{e};
    LARDER_CHECK(all.collect(d, of));
    const auto list = all.list().write();
    // Nothing names it but the head: it stays as long as what is used lately does.
    LARDER_TRY(const auto content, e.store().objects().put(list, e.clock().now()));
    e.store().known().used(content, e.clock().now());
    return signed_head(e, head_of(e, d, all, list));
}

}  // namespace larder::net
