#include <boost/json.hpp>
#include <larder/base/text.hpp>
#include <larder/net/run_job.hpp>
#include <site/job_kinds.hpp>

namespace larder::net::site {
namespace {

namespace json = boost::json;

bool is_a(option_type type, const json::value& value) {
    switch (type) {
        case option_type::boolean: return value.is_bool();
        case option_type::number: return value.is_uint64() || (value.is_int64() && value.get_int64() >= 0);
        case option_type::text: return value.is_string();
        case option_type::texts: {
            if (!value.is_array()) return false;
            for (const auto& one : value.get_array())
                if (!one.is_string()) return false;
            return true;
        }
    }
    return false;
}

/// is_a() has seen that it is a number, and not negative.
std::uint64_t number_in(const json::value& value) {
    return value.is_uint64() ? value.get_uint64() : static_cast<std::uint64_t>(value.get_int64());
}

std::string_view name_of(option_type type) {
    switch (type) {
        case option_type::boolean: return "true or false";
        case option_type::number: return "a whole number, 0 or more";
        case option_type::text: return "a string";
        case option_type::texts: return "an array of strings";
    }
    return "";
}

std::string names_of(const job_kind& kind) {
    std::string all;
    for (const auto& o : kind.options) all += (all.empty() ? "" : ", ") + std::string{o.name};
    return all.empty() ? "none" : all;
}

}  // namespace

result<void> check_options(const job_kind& kind, const json::object& given) {
    for (const auto& [name, value] : given) {
        const job_option* known = nullptr;
        for (const auto& o : kind.options)
            if (o.name == std::string_view{name}) known = &o;
        if (known == nullptr)
            return error{errc::malformed, std::string{kind.name} + " has no option '" + printable(name, 60) +
                                              "'; there is: " + names_of(kind)};
        if (!is_a(known->type, value))
            return error{errc::malformed,
                         "option '" + std::string{name} + "' must be " + std::string{name_of(known->type)}};
        if (known->type == option_type::number && number_in(value) > known->most)
            return error{errc::malformed,
                         "option '" + std::string{name} + "' must be at most " + std::to_string(known->most)};
    }
    for (const auto& o : kind.options)
        if (o.need == presence::required && !given.contains(o.name))
            return error{errc::malformed, std::string{kind.name} + " needs the option '" + std::string{o.name} + "'"};
    return {};
}

std::vector<job_kind> all_kinds() {
    auto all = maintenance_kinds();
    for (auto& kind : deployment_kinds()) all.push_back(std::move(kind));
    for (auto& kind : pocket_kinds()) all.push_back(std::move(kind));
    for (auto& kind : key_kinds()) all.push_back(std::move(kind));
    for (auto& kind : pocket_intake_kinds()) all.push_back(std::move(kind));
    for (auto& kind : pocket_export_kinds()) all.push_back(std::move(kind));
    for (auto& kind : why_kinds()) all.push_back(std::move(kind));
    return all;
}

}  // namespace larder::net::site

namespace larder::net {

result<std::string> run_job(engine& e, std::string_view kind, std::string_view options, const progress_sink& tell,
                            std::stop_token stop) {
    const auto given = boost::json::parse(options).as_object();
    for (const auto& one : site::all_kinds()) {
        if (one.name != kind) continue;
        LARDER_CHECK(site::check_options(one, given));
        return one.run(e, given, tell, std::move(stop));
    }
    return error{errc::unsupported, "there is no job of the kind " + std::string{kind}};
}

}  // namespace larder::net
