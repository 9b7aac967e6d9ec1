"""The 33 shapes that were tried on g++ 12, as far as text can tell them apart."""

import unittest

from check_coroutines import findings_in

BAD = {
    "designated initialiser": "task<int> g() { co_await f({.url = u}); }",
    "braces alone": "task<int> g() { auto x = co_await f({u, v}); }",
    "a type and braces": "task<int> g() { co_return co_await f(options{u}); }",
    "a qualified template's braces": "task<int> g() { co_await f(std::vector<std::string>{u}); }",
    "a lambda that copies": "task<int> g() { co_await f([s] { return s; }); }",
    "a lambda that copies all": "task<int> g() { co_await f([=]() mutable { return s; }); }",
    "a lambda that moves": "task<int> g() { co_await f([s = std::move(s)] { return s; }); }",
    "a reference and a copy": "task<int> g() { co_await f([&a, s] { return s; }); }",
    "nested in a call": "task<int> g() { co_await f(std::make_shared<agg>(agg{u})); }",
    "co_spawn": "task<int> g() { co_spawn(co_await this_coro::executor, job(agg{u}), detached); }",
    "in an if": "task<int> g() { if (co_await f(options{u})) { h(); } }",
    "in an if with a variable": "task<int> g() { if (auto r = co_await f(options{u}); !r) return; }",
    "in a loop's condition": "task<int> g() { while (co_await f({u})) {} }",
    "in a for's step": "task<int> g() { for (;; co_await f({u})) {} }",
    "inside a macro": "task<int> g() { LARDER_CO_TRY(auto x, co_await f(options{u})); }",
    "the awaited value's own braces": "task<int> g() { auto x = point{co_await f(), 2}; }",
    "over several lines": "task<int> g() {\n  co_await f(\n    a,\n    options{.u = u});\n}",
    "in a lambda coroutine": "void g() { auto l = []() -> task<int> { co_await f(options{u}); }; }",
    "in a trailing-return function": "auto g() -> task<int> { co_await f(options{u}); }",
    "beside a string with braces": 'task<int> g() { co_await f("{", options{u}); }',
    "after a digit separator": "task<int> g() { co_await f(1'000, options{u}); }",
    "in the branch of a conditional": "task<int> g() { co_await (a ? f(options{u}) : f(b)); }",
}

GOOD = {
    "named, then moved": "task<int> g() { options o{.u = u}; co_await f(std::move(o)); }",
    "a named lambda": "task<int> g() { auto l = [s] { return s; }; co_await f(std::move(l)); }",
    "references only": "task<int> g() { co_await f([&] { return s; }); }",
    "this only": "task<int> g() { co_await f([this] { return s_; }); }",
    "this and a reference": "task<int> g() { co_await f([this, &a] { return a; }); }",
    "captures nothing": "task<int> g() { co_await f([](int x) { return x; }); }",
    "a body with braces": "task<int> g() { co_await f([&] { agg a{u}; return h(agg{u}); }); }",
    "a temporary with parentheses": "task<int> g() { co_await f(std::string(u)); }",
    "a constructed variable": "task<int> g() { reply r{co_await f()}; }",
    "a templated variable": "task<int> g() { std::optional<reply> r{co_await f()}; }",
    "an aggregate alone": "task<int> g() { co_return agg{u}; }",
    "the next statement": "task<int> g() { co_await f(); h(agg{u}); }",
    "the statement before": "task<int> g() { h(agg{u}); co_await f(); }",
    "the block of an if": "task<int> g() { if (co_await f()) { h(agg{u}); } else { h(agg{v}); } }",
    "an array's index": "task<int> g() { co_await f(a[i], b[j]); }",
    "an attribute": "task<int> g() { [[maybe_unused]] auto x = co_await f(); }",
    "in a comment": "task<int> g() { co_await f(); /* options{u} */ // {u}\n }",
    "in a string": 'task<int> g() { co_await f("options{u}"); co_await f(R"x(a{b}")x"); }',
    "a macro's definition": "#define TRY(x) \\\n  f(options{x}); co_await y\ntask<int> g() { co_await f(); }",
    "a class around it": "struct s { int a{1}; task<int> g() { co_await f(); } int b{2}; };",
    "no coroutine at all": "int g() { return f(options{u}, [s] { return s; }); }",
    "a constructor's list": "s::s() : a_{1}, b_{2} { run(); }\ntask<int> g() { co_await f(); }",
    "a for with its own braces": "task<int> g() { for (item i{1}; i; ++i) { co_await f(i); } }",
    "a try block": "task<int> g() { try { co_await f(); } catch (const e& x) { h(agg{x}); } }",
}


class Coroutines(unittest.TestCase):
    def test_what_crashes_is_found(self):
        for name, text in BAD.items():
            with self.subTest(name):
                self.assertEqual(len(findings_in(text)), 1, text)

    def test_what_is_fine_passes(self):
        for name, text in GOOD.items():
            with self.subTest(name):
                self.assertEqual(findings_in(text), [], text)

    def test_the_line_is_that_of_the_temporary(self):
        self.assertEqual(findings_in(BAD["over several lines"])[0][0], 4)

    def test_unbalanced_text_ends(self):
        for text in ("co_await {", "co_await }", "co_await ([{", "co_await [a", "co_await [](", "} } co_await f({u});"):
            findings_in(text)


if __name__ == "__main__":
    unittest.main()
