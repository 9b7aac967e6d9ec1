#include "commands.hpp"
#include "pocket_commands.hpp"
#include <CLI/CLI.hpp>
#include <boost/json.hpp>

// Packages of other archives, into a pocket.

namespace larder::cli {
namespace {

namespace json = boost::json;

struct pull_line {
    std::string name, component, reason;
    std::vector<std::string> from, packages;
    bool by_source = false, with_deps = false, not_in_base = false, allow_downgrade = false, dry_run = false;
    bool past_support = false;
};

int run_pull(const common_options& common, const pull_line& given) {
    json::object o{{"pocket", given.name},
                   {"from", json::value_from(given.from)},
                   {"packages", json::value_from(given.packages)},
                   {"by", caller()}};
    for (const auto& [name, on] : {std::pair{"by_source", given.by_source},
                                   {"with_deps", given.with_deps},
                                   {"not_in_base", given.not_in_base},
                                   {"allow_downgrade", given.allow_downgrade},
                                   {"past_support", given.past_support}})
        if (on) o[name] = true;
    if (!given.component.empty()) o["component"] = given.component;
    if (!given.reason.empty()) o["reason"] = given.reason;
    return run_pocket_step(common, "pocket_pull", std::move(o), given.dry_run);
}

}  // namespace

void add_pocket_pull(CLI::App& noun, command_line& line) {
    const auto given = std::make_shared<pull_line>();
    auto* command = noun.add_subcommand("pull", "Take packages from other archives into a pocket, and publish it.");
    command->add_option("pocket", given->name, "The pocket")->required()->type_name("ARCHIVE/SUITE");
    command->add_option("packages", given->packages, "Names, or patterns in quotes: 'nova-*'")
        ->required()
        ->type_name("PACKAGE");
    command->add_option("--from", given->from, "A suite that is cached or published here; the first is preferred")
        ->required()
        ->type_name("ARCHIVE/SUITE[@WHEN]")
        ->allow_extra_args(false);
    command->add_flag("--source", given->by_source, "They name source packages: all that was built from them");
    command->add_flag("--with-deps", given->with_deps, "And what they need, where the pocket does not have it");
    command->add_flag("--not-in-base", given->not_in_base, "Nor its base");
    command->add_option("--component", given->component, "Into this component; default: the package's own")
        ->type_name("NAME");
    command->add_flag("--allow-downgrade", given->allow_downgrade, "Also a version below the one that is there");
    command->add_flag("--past-support", given->past_support, "Also after the end of the pocket's support");
    command->add_flag("--dry-run", given->dry_run, "Only tell what would change");
    command->add_option("--reason", given->reason, "Why; it stands in the history")->type_name("TEXT");
    command->callback([&line, given] { line.exit = run_pull(line.common, *given); });
}

}  // namespace larder::cli
