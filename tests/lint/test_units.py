import unittest

from check_units import allowed_calls, faults_of_service

SETS = {"@service": {"read", "write", "nice", "setpriority", "ioprio_set"}, "@resources": {"nice", "setpriority", "ioprio_set"}}
FINE = """[Unit]
StartLimitIntervalSec=0
[Service]
Restart=on-failure
SystemCallFilter=@service
SystemCallFilter=~@resources
SystemCallFilter=setpriority ioprio_set
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX AF_NETLINK
"""


def calls(name):
    return SETS.get(name, {name})


class Units(unittest.TestCase):
    def faults(self, text):
        return list(faults_of_service(text, calls))

    def test_lines_of_a_filter_count_in_their_order(self):
        self.assertEqual(allowed_calls(FINE, calls), {"read", "write", "setpriority", "ioprio_set"})
        self.assertEqual(allowed_calls("SystemCallFilter=nice\nSystemCallFilter=~@resources\n", calls), set())

    def test_a_service_that_may_do_its_work_and_never_gives_up_passes(self):
        self.assertEqual(self.faults(FINE), [])

    def test_a_call_that_is_needed_and_forbidden_is_found(self):
        self.assertEqual(len(self.faults(FINE.replace("setpriority ", ""))), 1)

    def test_a_family_of_addresses_that_is_needed_and_forbidden_is_found(self):
        found = self.faults(FINE.replace(" AF_NETLINK", ""))
        self.assertEqual(len(found), 1)
        self.assertIn("AF_NETLINK", found[0])

    def test_a_service_that_gives_up_is_found(self):
        self.assertEqual(len(self.faults(FINE + "RestartPreventExitStatus=2\n")), 1)
        self.assertEqual(len(self.faults(FINE.replace("Sec=0", "Sec=300"))), 1)


if __name__ == "__main__":
    unittest.main()
