import unittest

from check_layers import fault_of, includes, room_of


class Layers(unittest.TestCase):
    def fault(self, path, name, quote="<"):
        room, is_test = room_of(path)
        return fault_of(room, is_test, path, quote, name)

    def test_rooms_are_known_by_their_folder(self):
        self.assertEqual(room_of("index/store/store.cpp"), ("store", False))
        self.assertEqual(room_of("index/release.cpp"), ("index", False))
        self.assertEqual(room_of("tests/core/range_test.cpp"), ("core", True))
        self.assertEqual(room_of("tests/test_main.cpp"), (None, True))

    def test_upward_and_sideways_includes_are_refused(self):
        for path, name in (
            ("base/text.cpp", "larder/index/release.hpp"),
            ("index/release.cpp", "larder/store/store.hpp"),
            ("index/store/store.cpp", "larder/index/release.hpp"),
            ("server/core/router.cpp", "larder/net/server.hpp"),
            ("server/net/server.cpp", "larder/config/load.hpp"),
            ("config/load.cpp", "larder/net/server.hpp"),
            ("tests/core/range_test.cpp", "larder/net/server.hpp"),
            ("base/text.cpp", "larder/nowhere/x.hpp"),
        ):
            self.assertTrue(self.fault(path, name), (path, name))

    def test_downward_includes_pass(self):
        for path, name in (
            ("index/release.cpp", "larder/base/text.hpp"),
            ("config/load.cpp", "larder/core/options.hpp"),
            ("server/net/server.cpp", "larder/store/store.hpp"),
            ("server/cli/serve.cpp", "larder/config/load.hpp"),
        ):
            self.assertIsNone(self.fault(path, name), (path, name))

    def test_third_parties_stay_in_their_room(self):
        self.assertTrue(self.fault("server/core/router.cpp", "boost/asio.hpp"))
        self.assertTrue(self.fault("server/cli/serve.cpp", "boost/beast/core.hpp"))
        self.assertTrue(self.fault("index/release.cpp", "lmdb.h"))
        self.assertIsNone(self.fault("server/net/server.cpp", "boost/asio.hpp"))
        self.assertIsNone(self.fault("tests/net/session_test.cpp", "boost/asio.hpp"))

    def test_public_headers_show_no_third_party(self):
        header = "index/store/include/larder/store/store.hpp"
        self.assertTrue(self.fault(header, "lmdb.h"))
        self.assertTrue(self.fault(header, "boost/json.hpp"))
        self.assertTrue(self.fault(header, "private.hpp", '"'))
        self.assertIsNone(self.fault(header, "string_view"))
        self.assertIsNone(self.fault(header, "sys/types.h"))
        self.assertIsNone(self.fault("base/include/larder/base/result.hpp", "boost/system/result.hpp"))

    def test_paths_out_of_the_room_are_refused(self):
        self.assertTrue(self.fault("index/release.cpp", "../base/secret.hpp", '"'))

    def test_includes_are_read_with_their_lines(self):
        self.assertEqual(list(includes('#pragma once\n\n # include <a/b.hpp>\n#include "c"\n')), [(3, "<", "a/b.hpp"), (4, '"', "c")])


if __name__ == "__main__":
    unittest.main()
