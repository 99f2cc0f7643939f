"""What each thread of the program takes from its start: the C library zeroes all variables of the storage class thread_local.

    thread_memory_test.py TOCSIN

A `run` has some fifty threads, most of them librdkafka's, which has 15 KiB of such variables itself.
"""

import re
import shutil
import subprocess
import sys
import unittest

MOST_BYTES = 32 << 10


class ThreadMemoryTest(unittest.TestCase):
    def test_variables_of_threads_are_small(self):
        headers = subprocess.run(["readelf", "--program-headers", "--wide", BINARY], capture_output=True, text=True, check=True).stdout
        # Type, offset, two addresses, size in the file, size in memory.
        segment = re.search(r"^\s*TLS(?:\s+0x[0-9a-f]+){4}\s+(0x[0-9a-f]+)", headers, re.MULTILINE)
        self.assertIn("LOAD", headers)
        self.assertLessEqual(int(segment.group(1), 16) if segment else 0, MOST_BYTES)


if __name__ == "__main__":
    if shutil.which("readelf") is None:
        print("skipped: no readelf")
        sys.exit(77)
    BINARY = sys.argv.pop()
    unittest.main()
