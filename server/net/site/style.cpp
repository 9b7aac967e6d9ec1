#include <site/pages.hpp>

namespace larder::net::site {

std::string_view style_sheet() noexcept {
    return R"css(:root {
  color-scheme: light dark;
  --ground: #f6f5f2; --card: #ffffff; --ink: #1d1c1a; --soft: #5c5a55; --line: #e2dfd8;
  --accent: #1b6a50; --code: #f0eee9;
  --good: #17663f; --good-ground: #e0f2e7; --fair: #7a4d00; --fair-ground: #fbeed3;
  --bad: #a3211c; --bad-ground: #fce4e1; --idle: #55534f; --idle-ground: #eceae5;
}
@media (prefers-color-scheme: dark) {
  :root {
    --ground: #151614; --card: #1e201d; --ink: #ecebe6; --soft: #a8a69e; --line: #34362f;
    --accent: #7fd3b0; --code: #282a26;
    --good: #8ee0b1; --good-ground: #173324; --fair: #f2c879; --fair-ground: #3a2c10;
    --bad: #ffaaa2; --bad-ground: #431c19; --idle: #c3c1b9; --idle-ground: #2e302b;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 72rem; padding: 0 1.25rem 2rem; background: var(--ground); color: var(--ink);
  font: 1rem/1.55 system-ui, "Segoe UI", Cantarell, "Noto Sans", "DejaVu Sans", sans-serif; }
a { color: var(--accent); text-underline-offset: .2em; }
a:focus-visible, pre:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.skip { position: absolute; left: -99rem; }
.skip:focus { left: 1rem; top: 1rem; background: var(--card); padding: .5rem 1rem; }
.unseen { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
header { display: flex; flex-wrap: wrap; align-items: center; justify-content: space-between; gap: .25rem 2rem; padding: 1.1rem 0; }
.brand { display: inline-flex; align-items: center; gap: .55rem; font-size: 1.25rem; font-weight: 650; color: var(--ink); text-decoration: none; }
.jar { fill: var(--accent); } .lid { fill: var(--accent); opacity: .65; }
.mark { fill: none; stroke: var(--card); stroke-width: 2.6; stroke-linecap: round; stroke-linejoin: round; }
nav ul { display: flex; flex-wrap: wrap; gap: .25rem 1.25rem; list-style: none; margin: 0; padding: 0; }
section { margin: 0 0 1.75rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0; letter-spacing: -.01em; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 0 0 .7rem; }
h3 { font-size: 1rem; margin: 0 0 .5rem; overflow-wrap: anywhere; }
.verdict { background: var(--card); border: 1px solid var(--line); border-left: .4rem solid var(--idle); border-radius: .6rem; padding: 1.1rem 1.3rem; }
.verdict p { margin: .3rem 0 0; color: var(--soft); }
.verdict ul { margin: .6rem 0 0; padding: 0; list-style: none; } .verdict li { margin: .15rem 0; overflow-wrap: anywhere; }
.verdict.fresh { border-left-color: var(--good); }
.verdict.stale { border-left-color: var(--fair); }
.verdict.trouble { border-left-color: var(--bad); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .75rem; margin: 0; }
.tiles div { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .8rem 1rem; }
.tiles dt { color: var(--soft); font-size: .875rem; }
.tiles dd { margin: 0; font-size: 1.45rem; font-weight: 620; line-height: 1.3; font-variant-numeric: tabular-nums; }
.tiles small { display: block; font-size: .8125rem; font-weight: 400; color: var(--soft); }
.archive h2 { display: flex; flex-wrap: wrap; align-items: center; gap: .6rem; }
table { width: 100%; border-collapse: separate; border-spacing: 0; background: var(--card); border: 1px solid var(--line);
  border-radius: .6rem; font-size: .9375rem; margin: 0 0 .75rem; }
th:first-child { width: 12.5rem; min-width: 9rem; } th:nth-child(3) { width: 11.5rem; } th:last-child { width: 15rem; }
th:nth-child(4) { width: 8.5rem; } th:nth-child(5) { width: 8.5rem; }
.mirrors th:first-child { width: 45%; } .mirrors th:last-child { width: 11rem; }
td:last-child { font-size: .875rem; }
th, td { text-align: left; vertical-align: top; padding: .6rem .9rem; border-top: 1px solid var(--line); font-variant-numeric: tabular-nums; }
thead th { border-top: 0; color: var(--soft); font-weight: 500; font-size: .8125rem; padding-bottom: .4rem; white-space: nowrap; }
tbody th { font-weight: 620; overflow-wrap: anywhere; }
.mirrors tbody th { font-weight: 400; }
table.list th, table.list td { width: auto; min-width: 7rem; overflow-wrap: anywhere; }
.list td:last-child { font-size: inherit; } .list td code { white-space: normal; }
.plain { margin: 0; padding: 0; list-style: none; }
.row { display: flex; flex-wrap: wrap; gap: .25rem 1rem; list-style: none; margin: 0; padding: 0; }
.more { color: var(--soft); font-size: .875rem; }
.tiles + .more { margin-top: .75rem; }
.tabs { margin: 0 0 1rem; } [aria-current] { font-weight: 650; text-decoration: none; color: var(--ink); }
time, td code { white-space: nowrap; }
td small { color: var(--soft); }
.badge { display: inline-block; border-radius: 1rem; padding: .05rem .65rem; font-size: .8125rem; font-weight: 600; white-space: nowrap;
  color: var(--idle); background: var(--idle-ground); }
.badge.fresh { color: var(--good); background: var(--good-ground); }
.badge.stale { color: var(--fair); background: var(--fair-ground); }
.badge.trouble { color: var(--bad); background: var(--bad-ground); }
.why { margin: .35rem 0 0; max-width: 34rem; color: var(--soft); font-size: .875rem; overflow-wrap: anywhere; }
code, pre { font-family: ui-monospace, "Cascadia Mono", "DejaVu Sans Mono", Menlo, Consolas, monospace; font-size: .875em; }
pre { background: var(--code); border: 1px solid var(--line); border-radius: .6rem; padding: .9rem 1.1rem; margin: 0 0 1rem;
  white-space: pre-wrap; overflow-wrap: anywhere; }
.facts { margin: 0; background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .3rem 1rem; }
.facts div { display: grid; grid-template-columns: 12rem 1fr; gap: .25rem 1rem; padding: .45rem 0; }
.facts dt { color: var(--soft); } .facts dd { margin: 0; min-width: 0; overflow-wrap: anywhere; }
.facts ul { margin: 0; padding: 0; list-style: none; } .facts li + li { margin-top: .4rem; }
h1 + .facts, p + .facts { margin-top: .75rem; } .facts .why { margin: 0; }
.detail + .detail { margin-top: 1.25rem; }
.chain { display: flex; flex-wrap: wrap; gap: .75rem .75rem; list-style: none; margin: 0 0 1.25rem; padding: 0; }
.chain li { display: flex; align-items: center; gap: .75rem; min-width: 0; }
.box { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .7rem 1rem; min-width: 0; }
.box h3 { margin: 0 0 .25rem; } .box p { margin: 0; color: var(--soft); font-size: .875rem; }
.step { margin: 0; text-align: center; font-size: .875rem; max-width: 9rem; overflow-wrap: anywhere; }
.arrow { display: block; font-size: 1.5rem; line-height: 1; color: var(--soft); }
.differs { color: var(--fair); background: var(--fair-ground); border-radius: .35rem; padding: .05rem .4rem; font-weight: 600; }
.danger { color: var(--bad); font-weight: 600; overflow-wrap: anywhere; }
.gate li { margin: .3rem 0; overflow-wrap: anywhere; } h3 + .gate { margin-bottom: 1rem; }
.act { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; padding: .4rem 1.1rem; max-width: 44rem; }
.act p { margin: .6rem 0; } .act label { display: block; margin: 0 0 .25rem; }
input { width: 100%; font: inherit; color: var(--ink); background: var(--ground); border: 1px solid var(--soft); border-radius: .4rem; padding: .45rem .6rem; }
button { font: inherit; font-weight: 620; color: var(--card); background: var(--accent); border: 0; border-radius: .4rem; padding: .5rem 1.1rem; cursor: pointer; margin-right: .75rem; }
input:focus-visible, button:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
summary { cursor: pointer; color: var(--soft); }
summary:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; border-radius: 4px; }
.done { color: var(--good); background: var(--good-ground); border-radius: .6rem; padding: .6rem 1rem; font-weight: 600; }
footer { color: var(--soft); font-size: .875rem; border-top: 1px solid var(--line); }
@media (max-width: 60rem) {
  td:last-child { font-size: inherit; }
  .chain { flex-direction: column; } .chain li { flex-direction: column; align-items: stretch; }
  .step { max-width: none; } .arrow { transform: rotate(90deg); }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); }
  table, tbody, tr, th, td { display: block; }
  th:first-child, .mirrors th:first-child { width: auto; min-width: 0; }
  table.list th, table.list td { min-width: 0; }
  tr { padding: .55rem 0; border-top: 1px solid var(--line); }
  tbody tr:first-child { border-top: 0; }
  tbody th, td { border: 0; padding: .15rem .9rem; }
  td { display: grid; grid-template-columns: 9rem 1fr; gap: .5rem; }
  td > * { min-width: 0; justify-self: start; }
  td::before { content: attr(data-label); color: var(--soft); }
}
@media (max-width: 46rem) {
  body { padding: 0 .9rem 1.5rem; }
  .tiles { grid-template-columns: repeat(auto-fit, minmax(8.5rem, 1fr)); }
  td { grid-template-columns: 8.2rem 1fr; }
  .facts div { grid-template-columns: 1fr; gap: 0; }
}
@media print { body { max-width: none; background: none; } nav, .skip { display: none; } }
)css";
}

std::string_view icon() noexcept {
    return R"svg(<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect x="6" y="9" width="20" height="20" rx="4" fill="#1b6a50"/><rect x="8" y="3" width="16" height="5" rx="1.5" fill="#5f9a86"/><path d="M11 19l4 4 7-8" fill="none" stroke="#fff" stroke-width="2.6" stroke-linecap="round" stroke-linejoin="round"/></svg>
)svg";
}

}  // namespace larder::net::site
