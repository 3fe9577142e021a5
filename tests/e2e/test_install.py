"""`make install`, as somebody who builds a package calls it."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
FAIRLEAD = pathlib.Path(os.environ["FAIRLEAD"])
PRINTED = {
    "share/man/man8/fairlead.8": ["man"],
    "share/bash-completion/completions/fairlead": ["completion", "bash"],
    "share/zsh/site-functions/_fairlead": ["completion", "zsh"],
    "share/fish/vendor_completions.d/fairlead.fish": ["completion", "fish"],
}


class InstallTest(unittest.TestCase):
    def setUp(self):
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="fairlead install "))
        self.addCleanup(shutil.rmtree, self.folder)

    def install(self, program_folder, *variables):
        """What is in the Makefile under `install`; the program is there already."""
        return subprocess.run(
            ["make", "--no-print-directory", "-o", "build", "install", f"RELEASE={program_folder}", *variables],
            cwd=ROOT, capture_output=True, text=True)

    def files(self, under):
        return {str(path.relative_to(under)) for path in under.rglob("*") if path.is_file()}

    def test_a_package_gets_the_program_and_all_that_it_prints(self):
        for variables, place in (
                ([f"DESTDIR={self.folder}/package", "PREFIX=/usr"], self.folder / "package/usr"),
                ([f"PREFIX={self.folder}/own"], self.folder / "own")):
            with self.subTest(variables):
                result = self.install(FAIRLEAD.parent, *variables)
                self.assertEqual(result.returncode, 0, result.stderr)
                self.assertEqual(self.files(place), {"bin/fairlead", *PRINTED})
                self.assertTrue(os.access(place / "bin/fairlead", os.X_OK))
                for name, command in PRINTED.items():
                    printed = subprocess.run([FAIRLEAD, *command], check=True, capture_output=True).stdout
                    self.assertEqual((place / name).read_bytes(), printed, name)

    def test_a_program_that_fails_installs_no_empty_file(self):
        for name, command in PRINTED.items():
            with self.subTest(name):
                program = self.folder / "broken" / "fairlead"
                program.parent.mkdir(exist_ok=True)
                program.write_text(f'#!/bin/sh\n[ "$*" != "{" ".join(command)}" ] || {{ echo cannot >&2; exit 3; }}\n'
                                   f'exec {FAIRLEAD} "$@"\n')
                program.chmod(0o755)
                result = self.install(program.parent, f"DESTDIR={self.folder}/{command[-1]}", "PREFIX=/usr")
                self.assertNotEqual(result.returncode, 0)
                self.assertIn("cannot", result.stderr)
                self.assertNotIn(name, self.files(self.folder / command[-1] / "usr"))


if __name__ == "__main__":
    unittest.main(verbosity=2)
