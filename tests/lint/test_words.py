import unittest

from check_words import findings_in, hosts_in, machine_paths


class Words(unittest.TestCase):
    def found(self, text, path="docs/x.md"):
        return [str(f) for f in findings_in(path, text, {"mirror.registry.test"}, ["/workshop/"])]

    def test_a_registry_host_is_found_in_any_case(self):
        self.assertEqual(len(self.found("deb http://Mirror.Registry.test/debian stable main")), 1)

    def test_another_host_is_none(self):
        for text in ("a.mirror.registry.test", "mirror.registry.test.example", "archive.example", "xmirror.registry.test"):
            self.assertEqual(self.found(text), [], text)

    def test_a_path_of_this_machine_is_found(self):
        self.assertEqual(len(self.found("see /workshop/x")), 1)
        self.assertEqual(self.found("an/workshop/x and $HOME/workshop/x"), [])

    def test_unfinished_work_is_found(self):
        for text in ("// TO" "DO: x", "FIX" "ME", "not implement" "ed", "not yet implement" "ed", "raise NotImplement" "edError", "<<<<<<< HEAD"):
            self.assertEqual(len(self.found(text)), 1, text)

    def test_ordinary_words_pass(self):
        for text in ("a todo list", "implemented", "TODOS", "a hack", '501: return "Not Implement' 'ed"'):
            self.assertEqual(self.found(text), [], text)

    def test_a_switched_off_test_is_found(self):
        self.assertEqual(len(self.found('TEST_CASE("x", "[.]")', "tests/base/x_test.cpp")), 1)
        self.assertEqual(self.found("[.] in prose"), [])

    def test_hosts_come_out_of_urls(self):
        text = "global.index-url='https://user:pw@pypi.registry.test/simple'\nhttp://localhost:3 http://10.0.0.1/"
        self.assertEqual(hosts_in(text), {"pypi.registry.test"})

    def test_a_checkout_in_an_ordinary_place_forbids_only_itself(self):
        self.assertEqual(machine_paths("/home/someone/larder"), ["/home/someone/larder"])
        self.assertEqual(machine_paths("/workshop/larder"), ["/workshop/"])


if __name__ == "__main__":
    unittest.main()
