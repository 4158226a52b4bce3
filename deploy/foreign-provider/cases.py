"""What all tests of back-ends and providers that others made begin with."""

import logging
import pathlib
import sys
import tempfile
import unittest

HERE = pathlib.Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), str(HERE.parent / "python"), str(HERE.parent / "clients" / "python")]


class QuietCase(unittest.TestCase):
    """A directory, and servers that keep their words to themselves."""

    @classmethod
    def setUpClass(cls):
        for name in ["werkzeug", "django.request"]:
            logging.getLogger(name).setLevel(logging.CRITICAL)
        cls.directory = pathlib.Path(cls.enterClassContext(tempfile.TemporaryDirectory()))

    @classmethod
    def write(cls, name, text):
        """A file that nobody else can read."""
        file = cls.directory / name
        file.touch(mode=0o600)
        file.write_text(text)
