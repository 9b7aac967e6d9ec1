#include <algorithm>
#include <iterator>
#include <larder/base/number.hpp>
#include <larder/base/text.hpp>
#include <larder/deployments/following.hpp>
#include <larder/deployments/registry.hpp>

namespace larder::deployments {
namespace {

/// A manifest is a few lines; with a thousand suites it is far below this.
constexpr std::uint64_t most_manifest = 1 << 20;

error none(std::string_view name) {
    return {errc::absent, "no deployment is called '" + printable(name, 110) + "'; larder deployment list shows all"};
}

error taken(std::string_view name) {
    return {errc::conflict, "deployment '" + std::string{name} + "' was changed meanwhile; look at it again"};
}

error odd(std::string_view field) {
    return {errc::malformed, "a deployment's ref: its " + std::string{field} + " cannot be read"};
}

result<void> take_field(deployment& d, std::string_view name, std::string_view value) {
    if (name == "Head") {
        d.head = number_in(value).value_or(0);
        if (d.head == 0) return odd(name);
    } else if (name == "Generation") {
        LARDER_TRY(d.generation, digest::from_hex(value));
    } else if (name == "Hold") {
        const auto mode = parse_hold_mode(value);
        if (!mode) return odd(name);
        d.hold = *mode;
    } else if (name == "Token") {
        d.token = value;
    } else if (name == "On-First-Use") {
        for (const auto word : words(value)) d.on_first_use.emplace_back(word);
    } else if (name == "Removed") {
        LARDER_TRY(d.removed, parse_timestamp(value));
    } else if (name == "Forget-After") {
        LARDER_TRY(d.forget_after, parse_timestamp(value));
    } else if (name == "Larder-Deployment" && value != "1") {
        return error{errc::unsupported, "a deployment of format " + printable(value, 20) + ": a newer Larder made it"};
    }
    return {};
}

}  // namespace

std::string deployment::write() const {
    std::string out = "Larder-Deployment: 1\nHead: " + std::to_string(head) + "\nGeneration: " + generation.hex() +
                      "\nHold: " + std::string{to_string(hold)} + "\n";
    if (!token.empty()) out += "Token: " + token + "\n";
    if (!on_first_use.empty()) out += "On-First-Use: " + joined(on_first_use) + "\n";
    if (removed) out += "Removed: " + format_timestamp(*removed) + "\n";
    if (forget_after) out += "Forget-After: " + format_timestamp(*forget_after) + "\n";
    return out;
}

result<deployment> deployment::read(std::string_view text) {
    deployment d;
    for (const auto line : split(text, '\n')) {
        if (line.empty()) continue;
        const auto colon = line.find(':');
        if (colon == std::string_view::npos)
            return error{errc::malformed, "a deployment's ref: a line without a colon"};
        LARDER_CHECK(take_field(d, line.substr(0, colon), trim(line.substr(colon + 1))));
    }
    if (d.head == 0) return odd("Head");
    return d;
}

std::string ref_of(std::string_view name) { return std::string{deployment_prefix} + std::string{name}; }

std::string ref_of(std::string_view name, std::uint64_t number) {
    const auto digits = std::to_string(number);
    return std::string{generation_prefix} + std::string{name} + "/" +
           std::string(digits.size() < 10 ? 10 - digits.size() : 0, '0') + digits;
}

result<std::vector<deployment>> registry::list() const {
    LARDER_TRY(const auto refs, refs_.list(deployment_prefix));
    std::vector<deployment> all;
    for (const auto& [name, ref] : refs) {
        auto one = deployment::read(ref.value);
        if (!one) return one.error().in(name);
        one->name = name.substr(deployment_prefix.size());
        one->version = ref.version;
        all.push_back(std::move(*one));
    }
    return all;
}

result<deployment> registry::find(std::string_view name) const {
    if (!check_name(name)) return none(name);
    LARDER_TRY(const auto ref, refs_.get(ref_of(name)));
    if (!ref) return none(name);
    auto one = deployment::read(ref->value);
    if (!one) return one.error().in(ref_of(name));
    one->name = name;
    one->version = ref->version;
    return one;
}

result<digest> registry::id_of(std::string_view name, std::uint64_t number) const {
    if (!check_name(name)) return none(name);
    LARDER_TRY(const auto ref, refs_.get(ref_of(name, number)));
    if (!ref)
        return error{errc::absent,
                     "deployment '" + std::string{name} + "' has no generation " + std::to_string(number)};
    return digest::from_hex(ref->value);
}

result<generation> registry::load(std::string_view name, std::uint64_t number) const {
    LARDER_TRY(const auto id, id_of(name, number));
    const auto where = "generation " + std::to_string(number) + " of deployment '" + std::string{name} + "'";
    const auto text = objects_.read(id, most_manifest);
    if (!text) return text.error().in(where);
    auto made = generation::read(*text);
    if (!made) return made.error().in(where);
    if (made->deployment != name || made->number != number)
        return error{errc::malformed, where + ": its manifest is of generation " + std::to_string(made->number) +
                                          " of '" + printable(made->deployment, 110) + "'"};
    return made;
}

result<std::vector<generation>> registry::history(std::string_view name) const {
    LARDER_TRY(const auto d, find(name));
    std::vector<generation> all;
    for (std::uint64_t number = 1; number <= d.head; ++number) {
        // One that was given up has no ref any more.
        const auto id = id_of(name, number);
        if (!id && id.error().code() == errc::absent && number != d.head) continue;
        LARDER_TRY(auto one, load(name, number));
        all.push_back(std::move(one));
    }
    return all;
}

result<deployment> registry::create(const deployment& made, const generation& first) {
    LARDER_CHECK(check_name(made.name));
    auto now = made;
    now.head = first.number;
    LARDER_TRY(now.generation, objects_.put(first.write(), first.made));
    const auto changed =
        refs_.change({{ref_of(now.name), 0, now.write()}, {ref_of(now.name, first.number), 0, now.generation.hex()}});
    if (!changed && changed.error().code() == errc::conflict)
        return error{errc::conflict, "there is a deployment '" + now.name + "' already"};
    LARDER_CHECK(changed);
    now.version = 1;
    return now;
}

result<void> registry::may_change(std::string_view name) const {
    LARDER_TRY(const auto ref, refs_.get(following_ref(name)));
    if (!ref) return {};
    LARDER_TRY(const auto peer, following::read(ref->value));
    return error{errc::refused, "deployment '" + std::string{name} + "' follows " + peer.url +
                                    ": change it there, or let it go its own way first: larder deployment unfollow " +
                                    std::string{name}};
}

result<deployment> registry::append(const deployment& head, const generation& next) {
    LARDER_CHECK(may_change(head.name));
    auto now = head;
    now.head = next.number;
    LARDER_TRY(now.generation, objects_.put(next.write(), next.made));
    const auto changed = refs_.change(
        {{ref_of(now.name), head.version, now.write()}, {ref_of(now.name, next.number), 0, now.generation.hex()}});
    if (!changed && changed.error().code() == errc::conflict) return taken(now.name);
    LARDER_CHECK(changed);
    ++now.version;
    return now;
}

result<registry::adopted> registry::adopt(const deployment& made, const std::vector<digest>& generations,
                                          std::vector<store::ref_change> also, settings_of whose) {
    LARDER_CHECK(check_name(made.name));
    if (generations.empty()) return odd("Head");
    adopted out;
    out.now = made;
    out.now.head = 0;
    const auto there = find(made.name);
    if (!there && there.error().code() != errc::absent) return there.error();
    if (there) out.now = *there;
    const auto version = out.now.version;
    std::vector<store::ref_change> given_up;
    for (std::uint64_t number = 1; number <= generations.size(); ++number) {
        const auto& id = generations[number - 1];
        store::ref_change fresh{ref_of(made.name, number), 0, id.hex()};
        if (number > out.now.head) {
            also.push_back(std::move(fresh));
            ++out.added;
            continue;
        }
        const auto here = id_of(made.name, number);
        if (!here && here.error().code() != errc::absent) return here.error();
        if (here && *here != id) return taken(made.name);
        if (!here) {
            given_up.push_back(std::move(fresh));
            continue;
        }
        // Each names the one before: what is the same here says which those were that were given up.
        out.added += given_up.size();
        std::move(given_up.begin(), given_up.end(), std::back_inserter(also));
        given_up.clear();
    }
    const auto before = there ? there->write() : std::string{};
    if (whose == settings_of::there) {
        out.now.hold = made.hold;
        out.now.token = made.token;
        out.now.on_first_use = made.on_first_use;
    }
    if (generations.size() > out.now.head) {
        out.now.head = generations.size();
        out.now.generation = generations.back();
    }
    if (out.now.write() != before) {
        also.push_back({ref_of(made.name), version, out.now.write()});
        ++out.now.version;
    }
    if (also.empty()) return out;
    const auto done = refs_.change(also);
    if (!done && done.error().code() == errc::conflict) return taken(made.name);
    LARDER_CHECK(done);
    return out;
}

result<deployment> registry::change(const deployment& changed) {
    auto now = changed;
    const auto done = refs_.change({{ref_of(now.name), changed.version, now.write()}});
    if (!done && done.error().code() == errc::conflict) return taken(now.name);
    LARDER_CHECK(done);
    ++now.version;
    return now;
}

result<void> registry::forget(std::string_view name) {
    LARDER_TRY(const auto d, find(name));
    std::vector<store::ref_change> steps{{ref_of(name), d.version, {}}};
    LARDER_TRY(const auto refs, refs_.list(std::string{generation_prefix} + std::string{name} + "/"));
    for (const auto& [ref_name, ref] : refs) steps.push_back({ref_name, ref.version, {}});
    for (const auto& ref_name : {following_ref(name), keys_ref(name)}) {
        LARDER_TRY(const auto ref, refs_.get(ref_name));
        if (ref) steps.push_back({ref_name, ref->version, {}});
    }
    const auto done = refs_.change(steps);
    if (!done && done.error().code() == errc::conflict) return taken(name);
    return done;
}

}  // namespace larder::deployments
